import { interpolate, interpolatePattern } from './interpolation.js';
import type { Quoted, Token } from './lexer.js';
import { nameOf, ParserBase } from './parser-base.js';
import { syntaxError, unsupported } from './perl-error.js';
import type { Block, Expr, Pattern, Sigil, Variable } from './tree.js';

/** Binding strengths, weakest first (perlop). */
export const BIND = {
  lowest: 0,
  or: 1,
  and: 2,
  not: 3,
  list: 4,
  comma: 5,
  assign: 6,
  ternary: 7,
  range: 8,
  oror: 9,
  andand: 10,
  bitor: 11,
  bitand: 12,
  equality: 13,
  relational: 14,
  unary: 15,
  shift: 16,
  additive: 17,
  multiplicative: 18,
  match: 19,
  not_: 20,
  power: 21,
  step: 22,
} as const;

const WORD_OPERATORS = new Set([
  'or',
  'and',
  'xor',
  'eq',
  'ne',
  'lt',
  'gt',
  'le',
  'ge',
  'cmp',
  'x',
  'if',
  'unless',
  'while',
  'until',
  'for',
  'foreach',
]);

/** Terms: literals, variables with their subscripts, quotes. */
export abstract class TermParser extends ParserBase {
  abstract expression(binding: number): Expr;
  abstract block(): Block;
  protected abstract word(token: Token): Expr;
  protected abstract inside(text: string, at: number): Expr;

  /** A term and the subscripts and calls that follow it. */
  protected term(): Expr {
    const token = this.lexer.term();
    let expr = this.primary(token);
    for (;;) {
      const more = this.subscript(expr);
      if (more === undefined) return expr;
      expr = more;
    }
  }

  protected primary(token: Token): Expr {
    switch (token.kind) {
      case 'number':
        return { type: 'number', at: token.at, value: numberOf(token) };
      case 'quote':
        return this.#quote(token, token.quote as Quoted);
      case 'variable':
        return this.#variable(token);
      case 'cast':
        return this.#cast(token);
      case 'word':
        return this.word(token);
      case 'operator':
        return this.#punctuation(token);
      default:
        throw syntaxError(token.at, `expected a value, found ${nameOf(token)}`);
    }
  }

  /** Whether an argument comes next; after a `list` operator a slash or brace can start one. */
  protected argumentFollows(list: boolean): boolean {
    const token = this.lexer.peekOperator();
    const after = this.lexer.code[token.end] ?? '';
    if (token.kind === 'end') return false;
    if (token.kind === 'word') return !WORD_OPERATORS.has(token.text);
    if (token.text === '<<') return /["'~A-Za-z_]/.test(after);
    if (/^(?:\/|\/\/|\/=|\{)$/.test(token.text)) return list;
    if (token.text === '%' || token.text === '&')
      return /[\w{$:]/.test(after) || /%\+\s*[;)]/y.test(this.lexer.code.slice(token.at, token.at + 8));
    if (token.text === '-' || token.text === '+') return list || (token.spaceBefore && !/\s/.test(after));
    return /^[$@"'`\\!~([\d]|^\+\+$|^--$/.test(token.text);
  }

  /** `(a, b)` or everything up to the end of the list; undefined when there is none at all. */
  protected callArguments(list = true): readonly Expr[] | undefined {
    if (this.isNext('(')) {
      this.lexer.operator();
      if (this.accept(')')) return [];
      const list = this.expression(BIND.lowest);
      this.expect(')');
      return itemsOf(list);
    }
    if (!this.argumentFollows(list)) return undefined;
    return itemsOf(this.expression(BIND.comma));
  }

  protected subscript(on: Expr): Expr | undefined {
    const token = this.lexer.peekOperator();
    if (token.text === '->') return this.#arrow(on);
    const subscripted = on.type === 'element' || on.type === 'call-value' || on.type === 'method';
    if (!subscripted || (on.type === 'method' && token.text !== '(')) return undefined;
    if (token.text === '[' || token.text === '{') return this.#element(on, token.at);
    if (token.text === '(' && on.type !== 'method') {
      return { type: 'call-value', at: token.at, code: on, args: this.callArguments() ?? [] };
    }
    return undefined;
  }

  /** `{word}`, `{-word}` or `{expression}`; the opening brace comes next. */
  protected hashKey(): Expr {
    const open = this.expect('{');
    const bare = this.lexer.looksAt(/\s*(-?[A-Za-z_]\w*)\s*\}/y);
    if (bare !== null) {
      this.lexer.position += bare[0].length;
      return { type: 'string', at: open.at + 1, value: bare[1] as string };
    }
    const key = this.expression(BIND.lowest);
    this.expect('}');
    return key;
  }

  #arrow(on: Expr): Expr {
    const arrow = this.lexer.operator();
    const token = this.lexer.peekTerm();
    if (token.text === '[' || token.text === '{') return this.#element(on, arrow.at);
    if (token.text === '(') return { type: 'call-value', at: arrow.at, code: on, args: this.callArguments() ?? [] };
    const whole = this.lexer.looksAt(/\s*([@%$])\*/y);
    if (whole !== null) {
      this.lexer.position += whole[0].length;
      return { type: 'deref', at: arrow.at, sigil: whole[1] as Sigil, of: on };
    }
    if (token.kind !== 'word') throw syntaxError(token.at, `expected a method or a subscript, found ${nameOf(token)}`);
    this.lexer.term();
    const args = this.isNext('(') ? (this.callArguments() ?? []) : [];
    return { type: 'method', at: token.at, on, name: token.text, args };
  }

  #element(on: Expr, at: number): Expr {
    const kind = this.lexer.peekOperator().text === '[' ? 'array' : 'hash';
    const of: Expr = { type: 'deref', at, sigil: kind === 'array' ? '@' : '%', of: on };
    return { type: 'element', at, of, in: kind, key: this.#key(kind) };
  }

  #key(kind: 'array' | 'hash'): Expr {
    if (kind === 'hash') return this.hashKey();
    this.expect('[');
    const key = this.expression(BIND.lowest);
    this.expect(']');
    return key;
  }

  #variable(token: Token): Expr {
    const lastIndex = token.text.startsWith('$#');
    const sigil = token.text[0] as Sigil;
    const name = token.text.slice(lastIndex ? 2 : 1);
    if (lastIndex) return { type: 'last-index', at: token.at, array: variable('@', name, token.at) };
    return this.#withSubscript(sigil, token, (kind) => variable(kind, name, token.at));
  }

  /** `$`, `@`, `%`, `&` or `$#` before a block or a variable: a dereference. */
  #cast(token: Token): Expr {
    const sigil = token.text[0] as Sigil;
    const of = this.#castOperand();
    const deref = (kind: Sigil): Expr => ({ type: 'deref', at: token.at, sigil: kind, of });
    if (token.text === '$#') return { type: 'last-index', at: token.at, array: deref('@') };
    return this.#withSubscript(sigil, token, deref);
  }

  #castOperand(): Expr {
    if (this.isNext('{')) {
      this.lexer.operator();
      const of = this.expression(BIND.lowest);
      this.expect('}');
      return of;
    }
    const token = this.lexer.term();
    if (token.kind === 'cast') return { type: 'deref', at: token.at, sigil: '$', of: this.#castOperand() };
    if (token.kind !== 'variable') throw syntaxError(token.at, `expected a variable, found ${nameOf(token)}`);
    return variable('$', token.text.slice(1), token.at);
  }

  /** The variable itself, or the element or slice that a subscript right behind it makes of it. */
  #withSubscript(sigil: Sigil, token: Token, container: (kind: Sigil) => Expr): Expr {
    const next = this.lexer.peekOperator();
    const kind = next.text === '[' ? 'array' : next.text === '{' ? 'hash' : undefined;
    if (sigil === '&') {
      const args = this.isNext('(') ? this.callArguments() : undefined;
      const of = container('&');
      return of.type === 'variable'
        ? { type: 'call', at: token.at, name: of.name, args }
        : { type: 'call-value', at: token.at, code: of.type === 'deref' ? of.of : of, args };
    }
    if (kind === undefined || sigil === '%' || (kind === 'hash' && next.spaceBefore && token.text === '@'))
      return container(sigil);
    const of = container(kind === 'array' ? '@' : '%');
    if (sigil === '$') return { type: 'element', at: token.at, of, in: kind, key: this.#key(kind) };
    const keys = kind === 'array' ? this.#key(kind) : this.hashKey();
    return { type: 'slice', at: token.at, of, in: kind, keys };
  }

  #punctuation(token: Token): Expr {
    const { at } = token;
    if (token.text === '(') {
      const items = this.accept(')') ? [] : itemsOf(this.expression(BIND.lowest));
      if (items.length > 0) this.expect(')');
      const list: Expr = { type: 'list', at, items };
      if (!this.isNext('[')) return list;
      this.lexer.operator();
      const index = this.expression(BIND.lowest);
      this.expect(']');
      return { type: 'list-slice', at, list, index };
    }
    if (token.text === '[') return { type: 'anon-array', at, items: this.#items(']') };
    if (token.text === '{') return { type: 'anon-hash', at, items: this.#items('}') };
    throw syntaxError(at, `expected a value, found ${token.text}`);
  }

  #items(close: string): readonly Expr[] {
    if (this.accept(close)) return [];
    const items = itemsOf(this.expression(BIND.lowest));
    this.expect(close);
    return items;
  }

  #quote(token: Token, quote: Quoted): Expr {
    const { at } = token;
    const inside = (text: string, from: number): Expr => this.inside(text, from);
    switch (token.text) {
      case 'q':
        return { type: 'string', at, value: unquote(quote.body, quote.open) };
      case '<<':
        if (quote.raw) return { type: 'string', at, value: quote.body };
        return interpolate(quote.body, quote.bodyAt, inside);
      case 'qq':
        return interpolate(quote.body, quote.bodyAt, inside);
      case 'qw': {
        const words = quote.body.split(/\s+/).filter((word) => word !== '');
        return { type: 'list', at, items: words.map((value) => ({ type: 'string', at, value })) };
      }
      case 'tr':
        return { type: 'transliterate', at, target: undefined, from: quote.body, to: quote.second, flags: quote.flags };
      case 's':
        return this.#substitution(at, quote);
      case 'qr':
        return { type: 'qr', at, pattern: this.#pattern(quote) };
      default:
        return { type: 'match', at, target: undefined, pattern: this.#pattern(quote), negated: false };
    }
  }

  #pattern(quote: Quoted): Pattern {
    const inside = (text: string, from: number): Expr => this.inside(text, from);
    const parts = quote.raw ? [quote.body] : interpolatePattern(quote.body, quote.bodyAt, inside);
    return { at: quote.bodyAt, parts, flags: quote.flags };
  }

  #substitution(at: number, quote: Quoted): Expr {
    const pattern = this.#pattern(quote);
    const evaluated = quote.flags.replace(/[^e]/g, '').length;
    if (evaluated > 1) throw unsupported(at, 's///ee', 'write the expression with one e');
    const inside = (text: string, from: number): Expr => this.inside(text, from);
    let replacement: Expr;
    if (evaluated === 1) replacement = this.inside(`do {${quote.second}\n}`, quote.secondAt - 4);
    else if (quote.raw) replacement = { type: 'string', at, value: quote.second };
    else replacement = interpolate(quote.second, quote.secondAt, inside);
    return { type: 'substitute', at, target: undefined, pattern, replacement };
  }
}

export function variable(sigil: Sigil, name: string, at: number): Variable {
  return { type: 'variable', at, sigil, name };
}

export function itemsOf(expr: Expr): readonly Expr[] {
  return expr.type === 'list' ? expr.items : [expr];
}

/** In single quotes only `\\` and the delimiter are escapes. */
function unquote(body: string, open: string): string {
  const close = ({ '(': ')', '[': ']', '{': '}', '<': '>' } as Record<string, string>)[open] ?? open;
  return body.replace(/\\(.)/gs, (all, char: string) =>
    char === '\\' || char === open || char === close ? char : all,
  );
}

function numberOf(token: Token): number {
  const text = token.text.replaceAll('_', '');
  if (/^0\d/.test(text)) {
    if (!/^0[0-7]+$/.test(text)) throw syntaxError(token.at, `${token.text} is not an octal number`);
    return Number.parseInt(text, 8);
  }
  return Number(text);
}
