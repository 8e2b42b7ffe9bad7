import type { GenOptions, Mode } from './gen-base.js';
import { GenLoops, labelText } from './gen-loops.js';
import type { PerlProgram } from './parser.js';
import { syntaxError, unsupported } from './perl-error.js';
import { type Block, type Expr, type Statement, type Variable, walk } from './tree.js';

const HOOKS = ['check', 'start', 'idle', 'stop'];

/** JavaScript for a whole callback, its lines still marked with where they come from. */
export function generate(program: PerlProgram, wrapped: boolean, options: GenOptions): string[] {
  const lines = new Generator(options).program(program.statements, wrapped);
  return program.quiet ? ['P.quiet();', ...lines] : lines;
}

/** Statements. */
class Generator extends GenLoops {
  /** hooks that no Perl code calls: they are only ever asked for one value */
  readonly #called = new Set<string>();

  program(statements: readonly Statement[], wrapped: boolean): string[] {
    walk(statements, (node) => {
      if (node.type === 'sub') this.subs.add(node.name);
      if (node.type === 'call') this.#called.add(node.name);
      return true;
    });
    const body: Block = { type: 'block', at: 0, body: statements };
    const lines = wrapped ? this.#wrapped(body) : this.#statements(statements);
    if (wrapped) this.subs.add('check');
    const hooks = HOOKS.filter((name) => this.subs.has(name)).map((name) =>
      name === 'check'
        ? 'const check = (msg) => P.verdict(f$check([msg], 0));'
        : `const ${name} = (data) => f$${name}([data], 0);`,
    );
    return [...this.constants, ...lines, ...hooks];
  }

  /** The body of `check`, as stompclt wraps it: `%hdr`, `$bdy` and `$msg` bound, `return($msg)` at the end. */
  #wrapped(body: Block): string[] {
    let usesBody = false;
    walk(body, (node) => {
      if (node.type === 'variable' && node.name === 'bdy') usesBody = true;
      return true;
    });
    return this.inFrame({ mode: 'scalar', canReturn: true, hasArgs: true }, () => {
      this.bind('$msg', { js: '$msg' });
      this.bind('%hdr', { js: 'hdr' });
      this.bind('$bdy', { js: 'bdy.v', box: 'bdy' });
      const lines = this.#hoisted(
        body,
        this.inScope(() => this.#statements(body.body)),
      );
      const bound = [
        'let $msg = args[0];',
        'const hdr = $msg.header;',
        ...(usesBody ? ['const bdy = P.bodyRef($msg);'] : []),
      ];
      return ['function f$check(args) {', ...bound, ...this.#keepingMatch(body, lines), 'return $msg;', '}'];
    });
  }

  bodyLines(block: Block): string[] {
    const lines = this.inScope(() => {
      if (block.body.length === 0) return [this.#emptyReturn()];
      return this.#statements(block.body, true);
    });
    return this.#hoisted(block, lines);
  }

  /** Subs restore what the last match was: `$1` of the caller stays. */
  #keepingMatch(body: Block, lines: string[]): string[] {
    let matches = false;
    walk(body, (node) => {
      if (node.type === 'match' || node.type === 'substitute') matches = true;
      return node.type !== 'sub' && node.type !== 'anon-sub';
    });
    if (!matches) return lines;
    const held = this.fresh('match');
    return [`const ${held} = P.last.match;`, 'try {', ...lines, '} finally {', `P.last.match = ${held};`, '}'];
  }

  /** With `giving`, the last statement is what the function gives. */
  #statements(statements: readonly Statement[], giving = false): string[] {
    const lines: string[] = [];
    for (const [index, statement] of statements.entries()) {
      const local = localOf(statement);
      if (local === undefined) {
        const tail = giving && index === statements.length - 1;
        const work = (): string[] => (tail ? this.#tail(statement) : this.#statement(statement));
        lines.push(...this.#withPre(statement.at, work));
        continue;
      }
      // what `local` changes is put back at the end of the block, whatever happens in it
      const undo = this.fresh('undo');
      lines.push(
        ...this.#withPre(statement.at, () => [`const ${undo} = ${this.#localize(local.target, local.value)};`]),
      );
      const rest = this.#statements(statements.slice(index + 1), giving);
      return [...lines, 'try {', ...rest, '} finally {', `${undo}();`, '}'];
    }
    return lines;
  }

  #withPre(at: number, work: () => string[]): string[] {
    const outer = this.pre;
    this.pre = [];
    const lines = work();
    const all = [...this.pre, ...lines];
    this.pre = outer;
    return all.map((line, index) => (index === 0 || !line.startsWith('\u0001') ? this.mark(at) + line : line));
  }

  #localize(target: Expr, value: Expr | undefined): string {
    if (target.type === 'glob') {
      if (value === undefined) throw syntaxError(target.at, 'local of a typeglob needs a value');
      return `${this.globOf(target.name)}.localize(${this.scalar(value)})`;
    }
    if (target.type !== 'variable' && target.type !== 'element') {
      throw unsupported(target.at, 'local of this', 'use local $name, local $hash{key} or a my variable');
    }
    if (target.type === 'variable' && target.sigil !== '$')
      throw unsupported(target.at, `local of ${target.sigil}${target.name}`, 'use a my variable');
    const given = value === undefined ? 'undefined' : this.scalar(value);
    if (target.type === 'variable' && target.name === '_') return `P.localTopic(${given})`;
    if (
      target.type === 'variable' &&
      this.scope.lookup(`$${target.name}`)?.box === undefined &&
      this.special(target) === undefined
    ) {
      throw syntaxError(target.at, `local needs a package variable: declare our $${target.name}`);
    }
    return `P.localize(${this.boxOf(target)}, ${given})`;
  }

  #statement(statement: Statement): string[] {
    switch (statement.type) {
      case 'expression':
        return this.expressionLines(statement.expr);
      case 'our': {
        const bindings = statement.vars.map((variable) => this.declareGlobal(variable));
        if (statement.value === undefined || bindings.length === 0) return [];
        const left: Expr =
          statement.vars.length === 1
            ? (statement.vars[0] as Variable)
            : { type: 'list', at: statement.at, items: statement.vars };
        return this.expressionLines({ type: 'assign', at: statement.at, op: '', left, right: statement.value });
      }
      case 'sub':
        return this.#sub(statement);
      case 'if':
        return this.#if(statement, (block) => this.blockLines(block));
      case 'bare':
        return this.#bare(statement);
      default:
        return this.loop(statement);
    }
  }

  blockLines(block: Block): string[] {
    return this.#hoisted(
      block,
      this.inScope(() => this.#statements(block.body)),
    );
  }

  /** Named subs are there before the block runs. */
  #hoisted(block: Block, lines: string[]): string[] {
    const subs = block.body.filter((statement) => statement.type === 'sub');
    for (const sub of subs) this.constants.push(`let f$${sub.name};`);
    return lines;
  }

  #sub(statement: Statement & { type: 'sub' }): string[] {
    const mode: Mode = HOOKS.includes(statement.name) && !this.#called.has(statement.name) ? 'scalar' : 'dynamic';
    const nested = this.scope.parent !== undefined;
    return this.inFrame({ mode, canReturn: true, hasArgs: true }, () => {
      const lines = this.#keepingMatch(statement.body, this.bodyLines(statement.body));
      const args = mode === 'scalar' ? '(args)' : '(args, want)';
      if (nested) return [`f$${statement.name} = ${args} => {`, ...lines, '};'];
      return [`function f$${statement.name}${args} {`, ...lines, '}'];
    });
  }

  #if(statement: Statement & { type: 'if' }, inside: (block: Block) => string[]): string[] {
    return this.inScope(() => {
      const lines: string[] = [];
      for (const [index, { test, body }] of statement.branches.entries()) {
        lines.push(`${index === 0 ? '' : '} else '}if (${this.cond(test)}) {`, ...inside(body));
      }
      if (statement.otherwise !== undefined) lines.push('} else {', ...inside(statement.otherwise));
      return [...lines, '}'];
    });
  }

  #bare(statement: Statement & { type: 'bare' }): string[] {
    let jumps = statement.label !== undefined;
    walk(statement.body, (node) => {
      if (node.type === 'jump' && node.label === undefined) jumps = true;
      return !['while', 'for', 'foreach', 'bare', 'sub', 'anon-sub'].includes(node.type);
    });
    if (!jumps) return ['{', ...this.blockLines(statement.body), '}'];
    return [`${labelText(statement.label)}do {`, ...this.looped(statement.body, statement.label), '} while (false);'];
  }

  /** An expression whose value nobody wants. */
  expressionLines(expr: Expr): string[] {
    switch (expr.type) {
      case 'return':
        return this.#return(expr);
      case 'jump':
        return this.#jump(expr);
      case 'do':
        return ['{', ...this.blockLines(expr.body), '}'];
      case 'logical': {
        const test = expr.op === '//' ? `${this.scalar(expr.left)} === undefined` : this.cond(expr.left);
        const negated = expr.op === '||' ? `!(${test})` : test;
        return [`if (${negated}) {`, ...this.#withPre(expr.right.at, () => this.expressionLines(expr.right)), '}'];
      }
      case 'ternary':
        return [
          `if (${this.cond(expr.test)}) {`,
          ...this.expressionLines(expr.yes),
          '} else {',
          ...this.expressionLines(expr.no),
          '}',
        ];
      case 'assign':
        return this.#assignment(expr);
      case 'my':
        expr.vars.flatMap((variable) => (variable === undefined ? [] : [this.declareHere(variable)]));
        return [];
      case 'list':
        return expr.items.flatMap((item) => this.expressionLines(item));
      case 'builtin':
        return this.#builtinStatement(expr);
      default:
        return [`${this.#valueText(expr)};`];
    }
  }

  #valueText(expr: Expr): string {
    const text = expr.type === 'match' ? this.cond(expr) : this.#discarded(expr);
    return text.startsWith('(') && text.endsWith(')') && isWrapped(text) ? text.slice(1, -1) : text;
  }

  #discarded(expr: Expr): string {
    if (expr.type === 'step' && !expr.prefix) return this.scalar({ ...expr, prefix: true });
    if (expr.type === 'list-builtin') return this.list(expr);
    return this.scalar(expr);
  }

  #builtinStatement(expr: Expr & { type: 'builtin' }): string[] {
    const [target] = expr.args;
    if (expr.name === 'delete' && target?.type === 'element' && target.in === 'hash')
      return [`delete ${this.elementText(target)};`];
    return [`${this.#valueText(expr)};`];
  }

  #assignment(expr: Expr & { type: 'assign' }): string[] {
    const { left, right } = expr;
    if (expr.op !== '' || left.type !== 'my') return [`${this.#valueText(expr)};`];
    const [only] = left.vars;
    if (left.vars.length === 1 && only !== undefined && !left.list) {
      const value = only.sigil === '$' ? this.scalar(right) : this.list(right);
      const { js } = this.declare(only);
      return [`let ${js} = ${only.sigil === '%' ? `P.hash(${value})` : value};`];
    }
    const whole = left.vars.every((variable) => variable === undefined || variable.sigil === '$');
    if (right.type === 'variable' && right.sigil === '@' && right.name === '_' && whole) {
      const parts = left.vars.flatMap((variable, index) =>
        variable === undefined ? [] : [`${this.declare(variable).js} = args[${index}]`],
      );
      return [`let ${parts.join(', ')};`];
    }
    return [`${this.assignList(left, this.list(right))};`];
  }

  #jump(expr: Expr & { type: 'jump' }): string[] {
    if (this.frame.loops === 0)
      throw unsupported(expr.at, `${expr.how} outside of a loop of the same sub or block`, 'use return, or a loop');
    if (expr.label !== undefined && !this.frame.labels.includes(expr.label)) {
      throw syntaxError(expr.at, `no loop around here has the label ${expr.label}`);
    }
    const label = expr.label === undefined ? '' : ` ${expr.label}`;
    return [`${expr.how === 'next' ? 'continue' : 'break'}${label};`];
  }

  #return(expr: Expr & { type: 'return' }): string[] {
    if (!this.frame.canReturn)
      throw unsupported(expr.at, 'return from inside a block of map, grep, sort or do', 'use a foreach loop');
    if (expr.value === undefined) return [this.#emptyReturn()];
    const value = expr.value.type === 'list' && expr.value.items.length === 0 ? undefined : expr.value;
    return value === undefined ? [this.#emptyReturn()] : this.#giving(value);
  }

  #emptyReturn(): string {
    if (this.frame.mode === 'dynamic') return 'return want ? [] : undefined;';
    return this.frame.mode === 'list' ? 'return [];' : 'return undefined;';
  }

  /** Returns the value of an expression in the context that the caller wants. */
  #giving(expr: Expr): string[] {
    if (expr.type === 'list' && expr.items.length === 1) return this.#giving(expr.items[0] as Expr);
    if (this.frame.mode === 'list') return [`return ${this.list(expr)};`];
    const scalar = this.scalar(expr);
    if (this.frame.mode === 'scalar') return [`return ${scalar};`];
    if (!this.quietly(() => this.isMulti(expr)))
      return scalar.length > 40 ? [`return P.give(${scalar}, want);`] : [`return want ? [${scalar}] : ${scalar};`];
    return [`return want ? ${this.list(expr)} : ${scalar};`];
  }

  /** The last statement of a sub: its value is what the sub gives. */
  #tail(statement: Statement): string[] {
    if (statement.type === 'if') return this.#if(statement, (block) => this.bodyLines(block));
    if (statement.type === 'bare' && statement.label === undefined)
      return ['{', ...this.bodyLines(statement.body), '}'];
    if (statement.type !== 'expression') return [...this.#statement(statement), this.#emptyReturn()];
    const { expr } = statement;
    const control =
      expr.type === 'return' || expr.type === 'jump' || (expr.type === 'logical' && isControl(expr.right));
    if (control) return [...this.expressionLines(expr), ...(expr.type === 'logical' ? [this.#emptyReturn()] : [])];
    if (expr.type === 'my' || expr.type === 'local') return [...this.expressionLines(expr), this.#emptyReturn()];
    return this.#giving(expr);
  }
}

function isControl(expr: Expr): boolean {
  return expr.type === 'return' || expr.type === 'jump' || expr.type === 'do';
}

/** Whether the first parenthesis closes at the very end. */
function isWrapped(text: string): boolean {
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, (all) => '_'.repeat(all.length));
  let depth = 0;
  for (let at = 0; at < bare.length; at += 1) {
    if (bare[at] === '(') depth += 1;
    if (bare[at] === ')') depth -= 1;
    if (depth === 0 && at < bare.length - 1) return false;
  }
  return true;
}

function localOf(statement: Statement): { target: Expr; value: Expr | undefined } | undefined {
  if (statement.type !== 'expression') return undefined;
  const { expr } = statement;
  if (expr.type === 'local') return { target: expr.target, value: undefined };
  if (expr.type === 'assign' && expr.op === '' && expr.left.type === 'local')
    return { target: expr.left.target, value: expr.right };
  return undefined;
}
