import { FUNCTIONS, type FunctionShape, REFUSED } from './functions.js';
import type { Token } from './lexer.js';
import { BIND, itemsOf, TermParser, variable } from './parse-terms.js';
import { nameOf } from './parser-base.js';
import { syntaxError, unsupported } from './perl-error.js';
import type { Expr, Sigil, Variable } from './tree.js';

interface Infix {
  readonly binding: number;
  readonly right?: boolean;
  readonly make: 'binary' | 'logical' | 'assign' | 'range';
  readonly op: string;
}

const binary = (binding: number, ...ops: string[]): [string, Infix][] =>
  ops.map((op) => [op, { binding, make: 'binary', op }]);

const INFIX: ReadonlyMap<string, Infix> = new Map<string, Infix>([
  ['or', { binding: BIND.or, make: 'logical', op: '||' }],
  ['xor', { binding: BIND.or, make: 'binary', op: 'xor' }],
  ['and', { binding: BIND.and, make: 'logical', op: '&&' }],
  ['||', { binding: BIND.oror, make: 'logical', op: '||' }],
  ['//', { binding: BIND.oror, make: 'logical', op: '//' }],
  ['&&', { binding: BIND.andand, make: 'logical', op: '&&' }],
  ['..', { binding: BIND.range, make: 'range', op: '..' }],
  ...binary(BIND.bitor, '|', '^'),
  ...binary(BIND.bitand, '&'),
  ...binary(BIND.equality, '==', '!=', '<=>', 'eq', 'ne', 'cmp'),
  ...binary(BIND.relational, '<', '>', '<=', '>=', 'lt', 'gt', 'le', 'ge'),
  ...binary(BIND.shift, '<<', '>>'),
  ...binary(BIND.additive, '+', '-', '.'),
  ...binary(BIND.multiplicative, '*', '/', '%', 'x'),
  ['**', { binding: BIND.power, right: true, make: 'binary', op: '**' }],
  ...['', '+', '-', '.', '*', '/', '%', 'x', '**', '||', '&&', '//', '|', '&', '^', '<<', '>>'].map(
    (op): [string, Infix] => [`${op}=`, { binding: BIND.assign, right: true, make: 'assign', op }],
  ),
]);

/** Classes that callbacks may name. */
const CLASSES = new Set(['Messaging::Message', 'Messaging::Message::Queue']);
const CONSTANT_WORDS = new Set(['STDOUT', 'STDERR']);

/** Expressions: operators by binding strength, and what words stand for. */
export abstract class ExpressionParser extends TermParser {
  /** names that `use constant` made: they take no arguments */
  protected readonly constants = new Set<string>();

  expression(binding: number): Expr {
    let left = this.#prefix();
    for (;;) {
      const more = this.#infix(left, binding);
      if (more === undefined) return left;
      left = more;
    }
  }

  #prefix(): Expr {
    const token = this.lexer.peekTerm();
    const { at, text } = token;
    if (token.kind === 'word' && text === 'not') {
      this.lexer.term();
      // with parentheses it is a function
      const of = this.isNext('(') ? this.term() : this.expression(BIND.not);
      return this.#postfix({ type: 'unary', at, op: '!', of });
    }
    if (token.kind !== 'operator') return this.#postfix(this.term());
    switch (text) {
      case '!':
      case '~':
      case '+':
        this.lexer.term();
        return { type: 'unary', at, op: text, of: this.expression(BIND.not_) };
      case '-':
        return this.#minus();
      case '\\':
        this.lexer.term();
        return { type: 'reference', at, of: this.expression(BIND.not_) };
      case '++':
      case '--':
        this.lexer.term();
        return { type: 'step', at, op: text, prefix: true, of: this.expression(BIND.step) };
      case ';':
        throw syntaxError(at, 'expected a value, found ;');
      default:
        return this.#postfix(this.term());
    }
  }

  #minus(): Expr {
    const { at } = this.lexer.term();
    const word = this.lexer.looksAt(/[A-Za-z_]\w*/y);
    if (word !== null) {
      if (/^[erwxofdzslpSbctugkTBAMC]$/.test(word[0])) {
        throw unsupported(at, `the file test -${word[0]}`, 'callbacks cannot reach files');
      }
      if (!FUNCTIONS.has(word[0])) {
        this.lexer.position += word[0].length;
        return { type: 'string', at, value: `-${word[0]}` };
      }
    }
    return { type: 'unary', at, op: '-', of: this.expression(BIND.not_) };
  }

  #postfix(term: Expr): Expr {
    const token = this.lexer.peekOperator();
    if (token.text !== '++' && token.text !== '--') return term;
    this.lexer.operator();
    return { type: 'step', at: token.at, op: token.text, prefix: false, of: term };
  }

  #infix(left: Expr, binding: number): Expr | undefined {
    const token = this.lexer.peekOperator();
    const { at, text } = token;
    if (token.kind === 'end') return undefined;
    if (text === ',' || text === '=>') return binding <= BIND.comma ? this.#list(left, binding) : undefined;
    if (text === '?') return binding <= BIND.ternary ? this.#ternary(left) : undefined;
    if (text === '=~' || text === '!~') return binding <= BIND.match ? this.#bind(left) : undefined;
    if (text === '...') throw unsupported(at, 'the flip-flop or range operator ...', 'use ..');
    const infix = INFIX.get(text);
    if (infix === undefined || infix.binding < binding) return undefined;
    this.lexer.operator();
    const right = this.expression(infix.right === true ? infix.binding : infix.binding + 1);
    switch (infix.make) {
      case 'logical':
        return { type: 'logical', at, op: infix.op as '&&' | '||' | '//', left, right };
      case 'assign':
        return { type: 'assign', at, op: infix.op, left, right };
      case 'range':
        return { type: 'range', at, from: left, to: right };
      default:
        return { type: 'binary', at, op: infix.op, left, right };
    }
  }

  #list(first: Expr, binding: number): Expr {
    const items = [first];
    while (this.accept(',') || this.accept('=>')) {
      const token = this.lexer.peekOperator();
      if (token.kind === 'end' || /^[)\]};:,]$/.test(token.text) || token.text === '=>') continue;
      if (
        token.kind === 'word' &&
        /^(?:or|and|if|unless|while|until|for|foreach)$/.test(token.text) &&
        !this.#isKey(token)
      )
        break;
      items.push(this.expression(Math.max(binding, BIND.comma) + 1));
    }
    return { type: 'list', at: first.at, items };
  }

  #ternary(test: Expr): Expr {
    const { at } = this.lexer.operator();
    const yes = this.expression(BIND.assign);
    this.expect(':');
    return { type: 'ternary', at, test, yes, no: this.expression(BIND.ternary) };
  }

  /** `=~` and `!~`. */
  #bind(target: Expr): Expr {
    const { at, text } = this.lexer.operator();
    const negated = text === '!~';
    const right = this.expression(BIND.match + 1);
    if (right.type === 'match') return { ...right, target, negated };
    if (right.type === 'substitute' || right.type === 'transliterate') {
      const bound: Expr = { ...right, target };
      return negated ? { type: 'unary', at, op: '!', of: bound } : bound;
    }
    return { type: 'match', at, target, pattern: { at, parts: [right], flags: '' }, negated };
  }

  #isKey(token: Token): boolean {
    return /\s*=>/y.test(this.lexer.code.slice(token.end, token.end + 20));
  }

  protected word(token: Token): Expr {
    const { at, text } = token;
    if (this.isNext('=>')) return { type: 'string', at, value: text };
    switch (text) {
      case 'my':
      case 'our':
      case 'state':
        return this.#declaration(token);
      case 'local':
        return { type: 'local', at, target: this.#localTarget() };
      case 'sub':
        return { type: 'anon-sub', at, body: this.subBody() };
      case 'do':
        return { type: 'do', at, body: this.#bodyOf(token, 'do FILE') };
      case 'eval':
        return { type: 'eval', at, body: this.#bodyOf(token, 'eval of a string') };
      case 'return': {
        const follows = this.isNext('(') || this.argumentFollows(true);
        return { type: 'return', at, value: follows ? this.expression(BIND.comma) : undefined };
      }
      case 'next':
      case 'last': {
        const label = this.lexer.looksAt(/\s*([A-Z_][A-Z0-9_]*)\b/y);
        if (label !== null) this.lexer.position += label[0].length;
        return { type: 'jump', at, how: text, label: label?.[1] };
      }
      case 'map':
      case 'grep':
      case 'sort':
        return this.#listBuiltin(token);
      case 'print':
      case 'printf':
      case 'say':
        return this.#print(token, text);
      case '__PACKAGE__':
        return { type: 'string', at, value: 'callback' };
      case '__LINE__':
        return { type: 'number', at, value: this.lexer.code.slice(0, at).split('\n').length };
      default:
        return this.#named(token);
    }
  }

  /** `{ … }` after an optional prototype. */
  protected subBody(): import('./tree.js').Block {
    const prototype = this.lexer.looksAt(/\s*\([$@%&*;\\[\]+_\s]*\)/y);
    if (prototype !== null) this.lexer.position += prototype[0].length;
    else if (this.isNext('(')) {
      throw unsupported(this.next().at, 'a sub signature', 'write my ($a, $b) = @_; as the first line');
    }
    return this.block();
  }

  #bodyOf(token: Token, otherwise: string): import('./tree.js').Block {
    if (!this.isNext('{')) throw unsupported(token.at, otherwise, 'write the code itself in a block');
    return this.block();
  }

  #declaration(token: Token): Expr {
    if (token.text === 'state')
      throw unsupported(token.at, 'state', 'declare the variable with my, outside of the sub');
    if (token.text === 'our') throw syntaxError(token.at, 'our must stand at the start of a statement');
    const { at } = token;
    if (!this.accept('(')) return { type: 'my', at, vars: [this.#declared()], list: false };
    const vars: (Variable | undefined)[] = [];
    while (!this.accept(')')) {
      vars.push(this.accept('undef') ? undefined : this.#declared());
      if (!this.accept(',')) {
        this.expect(')');
        break;
      }
    }
    return { type: 'my', at, vars, list: true };
  }

  #declared(): Variable {
    const token = this.lexer.term();
    if (token.kind !== 'variable') throw syntaxError(token.at, `expected a variable, found ${nameOf(token)}`);
    return variable(token.text[0] as Sigil, token.text.slice(1), token.at);
  }

  #localTarget(): Expr {
    const glob = this.lexer.looksAt(/\s*\*([A-Za-z_]\w*)/y);
    if (glob === null) return this.term();
    const at = this.lexer.position + glob[0].indexOf('*');
    this.lexer.position += glob[0].length;
    return { type: 'glob', at, name: glob[1] as string };
  }

  #listBuiltin(token: Token): Expr {
    const { at, text: name } = token;
    const parenthesised = this.accept('(');
    let code: import('./tree.js').Block | Expr | undefined;
    const isBlock = this.isNext('{') && this.#braceIsBlock(name);
    if (isBlock) {
      code = this.block();
      this.accept(',');
    } else if (name === 'sort') {
      const by = this.lexer.looksAt(/\s*(\$?[A-Za-z_]\w*)\s+(?=[@($\d"'])/y);
      if (by !== null && !FUNCTIONS.has(by[1] as string) && !/^(?:map|grep|sort|keys)$/.test(by[1] as string)) {
        this.lexer.position += by[0].length;
        const named = by[1] as string;
        code = named.startsWith('$') ? variable('$', named.slice(1), at) : { type: 'call', at, name: named, args: [] };
      }
    }
    const rest =
      parenthesised && this.isNext(')') ? [] : itemsOf(this.expression(parenthesised ? BIND.lowest : BIND.comma));
    if (parenthesised) this.expect(')');
    if (code !== undefined || name === 'sort') return { type: 'list-builtin', at, name, code, args: rest };
    const [first, ...others] = rest;
    return { type: 'list-builtin', at, name, code: first, args: others };
  }

  /** `map { … } list` takes a block unless a comma follows the closing brace: then it was an anonymous hash. */
  #braceIsBlock(name: string): boolean {
    if (name !== 'map') return true;
    const open = this.next().at;
    return !/\s*,/y.test(this.lexer.code.slice(this.lexer.closing(open) + 1, this.lexer.closing(open) + 30));
  }

  #print(token: Token, name: 'print' | 'printf' | 'say'): Expr {
    const { at } = token;
    const parenthesised = this.accept('(');
    const handle = this.lexer.looksAt(/\s*(\{\s*)?(STDOUT|STDERR)\b(\s*\})?(?!\s*,)/y);
    if (handle !== null) this.lexer.position += handle[0].length;
    else if (this.lexer.looksAt(/\s*(?:\{|\$\w+\s+["'$@\w])/y) !== null) {
      throw unsupported(at, `${name} to a file handle`, 'print to standard output, or use log in JavaScript');
    }
    const to = handle?.[2] ?? 'STDOUT';
    let args: readonly Expr[] = [];
    if (parenthesised) {
      if (!this.isNext(')')) args = itemsOf(this.expression(BIND.lowest));
      this.expect(')');
    } else if (this.argumentFollows(true) || this.isNext('(')) args = itemsOf(this.expression(BIND.comma));
    return { type: 'print', at, name, to, args };
  }

  #named(token: Token): Expr {
    const { at, text: name } = token;
    const refused = REFUSED.get(name);
    if (refused !== undefined && !this.isNext('}')) throw unsupported(at, name, refused);
    const shape = FUNCTIONS.get(name.replace(/^CORE::/, ''));
    if (shape !== undefined) return this.#function(at, name.replace(/^CORE::/, ''), shape);
    if (this.isNext('->') || this.isNext('::')) {
      this.accept('::');
      if (CLASSES.has(name)) return { type: 'string', at, value: name };
      throw unsupported(at, `the class ${name}`, 'only Messaging::Message and Messaging::Message::Queue are there');
    }
    if (CLASSES.has(name) || CONSTANT_WORDS.has(name)) return { type: 'string', at, value: name };
    if (name.includes('::') && !name.startsWith('callback::')) {
      throw unsupported(at, `${name}, of another module`, 'write the function itself, or the callback in JavaScript');
    }
    if (this.constants.has(name)) return { type: 'call', at, name, args: [] };
    return { type: 'call', at, name: name.replace(/^callback::/, ''), args: this.callArguments() ?? [] };
  }

  #function(at: number, name: string, shape: FunctionShape): Expr {
    if (shape.parse === 'none') {
      if (this.accept('(')) this.expect(')');
      return { type: 'builtin', at, name, args: [] };
    }
    if (shape.parse === 'list' || this.isNext('(')) {
      return { type: 'builtin', at, name, args: this.callArguments() ?? [] };
    }
    const args = this.argumentFollows(false) ? [this.expression(BIND.unary + 1)] : [];
    return { type: 'builtin', at, name, args };
  }
}
