import { RegexError, translateRegex } from './perl-regex.js';
import { type Box, Died, Pattern, type Scalar, str } from './perl-values.js';

/** The last successful match, where `$1` and `%+` look; saved and restored around subs and loop bodies. */
export const last: { match: RegExpExecArray | undefined } = { match: undefined };

/** Where the last `/g` match in a string ended, kept for each variable that one was made on. */
export interface Progress {
  text: string | undefined;
  at: number;
}

const cache = new Map<string, RegExp>();
const CACHE_SIZE = 500;

/** A pattern worked out as the code runs; `flags` are Perl's. */
export function re(parts: readonly Scalar[], flags: string): RegExp {
  const [only] = parts;
  if (parts.length === 1 && only instanceof Pattern && flags.replace('g', '') === '') {
    return flags === '' ? only.regex : withFlag(only.regex, 'g');
  }
  const source = parts.map((part) => str(part, 'regexp compilation')).join('');
  return compile(source, flags);
}

/** `qr/…/`. */
export function qr(parts: readonly Scalar[], flags: string): Pattern {
  const [only] = parts;
  if (parts.length === 1 && only instanceof Pattern && flags === '') return only;
  const source = parts.map((part) => str(part, 'regexp compilation')).join('');
  return new Pattern(source, flags.replace(/[^imsx]/g, ''), compile(source, flags));
}

function compile(source: string, flags: string): RegExp {
  const cached = cache.get(`${flags}/${source}`);
  if (cached !== undefined) return cached;
  try {
    const translated = translateRegex(source, flags);
    const regex = new RegExp(translated.source, translated.flags + (flags.includes('g') ? 'g' : ''));
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(`${flags}/${source}`, regex);
    return regex;
  } catch (error) {
    if (error instanceof RegexError || error instanceof SyntaxError) throw new Died(`bad pattern: ${error.message}`);
    throw error;
  }
}

function withFlag(regex: RegExp, flag: string): RegExp {
  return regex.flags.includes(flag) ? regex : compileNative(regex.source, regex.flags + flag);
}

function compileNative(source: string, flags: string): RegExp {
  const name = `native ${flags}/${source}`;
  let regex = cache.get(name);
  if (regex === undefined) {
    regex = new RegExp(source, flags);
    cache.set(name, regex);
  }
  return regex;
}

const subject = (value: Scalar): string => str(value, 'pattern match (m//)');

export function match(value: Scalar, regex: RegExp): boolean {
  regex.lastIndex = 0;
  const found = regex.exec(subject(value));
  if (found !== null) last.match = found;
  return found !== null;
}

/** `/g` in scalar context: goes on where the last one ended. */
export function matchNext(value: Scalar, regex: RegExp, progress: Progress, keep: boolean): boolean {
  const text = subject(value);
  if (progress.text !== text) Object.assign(progress, { text, at: 0 });
  regex.lastIndex = progress.at;
  const found = progress.at > text.length ? null : regex.exec(text);
  if (found === null) {
    if (!keep) progress.text = undefined;
    return false;
  }
  last.match = found;
  // an empty match moves on by a character, so that the next one is another
  progress.at = found[0] === '' ? found.index + 1 : found.index + found[0].length;
  return true;
}

/** A match in list context: the captures, or 1 when there are none. */
export function matchList(value: Scalar, regex: RegExp): Scalar[] {
  if (!match(value, regex)) return [];
  const found = last.match as RegExpExecArray;
  return found.length > 1 ? found.slice(1) : [1];
}

/** `/g` in list context: all captures of all matches, or the matches. */
export function matchAll(value: Scalar, regex: RegExp): Scalar[] {
  const all: Scalar[] = [];
  for (const found of subject(value).matchAll(regex)) {
    last.match = found as RegExpExecArray;
    if (found.length > 1) all.push(...found.slice(1));
    else all.push(found[0]);
  }
  return all;
}

/** `$1`; `$&` is 0. */
export function cap(group: number): Scalar {
  return last.match?.[group];
}

/** `$+{name}`. */
export function named(name: string): Scalar {
  return last.match?.groups?.[name];
}

/** `%+`. */
export function allNamed(): Record<string, Scalar> {
  const groups = Object.entries(last.match?.groups ?? {}).filter(([, value]) => value !== undefined);
  return Object.assign(Object.create(null), Object.fromEntries(groups));
}

/** `s///` with `r`: the new text. */
export function substituted(value: Scalar, regex: RegExp, replacement: () => Scalar, all: boolean): string {
  return replaced(str(value, 'substitution (s///)'), regex, replacement, all)[0];
}

/** `s///`: how many were replaced. */
export function substitute(box: Box, regex: RegExp, replacement: () => Scalar, all: boolean): Scalar {
  const [text, count] = replaced(str(box.v, 'substitution (s///)'), regex, replacement, all);
  if (count === 0) return '';
  box.v = text;
  return count;
}

function replaced(text: string, regex: RegExp, replacement: () => Scalar, all: boolean): [string, number] {
  let result = '';
  let count = 0;
  let from = 0;
  const matches = all ? text.matchAll(withFlag(regex, 'g')) : [regex.exec(text)];
  regex.lastIndex = 0;
  for (const found of matches) {
    if (found === null) break;
    last.match = found as RegExpExecArray;
    result += text.slice(from, found.index) + str(replacement(), 'substitution iterator');
    from = found.index + found[0].length;
    count += 1;
  }
  return [result + text.slice(from), count];
}

/** `tr///`: `from` and `to` are lists of characters, ranges already spelt out; flags `c d s r`. */
export function transliterate(box: Box, from: string, to: string, flags: string): Scalar {
  const text = str(box.v, 'transliteration (tr///)');
  const complement = flags.includes('c');
  const sources = [...from];
  const targets = to === '' && !flags.includes('d') ? sources : [...to];
  const map = new Map<string, string>();
  for (const [at, char] of sources.entries()) {
    if (map.has(char)) continue;
    map.set(char, targets[at] ?? (flags.includes('d') ? '' : (targets.at(-1) ?? char)));
  }
  let result = '';
  let count = 0;
  let previous: string | undefined;
  for (const char of text) {
    const known = map.get(char);
    const hit = complement ? known === undefined : known !== undefined;
    if (!hit) {
      result += char;
      previous = undefined;
      continue;
    }
    count += 1;
    const other = complement
      ? flags.includes('d') && to === ''
        ? ''
        : to === ''
          ? char
          : (targets.at(-1) as string)
      : (known as string);
    if (flags.includes('s') && other === previous) continue;
    result += other;
    previous = other === '' ? previous : other;
  }
  if (flags.includes('r')) return result;
  if (result !== text) box.v = result;
  return count;
}

/** `split`; a pattern of one blank (`' '`) is undefined: split at white space, leading fields dropped. */
export function split(regex: RegExp | undefined, value: Scalar, limit: number): Scalar[] {
  let text = str(value, 'split');
  if (regex === undefined) text = text.replace(/^\s+/, '');
  const fields: Scalar[] = [];
  if (text === '') return fields;
  let from = 0;
  for (const found of text.matchAll(withFlag(regex ?? /\s+/u, 'g'))) {
    if (limit > 0 && fields.length >= limit - 1) break;
    const end = found.index + found[0].length;
    // an empty match neither at the start nor at the end; a real one at the start gives an empty first field
    if (found[0] === '' && (found.index === 0 || found.index >= text.length)) continue;
    if (end === 0) continue;
    fields.push(text.slice(from, found.index), ...found.slice(1));
    from = end;
  }
  fields.push(text.slice(from));
  if (limit === 0) while (fields.length > 0 && (fields.at(-1) === '' || fields.at(-1) === undefined)) fields.pop();
  return fields;
}

/** The pattern that `split` is given as a value: `' '` is special. */
export function splitBy(value: Scalar): RegExp | undefined {
  return value === ' ' ? undefined : re([value], '');
}
