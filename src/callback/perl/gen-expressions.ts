import { COMPARISONS, GenOperators, numberText } from './gen-operators.js';
import { syntaxError, unsupported } from './perl-error.js';
import type { Block, Expr } from './tree.js';

type Of<T extends Expr['type']> = Extract<Expr, { type: T }>;

/** Expressions in scalar, list and boolean context. */
export abstract class GenExpressions extends GenOperators {
  scalar(expr: Expr): string {
    switch (expr.type) {
      case 'number':
        return numberText(expr.value);
      case 'string':
        return JSON.stringify(expr.value);
      case 'interpolated':
        return `P.cat(${expr.parts.map((part) => this.scalar(part)).join(', ')})`;
      case 'variable':
        return this.#variable(expr);
      case 'my':
        return this.#my(expr);
      case 'element':
        return this.element(expr);
      case 'slice':
      case 'list-slice':
        return `${this.multi(expr)}.at(-1)`;
      case 'last-index':
        return `(${this.container(expr.array, true)}.length - 1)`;
      case 'deref':
        return this.#deref(expr);
      case 'call':
        return this.#call(expr, 0);
      case 'call-value':
        return `P.callValue(${this.scalar(expr.code)}, ${this.#args(expr.args)}, 0)`;
      case 'method':
        return this.#method(expr);
      case 'builtin':
        return this.builtin(expr);
      case 'list-builtin':
        if (expr.name === 'sort') throw unsupported(expr.at, 'sort in scalar context', 'assign it to an array first');
        return `${this.#listBuiltin(expr)}.length`;
      case 'print':
        return this.#print(expr);
      case 'list':
        return this.#lastOf(expr);
      case 'anon-array':
        return `[${this.items(expr.items)}]`;
      case 'anon-hash':
        return expr.items.length === 0 ? 'P.hash()' : `P.hash([${this.items(expr.items)}])`;
      case 'anon-sub':
        return this.#anonymous(expr);
      case 'reference':
        return this.#reference(expr);
      default:
        return this.#operation(expr);
    }
  }

  #operation(expr: Expr): string {
    switch (expr.type) {
      case 'unary':
        return this.unary(expr);
      case 'step':
        return this.step(expr);
      case 'binary':
        return this.binary(expr);
      case 'logical':
        return this.logical(expr, (side) => this.scalar(side));
      case 'ternary':
        return `(${this.cond(expr.test)} ? ${this.scalar(expr.yes)} : ${this.scalar(expr.no)})`;
      case 'assign':
        return this.assign(expr);
      case 'match':
        return `P.b(${this.match(expr)})`;
      case 'substitute':
        return this.substitute(expr);
      case 'transliterate':
        return this.transliterate(expr);
      case 'qr':
        return `P.qr(${this.patternParts(expr.pattern)}, ${JSON.stringify(expr.pattern.flags.replace(/[^imsx]/g, ''))})`;
      case 'do':
        return `(() => {\n${this.#inner(expr.body, 'scalar', false)}\n})()`;
      case 'eval':
        return `P.attempt(() => {\n${this.#inner(expr.body, 'scalar', true)}\n}, undefined)`;
      case 'range':
        throw unsupported(expr.at, 'the flip-flop operator', 'use a variable that is set and cleared');
      case 'return':
        throw unsupported(expr.at, 'return inside an expression', 'use an if statement');
      case 'jump':
        throw unsupported(expr.at, `${expr.how} inside an expression`, 'use an if statement');
      case 'local':
        throw unsupported(expr.at, 'local inside an expression', 'make it a statement of its own');
      default:
        throw unsupported(expr.at, 'a typeglob', 'use local *hdr = $msg->header() as a statement, or plain variables');
    }
  }

  /** A fresh array: nobody else holds it. */
  list(expr: Expr): string {
    const multi = this.multi(expr);
    if (multi === undefined) return `[${this.scalar(expr)}]`;
    return this.#isContainer(expr) ? `[...${multi}]` : multi;
  }

  items(exprs: readonly Expr[]): string {
    const parts = exprs.map((item) => {
      if (item.type === 'list') return this.items(item.items);
      const multi = this.multi(item);
      return multi === undefined ? this.scalar(item) : `...${multi}`;
    });
    return parts.filter((part) => part !== '').join(', ');
  }

  isMulti(expr: Expr): boolean {
    return this.multi(expr) !== undefined;
  }

  /** An array of what the expression gives in list context; undefined when that is exactly one value. */
  protected multi(expr: Expr): string | undefined {
    switch (expr.type) {
      case 'variable':
      case 'deref':
        if (expr.sigil === '@') return this.container(expr, false);
        return expr.sigil === '%' ? `P.pairs(${this.container(expr, false)})` : undefined;
      case 'my':
        return expr.list || expr.vars[0]?.sigil !== '$' ? `[${this.#declareAll(expr).join(', ')}]` : undefined;
      case 'slice':
        return `P.${expr.in === 'hash' ? 'hashSlice' : 'slice'}(${this.container(expr.of, true)}, ${this.list(expr.keys)})`;
      case 'list-slice':
        return `P.listSlice(${this.list(expr.list)}, ${this.list(expr.index)})`;
      case 'call':
        return this.#call(expr, 1);
      case 'call-value':
        return `P.callValue(${this.scalar(expr.code)}, ${this.#args(expr.args)}, 1)`;
      case 'builtin':
        return this.builtinList(expr);
      case 'list-builtin':
        return this.#listBuiltin(expr);
      case 'list':
        return `[${this.items(expr.items)}]`;
      case 'range':
        return `P.range(${this.scalar(expr.from)}, ${this.scalar(expr.to)})`;
      case 'match':
        return expr.negated ? undefined : this.matchList(expr);
      case 'ternary':
        if (!this.quietly(() => this.isMulti(expr.yes) || this.isMulti(expr.no))) return undefined;
        return `(${this.cond(expr.test)} ? ${this.list(expr.yes)} : ${this.list(expr.no)})`;
      case 'logical':
        return this.quietly(() => this.isMulti(expr.right)) ? this.logicalList(expr) : undefined;
      case 'do':
        return `(() => {\n${this.#inner(expr.body, 'list', false)}\n})()`;
      case 'eval':
        return `P.attempt(() => {\n${this.#inner(expr.body, 'list', true)}\n}, [])`;
      case 'assign':
        return expr.op === '' && this.isListTarget(expr.left) ? this.assigned(expr) : undefined;
      case 'binary':
        if (expr.op !== 'x' || expr.left.type !== 'list') return undefined;
        return `P.repeatList(${this.list(expr.left)}, ${this.scalar(expr.right)})`;
      case 'return':
      case 'jump':
        throw unsupported(
          expr.at,
          `${expr.type === 'return' ? 'return' : expr.how} inside an expression`,
          'use an if statement',
        );
      default:
        return undefined;
    }
  }

  /** A JavaScript condition. */
  cond(expr: Expr): string {
    switch (expr.type) {
      case 'unary':
        return expr.op === '!' ? `!${parenthesised(this.cond(expr.of))}` : `P.bool(${this.scalar(expr)})`;
      case 'binary': {
        const compare = COMPARISONS[expr.op];
        if (compare !== undefined) return `P.${compare}(${this.scalar(expr.left)}, ${this.scalar(expr.right)})`;
        if (expr.op === 'xor') return `(${this.cond(expr.left)} !== ${this.cond(expr.right)})`;
        return `P.bool(${this.scalar(expr)})`;
      }
      case 'logical':
        if (expr.op === '//') return `P.bool(${this.scalar(expr)})`;
        return `(${this.cond(expr.left)} ${expr.op} ${this.cond(expr.right)})`;
      case 'match':
        return this.match(expr);
      case 'builtin':
        if (expr.name === 'defined') return `(${this.defined(expr)})`;
        if (expr.name === 'exists') return `(${this.exists(expr)})`;
        return `P.bool(${this.scalar(expr)})`;
      case 'list': {
        const [only] = expr.items;
        return expr.items.length === 1 && only !== undefined ? this.cond(only) : `P.bool(${this.scalar(expr)})`;
      }
      case 'assign':
        if (expr.op === '' && this.isListTarget(expr.left)) return `${this.assigned(expr)}.length > 0`;
        return `P.bool(${this.scalar(expr)})`;
      default:
        return `P.bool(${this.scalar(expr)})`;
    }
  }

  /** Looks at what an expression would give, without keeping what that declared. */
  protected quietly<T>(look: () => T): T {
    const { pre, scope } = this;
    this.pre = [];
    try {
      return this.inScope(look);
    } finally {
      this.pre = pre;
      this.scope = scope;
    }
  }

  #isContainer(expr: Expr): boolean {
    if (expr.type === 'builtin') return expr.name === 'values';
    return (expr.type === 'variable' || expr.type === 'deref') && expr.sigil === '@';
  }

  #inner(body: Block, mode: 'scalar' | 'list', canReturn: boolean): string {
    const frame = { mode, canReturn, hasArgs: this.frame.hasArgs };
    return this.inFrame(frame, () => this.bodyLines(body).join('\n'));
  }

  #variable(expr: Of<'variable'>): string {
    if (expr.sigil === '@') return `${this.container(expr, false)}.length`;
    if (expr.sigil === '%') return `P.sizeText(${this.container(expr, false)})`;
    return this.resolve(expr).js;
  }

  #my(expr: Of<'my'>): string {
    const [first] = this.#declareAll(expr);
    if (first === undefined) throw syntaxError(expr.at, 'my needs a variable');
    return first;
  }

  #declareAll(expr: Of<'my'>): string[] {
    return expr.vars.flatMap((variable) => (variable === undefined ? [] : [this.declareHere(variable)]));
  }

  #deref(expr: Of<'deref'>): string {
    if (expr.sigil === '$') return `P.box(${this.scalar(expr.of)}).v`;
    if (expr.sigil === '@') return `${this.container(expr, false)}.length`;
    return `P.sizeText(${this.container(expr, false)})`;
  }

  #args(args: readonly Expr[] | undefined): string {
    if (args === undefined) return this.frame.hasArgs ? 'args' : '[]';
    return `[${this.items(args)}]`;
  }

  #call(expr: Of<'call'>, want: 0 | 1): string {
    if (!this.subs.has(expr.name)) {
      throw syntaxError(
        expr.at,
        `${expr.name} is not defined: neither a function of Perl that callbacks have nor a sub`,
      );
    }
    return `f$${expr.name}(${this.#args(expr.args)}, ${want})`;
  }

  #method(expr: Of<'method'>): string {
    return `P.method(${this.scalar(expr.on)}, ${JSON.stringify(expr.name)}, [${this.items(expr.args)}])`;
  }

  #print(expr: Of<'print'>): string {
    const args = expr.args.length === 0 ? '[P.topic.box.v]' : this.listOf(expr.args, expr.at);
    const to = expr.to === 'STDOUT' ? '"STDOUT"' : '"STDERR"';
    if (expr.name === 'printf') return `P.print([${this.sprintf(expr.args, expr.at)}], ${to})`;
    if (expr.name === 'say') return `P.print([...${args}, "\\n"], ${to})`;
    return `P.print(${args}, ${to})`;
  }

  #lastOf(expr: Of<'list'>): string {
    if (expr.items.length === 0) return 'undefined';
    const all = expr.items.map((item) => this.scalar(item));
    return all.length === 1 ? `${all[0]}` : `(${all.join(', ')})`;
  }

  #anonymous(expr: Of<'anon-sub'>): string {
    const frame = { mode: 'dynamic' as const, canReturn: true, hasArgs: true };
    return this.inFrame(frame, () => `(args, want) => {\n${this.bodyLines(expr.body).join('\n')}\n}`);
  }

  #reference(expr: Of<'reference'>): string {
    const { of } = expr;
    if ((of.type === 'variable' || of.type === 'deref') && of.sigil !== '$') {
      if (of.sigil === '&') return this.scalar(of);
      return this.container(of, true);
    }
    if (of.type === 'call' && of.args === undefined) return `f$${of.name}`;
    if (of.type === 'my' && !of.list && of.vars[0]?.sigil !== '$') return this.declaredContainer(of);
    if (of.type === 'list' && of.items.length !== 1)
      throw unsupported(expr.at, 'references to a list', 'write a \\ before each');
    if (of.type === 'anon-sub') throw unsupported(expr.at, 'a reference to a reference', 'leave the \\ out');
    const place = ['variable', 'element', 'deref', 'my', 'list'].includes(of.type);
    return place ? this.boxOf(of) : `P.cell(${this.scalar(of)})`;
  }

  #listBuiltin(expr: Of<'list-builtin'>): string {
    if (expr.name === 'sort') {
      const list = this.listOf(expr.args, expr.at);
      if (expr.code === undefined) return `P.sort(${list})`;
      const code =
        expr.code.type === 'variable'
          ? `() => P.callValue(${this.scalar(expr.code)}, [], 0)`
          : this.arrow(expr.code, 'scalar');
      return `P.sort(${list}, ${code})`;
    }
    if (expr.code === undefined) throw syntaxError(expr.at, `${expr.name} needs a block or an expression`);
    const boxes = this.boxes(expr.args, expr.code);
    if (expr.name === 'map') return `P.map(${boxes}, ${this.arrow(expr.code, 'list')})`;
    return `P.grep(${boxes}, ${this.arrow(expr.code, 'scalar')})`;
  }

  /** The places that `$_` stands for in turn: the elements themselves where `body` changes it. */
  abstract boxes(items: readonly Expr[], body: Block | Expr): string;
}

function parenthesised(condition: string): string {
  return /^[\w$.]+\([^()]*\)$|^\(.*\)$/.test(condition) && !/^\(.*\) .*\)$/.test(condition)
    ? condition
    : `(${condition})`;
}
