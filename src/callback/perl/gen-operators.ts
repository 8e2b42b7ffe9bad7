import { GenMatching } from './gen-matching.js';
import { syntaxError, unsupported } from './perl-error.js';
import type { Expr } from './tree.js';

type Of<T extends Expr['type']> = Extract<Expr, { type: T }>;

const ARITHMETIC: Record<string, string> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '**': 'pow',
  '.': 'cat',
  x: 'repeat',
  '&': 'bitAnd',
  '|': 'bitOr',
  '^': 'bitXor',
  '<<': 'shl',
  '>>': 'shr',
  '<=>': 'nCmp',
  cmp: 'sCmp',
};
export const COMPARISONS: Record<string, string> = {
  '==': 'nEq',
  '!=': 'nNe',
  '<': 'nLt',
  '>': 'nGt',
  '<=': 'nLe',
  '>=': 'nGe',
  eq: 'sEq',
  ne: 'sNe',
  lt: 'sLt',
  gt: 'sGt',
  le: 'sLe',
  ge: 'sGe',
};
/** Assigning operators that take undef on the left without complaint, and what it counts as. */
const FORGIVING: Record<string, string> = { '.': "''", '+': '0', '-': '0', '|': '0', '^': '0' };

/** Operators and assignments. */
export abstract class GenOperators extends GenMatching {
  protected unary(expr: Of<'unary'>): string {
    switch (expr.op) {
      case '!':
        return `P.b(${this.cond(expr)})`;
      case '-':
        return expr.of.type === 'number' ? `-${numberText(expr.of.value)}` : `P.neg(${this.scalar(expr.of)})`;
      case '~':
        return `P.bitNot(${this.scalar(expr.of)})`;
      default:
        return this.scalar(expr.of);
    }
  }

  protected step(expr: Of<'step'>): string {
    const change = expr.op === '++' ? 'P.succ' : 'P.pred';
    if (expr.of.type === 'variable' && expr.of.sigil === '$') {
      const { js } = this.resolve(expr.of);
      if (expr.prefix) return `(${js} = ${change}(${js}))`;
      return `P.first(${js} ?? 0, ${js} = ${change}(${js}))`;
    }
    return `P.update${expr.prefix ? '' : 'After'}(${this.boxOf(expr.of)}, ${change})`;
  }

  protected binary(expr: Of<'binary'>): string {
    if (COMPARISONS[expr.op] !== undefined || expr.op === 'xor') return `P.b(${this.cond(expr)})`;
    return this.#arithmetic(expr.op, this.scalar(expr.left), this.scalar(expr.right), expr.at);
  }

  #arithmetic(op: string, left: string, right: string, at: number): string {
    const name = ARITHMETIC[op];
    if (name === undefined) throw syntaxError(at, `unknown operator ${op}`);
    return `P.${name}(${left}, ${right})`;
  }

  protected logical(expr: Of<'logical'>, side: (expr: Expr) => string): string {
    if (expr.op === '//') return `(${side(expr.left)} ?? ${side(expr.right)})`;
    const held = this.temporary();
    const left = `P.bool(${held} = ${this.scalar(expr.left)})`;
    const right = side(expr.right);
    return expr.op === '&&' ? `(${left} ? ${right} : ${held})` : `(${left} ? ${held} : ${right})`;
  }

  protected logicalList(expr: Of<'logical'>): string {
    const held = this.temporary();
    const test =
      expr.op === '//'
        ? `(${held} = ${this.scalar(expr.left)}) !== undefined`
        : `P.bool(${held} = ${this.scalar(expr.left)})`;
    const right = this.list(expr.right);
    return expr.op === '&&' ? `(${test} ? ${right} : [${held}])` : `(${test} ? [${held}] : ${right})`;
  }

  protected assign(expr: Of<'assign'>): string {
    if (expr.op !== '') return this.#assignOp(expr);
    if (this.isListTarget(expr.left)) return `${this.assigned(expr)}.length`;
    // the right side first: `my $x = $x` means the outer one
    const value = this.scalar(expr.right);
    return `(${this.assignScalar(expr.left, value)})`;
  }

  protected assigned(expr: Of<'assign'>): string {
    const list = this.list(expr.right);
    return this.assignList(expr.left, list);
  }

  #assignOp(expr: Of<'assign'>): string {
    const { left, op, at } = expr;
    if (this.isListTarget(left)) return this.#assignOpList(expr);
    const right = this.scalar(expr.right);
    const change = (value: string): string => {
      if (op === '||') return `(P.bool(${value}) ? ${value} : ${right})`;
      if (op === '&&') return `(P.bool(${value}) ? ${right} : ${value})`;
      if (op === '//') return `(${value} ?? ${right})`;
      const forgiving = FORGIVING[op];
      return this.#arithmetic(op, forgiving === undefined ? value : `${value} ?? ${forgiving}`, right, at);
    };
    if (left.type === 'variable' && left.sigil === '$') {
      const { js } = this.resolve(left);
      return `(${js} = ${change(js)})`;
    }
    return `P.update(${this.boxOf(left)}, (v) => ${change('v')})`;
  }

  #assignOpList(expr: Of<'assign'>): string {
    const { left, op } = expr;
    if (op === 'x' && (left.type === 'variable' || left.type === 'deref') && left.sigil === '@') {
      const of = this.container(left, true);
      return `P.setArray(${of}, P.repeatList(${of}, ${this.scalar(expr.right)})).length`;
    }
    if ((op === '||' || op === '//') && (left.type === 'variable' || left.type === 'deref') && left.sigil === '@') {
      const of = this.container(left, true);
      return `(${of}.length > 0 ? ${of} : P.setArray(${of}, ${this.list(expr.right)})).length`;
    }
    throw unsupported(expr.at, `${op}= on a list`, 'use push, or a plain assignment');
  }
}

export function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : 'Infinity';
}
