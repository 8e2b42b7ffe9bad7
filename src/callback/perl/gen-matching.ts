import { GenFunctions } from './gen-functions.js';
import { syntaxError } from './perl-error.js';
import type { Expr } from './tree.js';

type Of<T extends Expr['type']> = Extract<Expr, { type: T }>;

/** Patterns at work: m//, s///, tr///. */
export abstract class GenMatching extends GenFunctions {
  #target(target: Expr | undefined): string {
    return target === undefined ? 'P.topic.box.v' : this.scalar(target);
  }

  protected match(expr: Of<'match'>): string {
    const target = this.#target(expr.target);
    let test: string;
    if (expr.pattern.flags.includes('g')) {
      const keep = expr.pattern.flags.includes('c');
      test = `P.matchNext(${target}, ${this.regex(expr.pattern, 'g')}, ${this.progress(expr.target)}, ${keep})`;
    } else test = `P.match(${target}, ${this.regex(expr.pattern)})`;
    return expr.negated ? `!${test}` : test;
  }

  protected matchList(expr: Of<'match'>): string {
    const target = this.#target(expr.target);
    if (expr.pattern.flags.includes('g')) return `P.matchAll(${target}, ${this.regex(expr.pattern, 'g')})`;
    return `P.matchList(${target}, ${this.regex(expr.pattern)})`;
  }

  protected substitute(expr: Of<'substitute'>): string {
    const all = expr.pattern.flags.includes('g');
    const replacement = this.arrow(expr.replacement, 'scalar');
    const regex = this.regex(expr.pattern, all ? 'g' : '');
    if (expr.pattern.flags.includes('r'))
      return `P.substituted(${this.#target(expr.target)}, ${regex}, ${replacement}, ${all})`;
    const box = expr.target === undefined ? 'P.topic.box' : this.boxOf(expr.target);
    return `P.substitute(${box}, ${regex}, ${replacement}, ${all})`;
  }

  protected transliterate(expr: Of<'transliterate'>): string {
    const unknown = /[^cdsr]/.exec(expr.flags);
    if (unknown !== null) throw syntaxError(expr.at, `unknown tr flag ${unknown[0]}`);
    const from = JSON.stringify(spellOut(expr.from, expr.at));
    const to = JSON.stringify(spellOut(expr.to, expr.at));
    const counts = expr.flags.includes('r') || (expr.to === '' && !/[ds]/.test(expr.flags));
    let box = 'P.topic.box';
    if (expr.target !== undefined) box = counts ? `P.cell(${this.scalar(expr.target)})` : this.boxOf(expr.target);
    return `P.transliterate(${box}, ${from}, ${to}, ${JSON.stringify(expr.flags)})`;
  }
}

const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  '-': '-',
  f: '\f',
  e: '\x1b',
  a: '\x07',
  '0': '\0',
};

/** The characters of one side of tr, its ranges written out. */
function spellOut(text: string, at: number): string {
  const chars: (string | undefined)[] = [];
  const pattern = /\\x\{([\da-fA-F]+)\}|\\x([\da-fA-F]{2})|\\(.)|(-)|(.)/gsu;
  for (const [, wide, byte, escaped, dash, plain] of text.matchAll(pattern)) {
    if (dash !== undefined) chars.push(undefined);
    else if (escaped !== undefined) chars.push(ESCAPES[escaped] ?? escaped);
    else chars.push(plain ?? String.fromCodePoint(Number.parseInt(wide ?? (byte as string), 16)));
  }
  let result = '';
  for (let index = 0; index < chars.length; index += 1) {
    const from = chars[index] ?? '-';
    const to = chars[index + 1] === undefined && index + 2 < chars.length ? chars[index + 2] : undefined;
    if (to === undefined || chars[index] === undefined) {
      result += from;
      continue;
    }
    const last = to.codePointAt(0) as number;
    const first = from.codePointAt(0) as number;
    if (last < first) throw syntaxError(at, `invalid range ${from}-${to} in tr`);
    for (let point = first; point <= last; point += 1) result += String.fromCodePoint(point);
    index += 2;
  }
  return result;
}
