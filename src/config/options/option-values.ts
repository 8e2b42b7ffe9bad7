import type { NamedEnd } from './named-ends.js';
import type { OptionRow } from './option.js';
import { isProblem, type OptionValue, type ReadOption, readOption, type Table } from './option-reader.js';
import { OPTION_TABLE } from './option-table.js';
import type { RuleList } from './rewrite-option.js';

const DEFAULTS = new Map<string, OptionValue>();
for (const row of OPTION_TABLE) {
  const value = defaultOf(row);
  if (value !== undefined) DEFAULTS.set(row.name, value);
}

function defaultOf(row: OptionRow): OptionValue | undefined {
  if (row.default === undefined) return undefined;
  const origin = { file: 'default', line: 0 };
  const read = readOption(row, { kind: 'scalar', value: row.default, origin, textLine: 0 });
  return isProblem(read) ? undefined : read.value;
}

/** Validated option values with the table's defaults behind them. Asking for a value of another kind is a fault. */
export class OptionValues {
  readonly given: ReadonlyMap<string, ReadOption>;

  /** when there are several: then `given` has none of their options */
  readonly inputs: readonly NamedEnd[];
  /** when there are several, or `deliver` is given: then `given` has none of their options */
  readonly outputs: readonly NamedEnd[];

  constructor(
    given: ReadonlyMap<string, ReadOption>,
    {
      inputs = [],
      outputs = [],
    }: { readonly inputs?: readonly NamedEnd[]; readonly outputs?: readonly NamedEnd[] } = {},
  ) {
    this.given = given;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** A configuration for each input, with that one alone; without several, this one. */
  eachInput(): OptionValues[] {
    if (this.inputs.length === 0) return [this];
    return this.inputs.map((end) => this.#withAlone(end, { outputs: this.outputs }));
  }

  /** The same for each output. */
  eachOutput(): OptionValues[] {
    if (this.outputs.length === 0) return [this];
    return this.outputs.map((end) => this.#withAlone(end, { inputs: this.inputs }));
  }

  /** The same for each input together with each output. */
  each(): OptionValues[] {
    return this.eachInput().flatMap((values) => values.eachOutput());
  }

  #withAlone({ options }: NamedEnd, others: ConstructorParameters<typeof OptionValues>[1]): OptionValues {
    return new OptionValues(new Map([...this.given, ...options]), others);
  }

  /** Everything that was given, wherever. */
  allGiven(): ReadOption[] {
    const ofEnds = [...this.inputs, ...this.outputs].flatMap(({ options }) => [...options.values()]);
    return [...this.given.values(), ...ofEnds];
  }

  /** Is it given, by itself or for one of several inputs or outputs? */
  hasAnywhere(name: string): boolean {
    return this.has(name) || [...this.inputs, ...this.outputs].some(({ options }) => options.has(name));
  }

  has(name: string): boolean {
    return this.given.has(name);
  }

  /** As given or by default, of whatever kind. */
  value(name: string): OptionValue | undefined {
    return this.given.get(name)?.value ?? DEFAULTS.get(name);
  }

  flag(name: string): boolean {
    return this.value(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** The number; undefined when neither given nor defaulted, or when it is 0 and 0 stands for that. */
  number(name: string): number | undefined {
    const value = this.value(name);
    if (typeof value !== 'number') return undefined;
    const row = this.given.get(name)?.row;
    if (value !== 0 || row?.zero === undefined) return value;
    const fallback = DEFAULTS.get(name);
    return row.zero === 'default' && typeof fallback === 'number' ? fallback : undefined;
  }

  /** A number that always has a value, since the table has a default for it. */
  definite(name: string): number {
    return this.number(name) ?? 0;
  }

  words(name: string): readonly string[] {
    const value = this.value(name);
    return Array.isArray(value) ? (value as string[]) : [];
  }

  table(name: string): Table | undefined {
    const value = this.value(name);
    return typeof value === 'object' && !Array.isArray(value) ? (value as Table) : undefined;
  }

  tables(name: string): readonly Table[] {
    const value = this.value(name);
    return Array.isArray(value) ? (value as Table[]) : [];
  }

  rules(name: string): RuleList | undefined {
    const value = this.value(name);
    return typeof value === 'object' && 'rules' in value ? (value as RuleList) : undefined;
  }
}
