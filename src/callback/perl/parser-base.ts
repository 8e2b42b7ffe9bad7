import { Lexer, type Token } from './lexer.js';
import { syntaxError } from './perl-error.js';

/** What every part of the parser shares: the lexer, and looking for and taking what must come next. */
export abstract class ParserBase {
  protected readonly lexer: Lexer;

  constructor(code: string) {
    this.lexer = new Lexer(code);
  }

  /** Takes `text` if it comes next, where an operator may stand. */
  protected accept(text: string): boolean {
    const token = this.lexer.peekOperator();
    if (token.text !== text || token.kind === 'end') return false;
    this.lexer.operator();
    return true;
  }

  protected expect(text: string): Token {
    const token = this.lexer.operator();
    if (token.text !== text) throw syntaxError(token.at, `expected ${text}, found ${nameOf(token)}`);
    return token;
  }

  protected next(): Token {
    return this.lexer.peekOperator();
  }

  protected isNext(text: string): boolean {
    const token = this.next();
    return token.kind !== 'end' && token.text === text;
  }
}

export function nameOf(token: Token): string {
  return token.kind === 'end' ? 'the end of the code' : token.text;
}
