import { GenAccess } from './gen-access.js';
import { syntaxError, unsupported } from './perl-error.js';
import type { Block, Expr, Variable } from './tree.js';

type Builtin = Expr & { type: 'builtin' };

/** Functions of scalars that have the same name in the runtime. */
const SIMPLE = new Set([
  'lc',
  'uc',
  'lcfirst',
  'ucfirst',
  'length',
  'chr',
  'ord',
  'hex',
  'oct',
  'abs',
  'int',
  'quotemeta',
  'sqrt',
  'sin',
  'cos',
  'exp',
  'log',
  'ref',
  'index',
  'rindex',
  'atan2',
  'rand',
  'time',
]);
const COUNTS: Record<string, [number, number]> = {
  index: [2, 3],
  rindex: [2, 3],
  atan2: [2, 2],
  rand: [0, 1],
  time: [0, 0],
};

/** The built-in functions. */
export abstract class GenFunctions extends GenAccess {
  /** A call of a built-in that gives one value. */
  protected builtin(expr: Builtin): string {
    const { name, args, at } = expr;
    if (name === 'fc') return this.builtin({ ...expr, name: 'lc' });
    if (SIMPLE.has(name)) return this.#simple(expr);
    switch (name) {
      case 'defined':
        return `P.b(${this.defined(expr)})`;
      case 'exists':
        return `P.b(${this.exists(expr)})`;
      case 'delete':
        return this.#delete(expr);
      case 'undef':
        return this.#undef(expr);
      case 'scalar':
        return this.scalar(this.#argument(expr, 0));
      case 'chomp':
      case 'chop':
        return this.#chomp(expr);
      case 'pos':
        return `P.position(${this.progress(args[0])})`;
      case 'keys':
        return this.#ofHash(
          expr,
          (of) => `P.sizeText(${of})`,
          (of) => `${of}.length`,
        );
      case 'values':
        return this.#ofHash(
          expr,
          (of) => `P.sizeText(${of})`,
          (of) => `${of}.length`,
        );
      case 'each':
        return `P.each(${this.container(this.#argument(expr, 0), true)})[0]`;
      case 'shift':
      case 'pop':
        return `${this.#arrayArgument(expr)}.${name}()`;
      case 'push':
      case 'unshift':
        return `${this.container(this.#argument(expr, 0), true)}.${name}(${this.items(args.slice(1))})`;
      case 'splice':
        return `${this.#splice(expr)}.at(-1)`;
      case 'join':
        return `P.join(${this.scalar(this.#argument(expr, 0))}, ${this.listOf(args.slice(1), at)})`;
      case 'split':
        return `${this.#split(expr)}.length`;
      case 'reverse':
        return `P.reverseText(${args.length === 0 ? '[P.topic.box.v]' : this.listOf(args, at)})`;
      case 'substr':
        return this.#substr(expr);
      case 'sprintf':
        return this.sprintf(args, at);
      case 'localtime':
      case 'gmtime':
        return `P.timeText(${this.#optional(args[0])}, ${name === 'gmtime'})`;
      case 'die':
      case 'warn':
        return `P.${name}(${this.listOf(args, at)}, ${this.place(at)})`;
      case 'wantarray':
        return this.frame.mode === 'dynamic' ? 'want' : this.frame.mode === 'list' ? '1' : '0';
      default:
        throw unsupported(at, name, 'write it another way');
    }
  }

  /** A call of a built-in that gives a list; undefined for those that give one value. */
  protected builtinList(expr: Builtin): string | undefined {
    const { name, args, at } = expr;
    switch (name) {
      case 'keys':
        return this.#ofHash(
          expr,
          (of) => `P.keys(${of})`,
          (of) => `[...${of}.keys()]`,
        );
      case 'values':
        return this.#ofHash(
          expr,
          (of) => `P.values(${of})`,
          (of) => of,
        );
      case 'each':
        return `P.each(${this.container(this.#argument(expr, 0), true)})`;
      case 'splice':
        return this.#splice(expr);
      case 'split':
        return this.#split(expr);
      case 'reverse':
        return `${this.listOf(args, at)}.reverse()`;
      case 'localtime':
      case 'gmtime':
        return `P.timeFields(${this.#optional(args[0])}, ${name === 'gmtime'})`;
      case 'delete': {
        const target = this.#argument(expr, 0);
        if (target.type !== 'slice') return undefined;
        return `P.deletedSlice(${this.container(target.of, true)}, ${this.list(target.keys)})`;
      }
      default:
        return undefined;
    }
  }

  protected defined(expr: Builtin): string {
    const target = expr.args[0];
    if (target === undefined) return 'P.topic.box.v !== undefined';
    if (target.type === 'call' && target.args === undefined) return String(this.subs.has(target.name));
    if ((target.type === 'variable' || target.type === 'deref') && (target.sigil === '@' || target.sigil === '%')) {
      throw unsupported(target.at, 'defined of an array or hash', 'test the array or hash itself');
    }
    return `${this.scalar(target)} !== undefined`;
  }

  protected exists(expr: Builtin): string {
    const target = this.#argument(expr, 0);
    if (target.type === 'call') return String(this.subs.has(target.name));
    if (target.type !== 'element') throw syntaxError(target.at, 'exists needs an element');
    if (target.in === 'array') return `${this.element(target)} !== undefined`;
    return `${this.key(target.key)} in ${this.container(target.of, true)}`;
  }

  protected sprintf(args: readonly Expr[], at: number): string {
    const [format, ...rest] = args;
    if (format === undefined) throw syntaxError(at, 'sprintf needs a format');
    if (rest.length === 0 && this.isMulti(format)) {
      const all = this.list(format);
      return `P.sprintfAll(${all})`;
    }
    return `P.sprintf(${this.scalar(format)}, ${this.listOf(rest, at)})`;
  }

  protected listOf(args: readonly Expr[], at: number): string {
    return this.list({ type: 'list', at, items: args });
  }

  /** The object that remembers where `/g` ended in this variable. */
  protected progress(target: Expr | undefined): string {
    const name =
      target?.type === 'variable' && target.sigil === '$'
        ? this.resolve(target).js
        : target === undefined
          ? 'topic'
          : `at ${target.at}`;
    return this.constantFor(`progress of ${name}`, 'pos', 'P.progress()');
  }

  readonly #constantNames = new Map<string, string>();

  protected constantFor(what: string, name: string, js: string): string {
    let constant = this.#constantNames.get(what);
    if (constant === undefined) {
      constant = this.fresh(name);
      this.#constantNames.set(what, constant);
      this.constants.push(`const ${constant} = ${js};`);
    }
    return constant;
  }

  /** `() => …` for the block or expression of map, grep and sort. */
  protected arrow(code: Block | Expr, mode: 'scalar' | 'list'): string {
    return this.inFrame({ mode, canReturn: false, hasArgs: this.frame.hasArgs }, () => {
      const [only] = code.type === 'block' ? code.body : [];
      const single =
        code.type === 'block' ? (code.body.length === 1 && only?.type === 'expression' ? only.expr : undefined) : code;
      if (single !== undefined) {
        const value = mode === 'list' ? this.list(single) : this.scalar(single);
        if (this.pre.length === 0) return `() => ${value.startsWith('{') ? `(${value})` : value}`;
        return `() => { ${this.pre.join(' ')} return ${value}; }`;
      }
      return `() => {\n${this.bodyLines(code as Block).join('\n')}\n}`;
    });
  }

  abstract isMulti(expr: Expr): boolean;

  #simple(expr: Builtin): string {
    const { name, args, at } = expr;
    const [least, most] = COUNTS[name] ?? [0, 1];
    if (args.length > most) throw syntaxError(at, `too many arguments for ${name}`);
    if (args.length < least) throw syntaxError(at, `not enough arguments for ${name}`);
    if (args.length === 0 && most === 1 && name !== 'rand') return `P.${name}(P.topic.box.v)`;
    return `P.${name}(${args.map((arg) => this.scalar(arg)).join(', ')})`;
  }

  #argument(expr: Builtin, index: number): Expr {
    const argument = expr.args[index];
    if (argument === undefined) throw syntaxError(expr.at, `not enough arguments for ${expr.name}`);
    return argument;
  }

  #optional(argument: Expr | undefined): string {
    return argument === undefined ? 'undefined' : this.scalar(argument);
  }

  #delete(expr: Builtin): string {
    const target = this.#argument(expr, 0);
    if (target.type === 'slice') return `${this.builtinList(expr)}.at(-1)`;
    if (target.type !== 'element') throw syntaxError(target.at, 'delete needs an element of a hash');
    if (target.in === 'array') throw unsupported(target.at, 'delete of an array element', 'use splice');
    return `P.deleted(${this.container(target.of, true)}, ${this.key(target.key)})`;
  }

  #undef(expr: Builtin): string {
    const [target] = expr.args;
    if (target === undefined) return 'undefined';
    if (this.isListTarget(target)) return `(${this.assignList(target, '[]')}, undefined)`;
    return `(${this.assignScalar(target, 'undefined')})`;
  }

  #chomp(expr: Builtin): string {
    const [target] = expr.args;
    if (target === undefined) return `P.${expr.name}(P.topic.box)`;
    const inner = target.type === 'assign' && this.isListTarget(target.left) ? target.left : target;
    if (this.isListTarget(inner) && !(inner.type === 'list' && inner.items.length === 1)) {
      throw unsupported(target.at, `${expr.name} of a list`, `use a loop: ${expr.name}($_) foreach …`);
    }
    if (target.type === 'my' && target.list) return `P.${expr.name}(${this.boxOf({ ...target, list: false })})`;
    return `P.${expr.name}(${this.boxOf(target)})`;
  }

  #ofHash(expr: Builtin, hash: (of: string) => string, array: (of: string) => string): string {
    const target = this.#argument(expr, 0);
    const isArray = (target.type === 'variable' || target.type === 'deref') && target.sigil === '@';
    const of = this.container(target, true);
    return isArray ? array(of) : hash(of);
  }

  #arrayArgument(expr: Builtin): string {
    const [target] = expr.args;
    if (target !== undefined) return this.container(target, true);
    const args: Variable = { type: 'variable', at: expr.at, sigil: '@', name: '_' };
    return this.resolve(args).js;
  }

  #splice(expr: Builtin): string {
    const [of, offset, length, ...rest] = expr.args;
    if (of === undefined) throw syntaxError(expr.at, 'splice needs an array');
    return `P.splice(${this.container(of, true)}, ${this.#optional(offset)}, ${this.#optional(length)}, ${this.listOf(rest, expr.at)})`;
  }

  #split(expr: Builtin): string {
    const [by, text, limit] = expr.args;
    const value = text === undefined ? 'P.topic.box.v' : this.scalar(text);
    const most =
      limit === undefined ? '0' : limit.type === 'number' ? String(limit.value) : `P.num(${this.scalar(limit)})`;
    if (by === undefined || (by.type === 'string' && by.value === ' ')) return `P.split(undefined, ${value}, ${most})`;
    if (by.type !== 'match') {
      if (by.type !== 'string') return `P.split(P.splitBy(${this.scalar(by)}), ${value}, ${most})`;
      return `P.split(${this.regex({ at: by.at, parts: [by.value], flags: '' })}, ${value}, ${most})`;
    }
    const caret = by.pattern.parts.length === 1 && by.pattern.parts[0] === '^';
    const pattern = caret ? { ...by.pattern, flags: `${by.pattern.flags}m` } : by.pattern;
    return `P.split(${this.regex(pattern)}, ${value}, ${most})`;
  }

  #substr(expr: Builtin): string {
    const [text, offset, length, replacement] = expr.args;
    if (text === undefined || offset === undefined) throw syntaxError(expr.at, 'substr needs a string and an offset');
    const count = this.#optional(length);
    if (replacement === undefined) return `P.substr(${this.scalar(text)}, ${this.scalar(offset)}, ${count})`;
    return `P.substrSet(${this.boxOf(text)}, ${this.scalar(offset)}, ${count}, ${this.scalar(replacement)})`;
  }
}
