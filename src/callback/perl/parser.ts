import { ExpressionParser } from './parse-expressions.js';
import { BIND, itemsOf } from './parse-terms.js';
import { nameOf } from './parser-base.js';
import { PerlError, syntaxError, unsupported } from './perl-error.js';
import type { Block, Expr, Sigil, Statement, Variable } from './tree.js';

/** Pragmas that change nothing here, and the modules that are always there. */
const ACCEPTED_MODULES = /^(?:strict|warnings|utf8|feature|vars|integer|v?5[\d._]*|Messaging::Message(?:::Queue)?)$/;

/** Parses a whole callback. */
export function parsePerl(code: string): PerlProgram {
  const parser = new Parser(code);
  const statements = parser.program();
  return { statements, quiet: parser.quiet };
}

export interface PerlProgram {
  readonly statements: readonly Statement[];
  /** `no warnings` was said: for the whole callback, where Perl would mind the block */
  readonly quiet: boolean;
}

class Parser extends ExpressionParser {
  quiet = false;

  program(): readonly Statement[] {
    const body: Statement[] = [];
    while (this.lexer.peekTerm().kind !== 'end') body.push(...this.#statement());
    return body;
  }

  block(): Block {
    const { at } = this.expect('{');
    const body: Statement[] = [];
    while (!this.#closes()) {
      if (this.lexer.peekTerm().kind === 'end') throw syntaxError(at, 'nothing closes this {');
      body.push(...this.#statement());
    }
    return { type: 'block', at, body };
  }

  #closes(): boolean {
    const token = this.lexer.peekTerm();
    if (token.text !== '}') return false;
    this.lexer.operator();
    return true;
  }

  /** Parses an expression of a string, moving the places of its nodes to where the string stands. */
  protected inside(text: string, at: number): Expr {
    const parser = new Parser(text);
    try {
      const expr = parser.expression(BIND.lowest);
      const rest = parser.lexer.operator();
      if (rest.kind !== 'end') throw syntaxError(rest.at, `expected the end of the expression, found ${nameOf(rest)}`);
      return moved(expr, at);
    } catch (error) {
      if (error instanceof PerlError) throw new PerlError(error.kind, error.at + at, error.message);
      throw error;
    }
  }

  #statement(): Statement[] {
    const token = this.lexer.peekTerm();
    const { at, text } = token;
    if (text === ';' && token.kind === 'operator') {
      this.lexer.term();
      return [];
    }
    if (text === '{' && token.kind === 'operator' && !this.#isHash())
      return [{ type: 'bare', at, label: undefined, body: this.block() }];
    if (token.kind !== 'word') return [this.#simple()];
    const label = this.lexer.looksAt(/\s*([A-Z_][A-Z0-9_]*)\s*:(?!:)/y);
    if (label !== null) {
      this.lexer.position += label[0].length;
      return [this.#compound(label[1])];
    }
    switch (text) {
      case 'use':
      case 'no':
        return this.#use();
      case 'package':
        throw unsupported(at, 'package', 'leave it out: all callback code is in one package');
      case 'our':
        return [this.#our()];
      case 'sub': {
        const named = this.lexer.looksAt(/\s*sub\s+([A-Za-z_]\w*)/y);
        if (named === null) return [this.#simple()];
        this.lexer.position += named[0].length;
        return [{ type: 'sub', at, name: named[1] as string, body: this.subBody() }];
      }
      case 'BEGIN':
      case 'END':
        throw unsupported(at, `a ${text} block`, text === 'END' ? 'use sub stop' : 'use sub start');
      case 'if':
      case 'unless':
      case 'while':
      case 'until':
      case 'for':
      case 'foreach':
        return [this.#compound(undefined)];
      default:
        return [this.#simple()];
    }
  }

  /** A brace at the start of a statement opens an anonymous hash when a key and its value, or a hash, come first. */
  #isHash(): boolean {
    return this.lexer.looksAt(/\s*\{\s*(?:(?:[\w-]+|"[^"]*"|'[^']*'|\$\w+)\s*(?:=>|,)|%[\w${]|\}\s*[;})])/y) !== null;
  }

  #compound(label: string | undefined): Statement {
    const token = this.lexer.peekTerm();
    const { at, text } = token;
    if (text === '{') return { type: 'bare', at, label, body: this.block() };
    this.lexer.term();
    if (text === 'if' || text === 'unless') return this.#if(at, text);
    if (text === 'while' || text === 'until') {
      this.expect('(');
      const empty = this.isNext(')');
      const test = empty ? undefined : this.#condition(text);
      this.expect(')');
      const body = this.block();
      const after = this.accept('continue') ? this.block() : undefined;
      return { type: 'while', at, label, test, body, after, late: false };
    }
    if (text === 'for' || text === 'foreach') return this.#for(at, label);
    throw syntaxError(at, `expected a loop after the label, found ${nameOf(token)}`);
  }

  #condition(word: string): Expr {
    const test = this.expression(BIND.lowest);
    return word === 'unless' || word === 'until' ? { type: 'unary', at: test.at, op: '!', of: test } : test;
  }

  #if(at: number, word: string): Statement {
    this.expect('(');
    const branches = [{ test: this.#condition(word), body: this.#closeAndBlock() }];
    let otherwise: Block | undefined;
    for (;;) {
      if (this.accept('elsif')) {
        this.expect('(');
        branches.push({ test: this.expression(BIND.lowest), body: this.#closeAndBlock() });
      } else if (this.accept('else')) {
        if (this.isNext('if')) throw syntaxError(this.next().at, 'write elsif');
        otherwise = this.block();
      } else return { type: 'if', at, branches, otherwise };
    }
  }

  #closeAndBlock(): Block {
    this.expect(')');
    return this.block();
  }

  #for(at: number, label: string | undefined): Statement {
    const declared = this.lexer.looksAt(/\s*(?:(my|our|local)\s+)?\$(\w+)\s*(?=\()/y);
    if (declared !== null) this.lexer.position += declared[0].length;
    this.expect('(');
    const variable: Variable | undefined =
      declared === null ? undefined : { type: 'variable', at, sigil: '$', name: declared[2] as string };
    const mine = declared?.[1] === 'my';
    if (this.accept(')')) return this.#foreach(at, label, variable, mine, { type: 'list', at, items: [] });
    const first = this.accept(';') ? undefined : this.expression(BIND.lowest);
    if (first !== undefined && this.accept(')')) return this.#foreach(at, label, variable, mine, first);
    if (first !== undefined) this.expect(';');
    const test = this.isNext(';') ? undefined : this.expression(BIND.lowest);
    this.expect(';');
    const step = this.isNext(')') ? undefined : this.expression(BIND.lowest);
    this.expect(')');
    return { type: 'for', at, label, init: first, test, step, body: this.block() };
  }

  #foreach(
    at: number,
    label: string | undefined,
    variable: Variable | undefined,
    mine: boolean,
    list: Expr,
  ): Statement {
    return { type: 'foreach', at, label, variable, mine, list, body: this.block() };
  }

  /** An expression with its modifiers, up to `;` or the end of the block. */
  #simple(): Statement {
    const expr = this.expression(BIND.lowest);
    const statement = this.#modified({ type: 'expression', at: expr.at, expr });
    const token = this.next();
    if (token.kind === 'end' || token.text === '}') return statement;
    if (token.text !== ';') throw syntaxError(token.at, `expected ; or an operator, found ${nameOf(token)}`);
    this.lexer.operator();
    return statement;
  }

  #modified(statement: Statement & { type: 'expression' }): Statement {
    const { at, expr } = statement;
    const token = this.next();
    if (token.kind !== 'word' || !/^(?:if|unless|while|until|for|foreach)$/.test(token.text)) return statement;
    this.lexer.operator();
    const body: Block = { type: 'block', at, body: [statement] };
    if (token.text === 'for' || token.text === 'foreach') {
      const list = this.expression(BIND.lowest);
      return { type: 'foreach', at, label: undefined, variable: undefined, mine: false, list, body };
    }
    const test = this.#condition(token.text);
    if (token.text === 'if' || token.text === 'unless') {
      return { type: 'if', at, branches: [{ test, body }], otherwise: undefined };
    }
    if (expr.type === 'do')
      return { type: 'while', at, label: undefined, test, body: expr.body, after: undefined, late: true };
    return { type: 'while', at, label: undefined, test, body, after: undefined, late: false };
  }

  #use(): Statement[] {
    const keyword = this.lexer.term();
    const what = this.lexer.looksAt(/\s*([\w:.]+)([^;]*)/y);
    const name = what?.[1] ?? '';
    if (name === 'constant' && keyword.text === 'use') return this.#constants(keyword.at);
    if (keyword.text === 'no' && name === 'warnings') this.quiet = true;
    else if (keyword.text === 'no' && name !== 'strict') {
      throw unsupported(keyword.at, `no ${name}`, 'leave it out');
    }
    if (!ACCEPTED_MODULES.test(name)) {
      throw unsupported(keyword.at, `use ${name}`, 'write what it does yourself, or the callback in JavaScript');
    }
    this.lexer.position += what?.[0].length ?? 0;
    this.accept(';');
    return [];
  }

  /** `use constant NAME => value` and `use constant { … }`: subs without arguments. */
  #constants(at: number): Statement[] {
    this.lexer.position += this.lexer.looksAt(/\s*constant/y)?.[0].length ?? 0;
    const given = this.expression(BIND.lowest);
    this.accept(';');
    const items = given.type === 'anon-hash' ? given.items : itemsOf(given);
    const pairs = given.type === 'anon-hash' ? chunked(items) : [[items[0], ...items.slice(1)]];
    return pairs.map(([name, ...values]) => {
      if (name?.type !== 'string') throw syntaxError(at, 'use constant needs a name');
      this.constants.add(name.value);
      const expr: Expr =
        values.length === 1 && values[0] !== undefined
          ? values[0]
          : { type: 'list', at, items: values.filter((value) => value !== undefined) };
      return {
        type: 'sub',
        at,
        name: name.value,
        body: { type: 'block', at, body: [{ type: 'expression', at, expr }] },
      };
    });
  }

  #our(): Statement {
    const { at } = this.lexer.term();
    const target = this.accept('(') ? this.#ourList() : [this.term()];
    const vars = target.map((expr) => {
      if (expr.type !== 'variable') throw syntaxError(expr.at, 'expected a variable after our');
      return expr;
    });
    const value = this.accept('=') ? this.expression(BIND.assign) : undefined;
    if (!this.isNext('}')) this.accept(';');
    return { type: 'our', at, vars, value };
  }

  #ourList(): readonly Expr[] {
    const items = itemsOf(this.expression(BIND.lowest));
    this.expect(')');
    return items;
  }
}

function chunked(items: readonly Expr[]): (Expr | undefined)[][] {
  return items.flatMap((item, index) => (index % 2 === 0 ? [[item, items[index + 1]]] : []));
}

/** The same tree with every place moved by `by`. */
function moved<T>(node: T, by: number): T {
  if (Array.isArray(node)) return node.map((item) => moved(item, by)) as T;
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    key === 'at' ? (value as number) + by : moved(value, by),
  ]);
  return Object.fromEntries(entries) as T;
}

export type { Sigil };
