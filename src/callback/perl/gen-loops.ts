import { GenExpressions } from './gen-expressions.js';
import { type Block, type Expr, type Statement, walk } from './tree.js';

/** Loops, and the places that a loop variable stands for. */
export abstract class GenLoops extends GenExpressions {
  abstract blockLines(block: Block): string[];
  abstract expressionLines(expr: Expr): string[];

  protected looped(body: Block, label: string | undefined): string[] {
    this.frame.loops += 1;
    if (label !== undefined) this.frame.labels.push(label);
    const lines = this.blockLines(body);
    if (label !== undefined) this.frame.labels.pop();
    this.frame.loops -= 1;
    return lines;
  }

  protected loop(statement: Statement & { type: 'while' | 'for' | 'foreach' }): string[] {
    if (statement.type === 'foreach') return this.inScope(() => this.#foreach(statement));
    const label = labelText(statement.label);
    return this.inScope(() => {
      if (statement.type === 'for') {
        const init = statement.init === undefined ? [] : this.expressionLines(statement.init);
        const test = statement.test === undefined ? '' : this.cond(statement.test);
        const step =
          statement.step === undefined
            ? ''
            : itemsText(statement.step)
                .map((item) => this.scalar(item))
                .join(', ');
        return [
          '{',
          ...this.pre.splice(0),
          ...init,
          `${label}for (; ${test}; ${step}) {`,
          ...this.looped(statement.body, statement.label),
          '}',
          '}',
        ];
      }
      const test = statement.test === undefined ? 'true' : this.cond(statement.test);
      if (statement.late)
        return [`${label}do {`, ...this.looped(statement.body, statement.label), `} while (${test});`];
      const after =
        statement.after === undefined ? '' : `(() => { ${this.blockLines(statement.after).join('\n')}\n})()`;
      const head = after === '' ? `while (${test}) {` : `for (; ${test}; ${after}) {`;
      return [label + head, ...this.looped(statement.body, statement.label), '}'];
    });
  }

  #foreach(statement: Statement & { type: 'foreach' }): string[] {
    const label = labelText(statement.label);
    const items = statement.list.type === 'list' ? statement.list.items : [statement.list];
    const { variable } = statement;
    if (variable === undefined || variable.name === '_') {
      const boxes = this.boxes(items, statement.body);
      const held = this.fresh('outer');
      const loop = [`${label}for (P.topic.box of ${boxes}) {`, ...this.looped(statement.body, statement.label), '}'];
      return ['{', `const ${held} = P.topic.box;`, 'try {', ...loop, '} finally {', `P.topic.box = ${held};`, '}', '}'];
    }
    if (!statement.mine) this.resolve(variable);
    const changes = changesVariable(statement.body, variable.name);
    const list = changes ? this.#boxList(items) : (this.#soleContainer(items) ?? `[${this.items(items)}]`);
    const name = this.fresh(`$${variable.name}`);
    this.bind(`$${variable.name}`, changes ? { js: `${name}.v`, box: name } : { js: name });
    return [`${label}for (const ${name} of ${list}) {`, ...this.looped(statement.body, statement.label), '}'];
  }

  #soleContainer(items: readonly Expr[]): string | undefined {
    const [only] = items;
    if (
      items.length !== 1 ||
      only === undefined ||
      (only.type !== 'variable' && only.type !== 'deref') ||
      only.sigil !== '@'
    )
      return undefined;
    return this.container(only, true);
  }

  boxes(items: readonly Expr[], body: Block | Expr): string {
    if (changesVariable(body, '_')) return this.#boxList(items);
    return `P.boxesOfList(${this.#soleContainer(items) ?? `[${this.items(items)}]`})`;
  }

  #boxList(items: readonly Expr[]): string {
    const parts = items.map((item) => {
      if ((item.type === 'variable' || item.type === 'deref') && item.sigil === '@')
        return `...P.boxesOf(${this.container(item, true)})`;
      if (item.type === 'builtin' && item.name === 'values' && item.args[0] !== undefined)
        return `...P.boxesOfValues(${this.container(item.args[0], true)})`;
      if (item.type === 'element' || (item.type === 'variable' && item.sigil === '$')) return this.boxOf(item);
      return `...P.boxesOfList(${this.list(item)})`;
    });
    return `[${parts.join(', ')}]`;
  }
}

export function labelText(label: string | undefined): string {
  return label === undefined ? '' : `${label}: `;
}

function itemsText(expr: Expr): readonly Expr[] {
  return expr.type === 'list' ? expr.items : [expr];
}

/** Whether the code may change `$name` in place: then the loop works on the elements themselves. */
function changesVariable(body: Block | Expr, name: string): boolean {
  let changes = false;
  const isIt = (expr: Expr | undefined): boolean => {
    if (expr === undefined) return name === '_';
    if (expr.type === 'list') return expr.items.some(isIt);
    return expr.type === 'variable' && expr.sigil === '$' && expr.name === name;
  };
  walk(body, (node) => {
    if (node.type === 'assign') changes ||= isIt(node.left);
    else if (node.type === 'step' || node.type === 'reference') changes ||= isIt(node.of);
    else if (node.type === 'substitute') changes ||= !node.pattern.flags.includes('r') && isIt(node.target);
    else if (node.type === 'transliterate') changes ||= isIt(node.target);
    else if (node.type === 'builtin' && (node.name === 'chomp' || node.name === 'chop' || node.name === 'substr'))
      changes ||= isIt(node.args[0]);
    return !changes;
  });
  return changes;
}
