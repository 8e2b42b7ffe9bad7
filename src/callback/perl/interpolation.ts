import { Lexer } from './lexer.js';
import { syntaxError, unsupported } from './perl-error.js';
import type { Expr } from './tree.js';

/** Parses an expression found inside a string; offsets in `text` plus `at` are offsets in the code. */
export type ParseInside = (text: string, at: number) => Expr;

const SIMPLE_ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\x07', e: '\x1b', f: '\f', b: '\b' };
const CASE_FUNCTIONS: Record<string, string> = { U: 'uc', L: 'lc', Q: 'quotemeta', u: 'ucfirst', l: 'lcfirst' };

/** The parts of a double-quoted string: literal text and the expressions in it. */
export function interpolate(body: string, at: number, parse: ParseInside): Expr {
  return new Interpolation(body, at, parse).string();
}

/** The parts of a pattern: its text as written, save for `\Q…\E` worked out, and the expressions in it. */
export function interpolatePattern(body: string, at: number, parse: ParseInside): (string | Expr)[] {
  return new Interpolation(body, at, parse).pattern();
}

class Interpolation {
  readonly #text: string;
  readonly #base: number;
  readonly #parse: ParseInside;
  #at = 0;

  constructor(text: string, base: number, parse: ParseInside) {
    this.#text = text;
    this.#base = base;
    this.#parse = parse;
  }

  string(): Expr {
    const parts = this.#parts(false);
    const [only] = parts;
    if (only === undefined) return { type: 'string', at: this.#base, value: '' };
    if (parts.length === 1 && only.type === 'string') return only;
    return { type: 'interpolated', at: this.#base, parts };
  }

  pattern(): (string | Expr)[] {
    const parts: (string | Expr)[] = [];
    let text = '';
    let quoting = false;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] as string;
      const next = this.#text[this.#at + 1] ?? '';
      if (char === '\\' && (next === 'Q' || next === 'E')) {
        quoting = next === 'Q';
        this.#at += 2;
        continue;
      }
      if (char === '\\' && !quoting) {
        if ('ULul'.includes(next))
          throw unsupported(this.#here, `\\${next} in a pattern`, 'use uc or lc on a variable first');
        text += char + next;
        this.#at += 2;
        continue;
      }
      const found = this.#expression(true);
      if (found === undefined) {
        text += quoting ? quoteMeta(char) : char;
        this.#at += 1;
        continue;
      }
      if (text !== '') parts.push(text);
      text = '';
      parts.push(quoting ? { type: 'builtin', at: found.at, name: 'quotemeta', args: [found] } : found);
    }
    if (text !== '') parts.push(text);
    return parts;
  }

  get #here(): number {
    return this.#base + this.#at;
  }

  /** Parts up to the end, or to `\E` inside a `\U`, `\L` or `\Q`. */
  #parts(inCase: boolean): Expr[] {
    const parts: Expr[] = [];
    let text = '';
    let textAt = this.#here;
    let first: string | undefined;
    const add = (part: Expr): void => {
      if (text !== '') parts.push({ type: 'string', at: textAt, value: text });
      text = '';
      parts.push(first === undefined ? part : { type: 'builtin', at: part.at, name: first, args: [part] });
      first = undefined;
    };
    while (this.#at < this.#text.length) {
      const at = this.#here;
      const found = this.#expression(false);
      if (found !== undefined) {
        add(found);
        continue;
      }
      const char = this.#text[this.#at] as string;
      this.#at += 1;
      if (text === '') textAt = at;
      if (char !== '\\') {
        if (first !== undefined) add({ type: 'string', at, value: char });
        else text += char;
        continue;
      }
      const code = this.#text[this.#at] ?? '';
      const name = CASE_FUNCTIONS[code];
      if (code === 'E') {
        this.#at += 1;
        if (inCase) break;
      } else if (name === undefined) {
        const value = this.#escape();
        if (first !== undefined) add({ type: 'string', at, value });
        else text += value;
      } else {
        this.#at += 1;
        // \L\u means \u\L
        const swapped = code === 'U' || code === 'L' ? this.#match(/\\[ul]/y, this.#at) : undefined;
        if (swapped !== undefined) {
          if (text !== '') parts.push({ type: 'string', at: textAt, value: text });
          text = '';
          first = CASE_FUNCTIONS[swapped[1] as string];
          this.#at += 2;
        }
        if (code === 'u' || code === 'l') {
          if (text !== '') parts.push({ type: 'string', at: textAt, value: text });
          text = '';
          first = name;
        } else add({ type: 'builtin', at, name, args: [{ type: 'interpolated', at, parts: this.#parts(true) }] });
      }
    }
    if (text !== '') parts.push({ type: 'string', at: textAt, value: text });
    return parts;
  }

  /** What a backslash and the characters after it stand for. */
  #escape(): string {
    const rest = this.#text.slice(this.#at);
    const hex = /^x(?:\{\s*([\da-fA-F_]*)\s*\}|([\da-fA-F]{0,2}))/.exec(rest);
    const named = /^N\{U\+([\da-fA-F]+)\}/.exec(rest);
    const octal = /^(?:o\{([0-7]+)\}|([0-7]{1,3}))/.exec(rest);
    const control = /^c(.)/s.exec(rest);
    const numeric = hex ?? named ?? octal ?? control;
    if (numeric === null) {
      this.#at += 1;
      const char = rest[0] ?? '\\';
      return SIMPLE_ESCAPES[char] ?? char;
    }
    this.#at += numeric[0].length;
    if (control === numeric) return String.fromCharCode((control[1] as string).toUpperCase().charCodeAt(0) ^ 64);
    const digits = (numeric[1] ?? numeric[2] ?? '').replaceAll('_', '');
    const point = digits === '' ? 0 : Number.parseInt(digits, numeric === octal ? 8 : 16);
    if (point > 0x10ffff) throw syntaxError(this.#here, 'no such character');
    return String.fromCodePoint(point);
  }

  /** The expression that starts here, taken; undefined when the character stands for itself. */
  #expression(inPattern: boolean): Expr | undefined {
    const sigil = this.#text[this.#at];
    if (sigil !== '$' && sigil !== '@') return undefined;
    const end = this.#extent(sigil, inPattern);
    if (end === undefined) return undefined;
    const at = this.#here;
    const expr = this.#parse(this.#text.slice(this.#at, end), at);
    this.#at = end;
    if (sigil === '$') return expr;
    return { type: 'builtin', at, name: 'join', args: [{ type: 'string', at, value: ' ' }, expr] };
  }

  #extent(sigil: string, inPattern: boolean): number | undefined {
    const start = this.#at + 1;
    const next = this.#text[start] ?? '';
    let end: number;
    const lastIndex = sigil === '$' && !inPattern ? this.#match(/#(?:\$*[A-Za-z_]\w*|(?=\{))/y, start) : undefined;
    if (lastIndex !== undefined) return lastIndex === '#' ? this.#closing(start + 1) + 1 : start + lastIndex.length;
    // "${name}[0]" is the variable and then text
    const braced = this.#match(/\{\s*\w+\s*\}/y, start);
    if (braced !== undefined) return start + braced.length;
    if (next === '{') end = this.#closing(start) + 1;
    else {
      const name = this.#match(/\$*(?:::)?[A-Za-z_]\w*(?:::\w+)*/y, start) ?? this.#special(sigil, start, inPattern);
      if (name === undefined) return undefined;
      end = start + name.length;
    }
    for (;;) {
      const subscript = this.#subscriptEnd(end, sigil, inPattern);
      if (subscript === undefined) return end;
      end = subscript;
      if (sigil === '@') return end;
    }
  }

  #special(sigil: string, at: number, inPattern: boolean): string | undefined {
    if (sigil === '@') return this.#match(/_\b/y, at);
    return this.#match(inPattern ? /\d+|_\b|&|\+(?=\{)/y : /\d+|[&@0!,;.]|_\b|\+(?=\{)|\$(?!\w)/y, at);
  }

  /** Where the subscript ends that starts at `at`, if one does: `[…]`, `{…}`, either after `->`. */
  #subscriptEnd(at: number, sigil: string, inPattern: boolean): number | undefined {
    const arrow = this.#text.startsWith('->', at);
    if (arrow && sigil === '@') return undefined;
    const open = arrow ? at + 2 : at;
    const char = this.#text[open];
    if (char !== '[' && char !== '{') return undefined;
    const close = this.#closing(open);
    const inside = this.#text.slice(open + 1, close);
    if (char === '[' && !/^\s*(?:-?\d+|-?\$#?\{?\w+\}?(?:\s*[-+]\s*\d+)?|\$\w+(?:->)?[[{].*)\s*$/.test(inside)) {
      if (inPattern || !arrow) return sigil === '@' && !inPattern ? close + 1 : undefined;
    }
    // a quantifier
    if (char === '{' && inPattern && !arrow && /^\d*,?\d*$/.test(inside)) return undefined;
    return close + 1;
  }

  #closing(open: number): number {
    const lexer = new Lexer(this.#text);
    return lexer.closing(open);
  }

  #match(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.#text)?.[0];
  }
}

function quoteMeta(text: string): string {
  return text.replace(/[^\w\x80-\u{10ffff}]/gu, '\\$&');
}
