import { syntaxError, unsupported } from './perl-error.js';

export type TokenKind = 'number' | 'word' | 'operator' | 'variable' | 'cast' | 'quote' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly at: number;
  readonly end: number;
  /** the operator or word; a variable with its sigil; of a cast its sigil; of a quote its operator (`q qq qw m s tr qr <<`) */
  readonly text: string;
  readonly spaceBefore: boolean;
  readonly quote?: Quoted;
}

/** A quote-like piece of code, its parts as written. */
export interface Quoted {
  readonly body: string;
  /** offset of `body`; undefined when it is not one stretch of the code */
  readonly bodyAt: number;
  readonly open: string;
  readonly second: string;
  readonly secondAt: number;
  readonly flags: string;
  /** a heredoc or quote that takes its text as it is */
  readonly raw: boolean;
}

interface Heredoc {
  readonly tag: string;
  readonly raw: boolean;
  readonly indented: boolean;
  readonly at: number;
  readonly fill: (body: string, at: number) => void;
}

const CLOSERS: Record<string, string> = { '(': ')', '[': ']', '{': '}', '<': '>' };
const QUOTE_WORDS = new Set(['q', 'qq', 'qw', 'm', 's', 'tr', 'y', 'qr']);
const OPERATORS =
  /(?:<=>|\*\*=|\|\|=|\/\/=|&&=|<<=|>>=|\.\.\.|=>|->|\+\+|--|\*\*|=~|!~|==|!=|<=|>=|&&|\|\||\/\/|\.\.|::|\+=|-=|\*=|\/=|\.=|%=|&=|\|=|\^=|<<|>>|[-+*/%=<>!~\\?:.,;()[\]{}&|^])/y;
const WORD = /[A-Za-z_]\w*(?:::\w+)*/y;
const NUMBER =
  /0[xX][\da-fA-F_]+|0[bB][01_]+|(?:\d[\d_]*)(?:\.(?!\.)[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?/y;
const NAME = /(?:::)?[A-Za-z_]\w*(?:::\w+)*|::/y;
const SPECIAL = /\d+|[_&`'+!@/\\,;."|0$]|\^\w/y;

/**
 * Cuts Perl into tokens. What a character means depends on what the parser waits for (`/` divides after a term and opens
 * a pattern before one), so the parser asks for one or the other.
 */
export class Lexer {
  readonly code: string;
  #at = 0;
  #heredocs: Heredoc[] = [];

  constructor(code: string) {
    this.code = code;
  }

  get position(): number {
    return this.#at;
  }

  set position(at: number) {
    this.#at = at;
  }

  /** The next token where a term may start. */
  term(): Token {
    const spaceBefore = this.skipSpace();
    const at = this.#at;
    const char = this.code[at];
    if (char === undefined) return this.#token('end', at, '', spaceBefore);
    if (char === '$' || char === '@' || char === '%' || char === '&') {
      const sigiled = this.#sigiled(char, at, spaceBefore);
      if (sigiled !== undefined) return sigiled;
    }
    if (char === '"' || char === "'" || char === '/') {
      const operator = char === '"' ? 'qq' : char === "'" ? 'q' : 'm';
      return this.#quote(operator, at, at, spaceBefore);
    }
    if (char === '`') throw unsupported(at, 'running a command (backquotes)', 'callbacks cannot reach the system');
    if (char === '<') return this.#angle(at, spaceBefore);
    const number = this.#match(NUMBER, at);
    if (number !== undefined) return this.#token('number', at, number, spaceBefore);
    const word = this.#match(WORD, at);
    if (word !== undefined) return this.#wordOrQuote(word, at, spaceBefore);
    return this.#operator(at, spaceBefore);
  }

  /** The next token where a term has just ended. */
  operator(): Token {
    const spaceBefore = this.skipSpace();
    const at = this.#at;
    if (at >= this.code.length) return this.#token('end', at, '', spaceBefore);
    const word = this.#match(WORD, at);
    if (word !== undefined) {
      // `x3` is the operator x and a number
      const text = /^x\d+$/.test(word) ? 'x' : word;
      if (text === 'x' && this.code[at + 1] === '=' && !/[=~]/.test(this.code[at + 2] ?? '')) {
        return this.#token('operator', at, 'x=', spaceBefore);
      }
      return this.#token('word', at, text, spaceBefore);
    }
    return this.#operator(at, spaceBefore);
  }

  /** Looks without taking. */
  peekTerm(): Token {
    return this.#peek(() => this.term());
  }

  peekOperator(): Token {
    return this.#peek(() => this.operator());
  }

  /** Whether the code goes on with this, here. */
  looksAt(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.code);
  }

  /** The offset of the bracket that closes the one at `open`; quotes and nested brackets of the same kind are stepped over. */
  closing(open: number): number {
    const opener = this.code[open] as string;
    return this.#findClose(open + 1, opener, CLOSERS[opener] ?? opener, open);
  }

  /** Skips blanks, comments, POD and the bodies of heredocs; true when there was anything. */
  skipSpace(): boolean {
    const start = this.#at;
    for (;;) {
      const char = this.code[this.#at];
      if (char === '\n') {
        this.#at += 1;
        if (this.#heredocs.length > 0) this.#readHeredocs();
        this.#skipPod();
      } else if (char === ' ' || char === '\t' || char === '\r' || char === '\f') this.#at += 1;
      else if (char === '#') this.#at = this.#lineEnd(this.#at);
      else break;
    }
    if (this.#at === 0) this.#skipPod();
    if (/__(?:END|DATA)__\b/y.test(this.code.slice(this.#at, this.#at + 9))) this.#at = this.code.length;
    return this.#at > start;
  }

  #peek(read: () => Token): Token {
    const at = this.#at;
    const heredocs = [...this.#heredocs];
    const token = read();
    this.#at = at;
    this.#heredocs = heredocs;
    return token;
  }

  #token(kind: TokenKind, at: number, text: string, spaceBefore: boolean, quote?: Quoted): Token {
    if (quote === undefined) this.#at = at + text.length;
    const token = { kind, at, end: this.#at, text, spaceBefore };
    return quote === undefined ? token : { ...token, quote };
  }

  #match(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.code)?.[0];
  }

  #operator(at: number, spaceBefore: boolean): Token {
    // a character that is no operator is left to the parser, which knows what it wanted instead
    const text = this.#match(OPERATORS, at) ?? (this.code[at] as string);
    return this.#token('operator', at, text, spaceBefore);
  }

  /** `$name`, `@name`, `$#name`, `${`, `@$`; undefined when the sigil is an operator here. */
  #sigiled(sigil: string, at: number, spaceBefore: boolean): Token | undefined {
    const lastIndex = sigil === '$' && this.code[at + 1] === '#' && /[\w{$:]/.test(this.code[at + 2] ?? '');
    const start = at + (lastIndex ? 2 : 1);
    const prefix = lastIndex ? '$#' : sigil;
    const name = this.#match(NAME, start);
    if (name !== undefined && name !== '::') return this.#token('variable', at, prefix + name, spaceBefore);
    const braced = /\{\s*(\^?\w+)\s*\}/y;
    braced.lastIndex = start;
    const inBraces = braced.exec(this.code);
    if (inBraces !== null && /^(?:[A-Za-z_]\w*|\d+)$/.test(inBraces[1] as string) && sigil !== '&') {
      this.#at = braced.lastIndex;
      return { kind: 'variable', at, end: this.#at, text: prefix + inBraces[1], spaceBefore };
    }
    const next = this.code[start];
    if (next === '{' || (next === '$' && /[\w{$:]/.test(this.code[start + 1] ?? ''))) {
      return this.#token('cast', at, prefix, spaceBefore);
    }
    if (sigil === '%' && next !== '+' && next !== '-') return undefined;
    if (sigil === '&') return undefined;
    const special = this.#match(SPECIAL, start);
    if (special === undefined || (sigil === '@' && !/[_+\d-]/.test(special))) return undefined;
    return this.#token('variable', at, prefix + special, spaceBefore);
  }

  #wordOrQuote(word: string, at: number, spaceBefore: boolean): Token {
    if (QUOTE_WORDS.has(word)) {
      const after = at + word.length;
      const gap = /\s*/y;
      gap.lastIndex = after;
      gap.exec(this.code);
      const open = this.code[gap.lastIndex] ?? '';
      const adjacent = gap.lastIndex === after;
      const arrow = this.code.startsWith('=>', gap.lastIndex);
      const delimits = adjacent ? /[^\s\w,;)]/.test(open) : /[^\s\w,;)#=]/.test(open);
      if (delimits && !arrow) return this.#quote(word === 'y' ? 'tr' : word, at, gap.lastIndex, spaceBefore);
    }
    return this.#token('word', at, word, spaceBefore);
  }

  #quote(operator: string, at: number, openAt: number, spaceBefore: boolean): Token {
    const open = this.code[openAt] as string;
    const close = CLOSERS[open] ?? open;
    const end = this.#findClose(openAt + 1, open, close, at);
    let second = '';
    let secondAt = end;
    this.#at = end + 1;
    if (operator === 's' || operator === 'tr') {
      let nextOpen = open;
      if (open !== close) {
        this.skipSpace();
        nextOpen = this.code[this.#at] as string;
        this.#at += 1;
      }
      secondAt = this.#at;
      const secondEnd = this.#findClose(secondAt, nextOpen, CLOSERS[nextOpen] ?? nextOpen, at);
      second = this.code.slice(secondAt, secondEnd);
      this.#at = secondEnd + 1;
    }
    const flags = /^(?:m|s|tr|qr)$/.test(operator) ? (this.#match(/[a-zA-Z]*/y, this.#at) ?? '') : '';
    this.#at += flags.length;
    const body = this.code.slice(openAt + 1, end);
    const raw = operator === 'q' || operator === 'qw' || (open === "'" && operator !== 'qq');
    const quote = { body, bodyAt: openAt + 1, open, second, secondAt, flags, raw };
    return { kind: 'quote', at, end: this.#at, text: operator, spaceBefore, quote };
  }

  #findClose(from: number, open: string, close: string, start: number): number {
    let depth = 1;
    for (let at = from; at < this.code.length; at += 1) {
      const char = this.code[at];
      if (char === '\\') at += 1;
      else if (char === close) {
        depth -= 1;
        if (depth === 0) return at;
      } else if (char === open && open !== close) depth += 1;
    }
    throw syntaxError(start, `nothing closes this ${open}`);
  }

  /** `<<"TAG"`, `<<TAG`, `<<~TAG`; anything else in angle brackets reads a file. */
  #angle(at: number, spaceBefore: boolean): Token {
    const heredoc = /<<(~?)(?:"([^"\n]*)"|'([^'\n]*)'|([A-Za-z_]\w*))/y;
    heredoc.lastIndex = at;
    const found = heredoc.exec(this.code);
    if (found === null) throw unsupported(at, 'reading from a file handle or a glob', 'callbacks cannot reach files');
    this.#at = heredoc.lastIndex;
    const quote = { body: '', bodyAt: at, open: '', second: '', secondAt: at, flags: '', raw: found[3] !== undefined };
    this.#heredocs.push({
      tag: found[2] ?? found[3] ?? (found[4] as string),
      raw: quote.raw,
      indented: found[1] === '~',
      at,
      fill: (body, bodyAt) => Object.assign(quote, { body, bodyAt }),
    });
    const token: Token = { kind: 'quote', at, end: this.#at, text: '<<', spaceBefore, quote };
    this.#fillAhead();
    return token;
  }

  /** The body of a heredoc is needed before the line is parsed to its end: reads it now, without moving. */
  #fillAhead(): void {
    const at = this.#at;
    const heredocs = this.#heredocs;
    this.#at = Math.min(this.code.length, this.#lineEnd(at) + 1);
    this.#readHeredocs();
    this.#at = at;
    this.#heredocs = heredocs;
  }

  #readHeredocs(): void {
    for (const heredoc of this.#heredocs) {
      const lines: string[] = [];
      const bodyAt = this.#at;
      for (;;) {
        if (this.#at >= this.code.length) throw syntaxError(heredoc.at, `nothing ends the heredoc ${heredoc.tag}`);
        const end = this.#lineEnd(this.#at);
        const line = this.code.slice(this.#at, end).replace(/\r$/, '');
        this.#at = Math.min(this.code.length, end + 1);
        if ((heredoc.indented ? line.trimStart() : line) === heredoc.tag) break;
        lines.push(line);
      }
      heredoc.fill(lines.map((line) => `${line}\n`).join(''), bodyAt);
      if (heredoc.indented) heredoc.fill(unindent(lines), bodyAt);
    }
    this.#heredocs = [];
  }

  #skipPod(): void {
    const pod = /=[a-zA-Z]/y;
    pod.lastIndex = this.#at;
    if (!pod.test(this.code)) return;
    const end = /^=cut\b.*$/m.exec(this.code.slice(this.#at));
    this.#at = end === null ? this.code.length : this.#at + end.index + end[0].length;
  }

  #lineEnd(from: number): number {
    const end = this.code.indexOf('\n', from);
    return end < 0 ? this.code.length : end;
  }
}

function unindent(lines: readonly string[]): string {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0);
  const least = Math.min(...indents, Number.MAX_SAFE_INTEGER);
  return lines.map((line) => `${line.slice(least)}\n`).join('');
}
