import { GenBase } from './gen-base.js';
import { syntaxError, unsupported } from './perl-error.js';
import type { Element, Expr, Variable } from './tree.js';

/** Variables, elements, dereferences, and assigning to them. */
export abstract class GenAccess extends GenBase {
  /** The array or object behind `@x`, `%x`, `@{…}`, `%{…}`; with `create` it springs into being. */
  protected container(expr: Expr, create: boolean): string {
    if (expr.type === 'variable') {
      if (expr.sigil === '%' && expr.name === '+') return 'P.allNamed()';
      return this.resolve(expr).js;
    }
    if (expr.type === 'my') return this.declaredContainer(expr);
    if (expr.type !== 'deref') throw syntaxError(expr.at, 'expected an array or a hash');
    const kind = expr.sigil === '@' ? 'array' : 'table';
    const viv = create ? this.#vivified(expr.of, kind) : undefined;
    return viv ?? `P.${kind}(${this.scalar(expr.of)})`;
  }

  protected declaredContainer(expr: Expr & { type: 'my' }): string {
    const [only] = expr.vars;
    if (only === undefined || expr.vars.length !== 1) throw syntaxError(expr.at, 'expected one variable');
    const { js } = this.declare(only);
    this.pre.push(`let ${js} = ${only.sigil === '@' ? '[]' : 'P.hash()'};`);
    return js;
  }

  #vivified(of: Expr, kind: 'array' | 'table'): string | undefined {
    const empty = kind === 'array' ? '[]' : 'P.hash()';
    if (of.type === 'variable' && of.sigil === '$' && !/^\d+$|^&$/.test(of.name)) {
      return `P.${kind}(${this.resolve(of).js} ??= ${empty})`;
    }
    if (of.type === 'element') {
      if (of.in === 'hash' && !isNamedCapture(of)) return `P.${kind}(${this.elementText(of)} ??= ${empty})`;
      return `P.${kind}In(${this.boxOf(of)})`;
    }
    if (of.type === 'deref') return `P.${kind}In(${this.boxOf(of)})`;
    return undefined;
  }

  /** `table.name` or `table["na me"]` or `table[P.key(…)]`. */
  protected elementText(element: Element): string {
    return this.container(element.of, true) + this.property(element.key);
  }

  protected property(key: Expr): string {
    if (key.type !== 'string') return `[${this.key(key)}]`;
    return /^[A-Za-z_$][\w$]*$/.test(key.value) ? `.${key.value}` : `[${JSON.stringify(key.value)}]`;
  }

  protected key(key: Expr): string {
    if (key.type === 'string') return JSON.stringify(key.value);
    if (key.type === 'list') throw unsupported(key.at, 'a hash key made of a list', 'join the parts into one string');
    if (key.type === 'interpolated') return this.scalar(key);
    return `P.key(${this.scalar(key)})`;
  }

  protected element(element: Element): string {
    if (isNamedCapture(element)) return `P.named(${this.key(element.key)})`;
    if (element.in === 'hash') return this.elementText(element);
    const of = this.container(element.of, true);
    const { key } = element;
    return key.type === 'number' && Number.isInteger(key.value)
      ? `${of}[${key.value}]`
      : `P.at(${of}, ${this.scalar(key)})`;
  }

  /** A Box for something that is to be changed in place. */
  boxOf(expr: Expr): string {
    switch (expr.type) {
      case 'variable': {
        if (expr.sigil !== '$') break;
        const { js, box } = this.resolve(expr);
        return box ?? placeText(js);
      }
      case 'my': {
        const [only] = expr.vars;
        if (only?.sigil !== '$' || expr.vars.length !== 1) break;
        return placeText(this.declareHere(only));
      }
      case 'element':
        if (expr.in === 'hash') return `P.hashPlace(${this.container(expr.of, true)}, ${this.key(expr.key)})`;
        return `P.arrayPlace(${this.container(expr.of, true)}, ${this.scalar(expr.key)})`;
      case 'deref':
        if (expr.sigil === '$') return `P.box(${this.scalar(expr.of)})`;
        break;
      case 'assign': {
        const value = this.scalar(expr);
        const left = expr.left.type === 'my' ? (expr.left.vars[0] as Variable) : expr.left;
        return `(${value}, ${this.boxOf(left)})`;
      }
      case 'list': {
        const [only] = expr.items;
        if (expr.items.length === 1 && only !== undefined) return this.boxOf(only);
        break;
      }
      case 'ternary':
        return `(${this.cond(expr.test)} ? ${this.boxOf(expr.yes)} : ${this.boxOf(expr.no)})`;
      case 'builtin':
        if (expr.name === 'substr' && expr.args.length < 4) return this.#substrPlace(expr);
        break;
      default:
    }
    throw syntaxError(expr.at, 'this cannot be changed');
  }

  #substrPlace(expr: Expr & { type: 'builtin' }): string {
    const [target, offset, length] = expr.args as [Expr, Expr, Expr?];
    const box = this.boxOf(target);
    const from = this.scalar(offset);
    const count = length === undefined ? 'undefined' : this.scalar(length);
    return `P.place(() => P.substr(${box}.v, ${from}, ${count}), (v) => { P.substrSet(${box}, ${from}, ${count}, v); })`;
  }

  /** Declares a `my` scalar inside an expression: before the statement. */
  protected declareHere(variable: Variable): string {
    const { js } = this.declare(variable);
    const empty = { $: '', '@': ' = []', '%': ' = P.hash()', '&': '' }[variable.sigil];
    this.pre.push(`let ${js}${empty};`);
    return js;
  }

  /** An expression that puts `value` into a scalar place. */
  protected assignScalar(left: Expr, value: string): string {
    switch (left.type) {
      case 'variable': {
        if (left.sigil !== '$') break;
        if (/^\d+$|^&$/.test(left.name) && left.name !== '0')
          throw syntaxError(left.at, `$${left.name} cannot be assigned`);
        return `${this.resolve(left).js} = ${value}`;
      }
      case 'my': {
        const [only] = left.vars;
        if (only !== undefined && left.vars.length === 1) return `${this.declareHere(only)} = ${value}`;
        break;
      }
      case 'element':
        if (left.in === 'hash') return `${this.elementText(left)} = ${value}`;
        return `P.setAt(${this.container(left.of, true)}, ${this.scalar(left.key)}, ${value})`;
      case 'last-index':
        return `P.setLast(${this.container(left.array, true)}, ${value})`;
      case 'local':
        throw unsupported(left.at, 'local inside an expression', 'make it a statement of its own');
      default:
        return `${this.boxOf(left)}.v = ${value}`;
    }
    throw syntaxError(left.at, 'this cannot be assigned');
  }

  protected isListTarget(left: Expr): boolean {
    switch (left.type) {
      case 'variable':
      case 'deref':
        return left.sigil === '@' || left.sigil === '%';
      case 'my':
        return left.list || left.vars[0]?.sigil === '@' || left.vars[0]?.sigil === '%';
      case 'list':
      case 'slice':
        return true;
      default:
        return false;
    }
  }

  /** An expression that assigns a list; its value is the list. `list` is fresh: nobody else holds it. */
  protected assignList(left: Expr, list: string): string {
    const whole = this.#wholeTarget(left);
    if (whole !== undefined)
      return whole.sigil === '@' ? `P.setArray(${whole.js}, ${list})` : `P.setHash(${whole.js}, ${list})`;
    const setters: string[] = [];
    let rest: string | undefined;
    for (const target of this.#targets(left)) {
      const container = target === undefined ? undefined : this.#wholeTarget(target);
      if (container !== undefined)
        rest = `(l) => P.set${container.sigil === '@' ? 'Array' : 'Hash'}(${container.js}, l)`;
      else if (target === undefined) setters.push('() => {}');
      else setters.push(`(v) => { ${this.assignScalar(target, 'v')}; }`);
    }
    return `P.assign(${list}, [${setters.join(', ')}]${rest === undefined ? '' : `, ${rest}`})`;
  }

  #wholeTarget(left: Expr): { sigil: string; js: string } | undefined {
    if (left.type === 'my') {
      const [only] = left.vars;
      if (left.vars.length !== 1 || only === undefined || only.sigil === '$') return undefined;
      return { sigil: only.sigil, js: this.declareHere(only) };
    }
    if ((left.type === 'variable' || left.type === 'deref') && (left.sigil === '@' || left.sigil === '%')) {
      return { sigil: left.sigil, js: this.container(left, true) };
    }
    return undefined;
  }

  #targets(left: Expr): (Expr | undefined)[] {
    if (left.type === 'my')
      return left.vars.map((variable) => (variable === undefined ? undefined : this.#declaredNow(variable)));
    if (left.type === 'slice') {
      const of = left.of;
      const keys = left.keys.type === 'list' ? left.keys.items : [left.keys];
      if (
        keys.some(
          (key) => key.type !== 'string' && key.type !== 'number' && !(key.type === 'variable' && key.sigil === '$'),
        )
      ) {
        throw unsupported(left.at, 'assigning to a slice whose keys are worked out', 'use a foreach loop');
      }
      return keys.map((key) => ({ type: 'element', at: left.at, of, in: left.in, key }));
    }
    if (left.type !== 'list') return [left];
    return left.items.flatMap((item) => {
      if (item.type === 'builtin' && item.name === 'undef' && item.args.length === 0) return [undefined];
      return item.type === 'list' || item.type === 'slice' || (item.type === 'my' && item.list)
        ? this.#targets(item)
        : [item];
    });
  }

  #declaredNow(variable: Variable): Expr {
    this.declareHere(variable);
    return variable;
  }
}

function placeText(js: string): string {
  return `P.place(() => ${js}, (v) => { ${js} = v; })`;
}

function isNamedCapture(element: Element): boolean {
  return element.of.type === 'variable' && element.of.name === '+' && element.in === 'hash';
}
