/** The headings under which `--help`, the manual and the reference list the options, in this order. */
export const OPTION_GROUPS = {
  source: 'Where messages come from',
  sink: 'Where messages go',
  callback: 'Callback',
  limits: 'How much and how long',
  safety: 'Safety',
  connection: 'Connections',
  timeouts: 'Time-outs',
  process: 'Process',
  logging: 'Logging and metrics',
  help: 'Configuration and help',
} as const;

export type OptionGroup = keyof typeof OPTION_GROUPS;

/**
 * What a reload does about an option whose value has changed:
 *
 * - `in-place`: it counts from then on, and both ends stay open
 * - `source`, `sink`, `ends`: that end, or both, are drained, closed and opened anew, in the same process
 * - `restart`: it waits for the next start, and the reload says so
 * - `command-line`: it belongs to the command line, which a reload does not read again
 */
export type ReloadClass = 'in-place' | 'source' | 'sink' | 'ends' | 'restart' | 'command-line';

/**
 * The shapes an option's value has.
 *
 * - `flag`: command line only, no value, cannot be negated (`--help`)
 * - `boolean`: `true false 1 0`; on the command line `--name` and `--no-name`
 * - `count`: a small number; on the command line given several times
 * - `number`: see `unit`, `integer`, `min`, `max`; of unit `seconds` also as people write times, such as `5m`
 * - `size`: bytes, with an optional `KiB`, `MiB` or `GiB`
 * - `text`, `choice` (one of `choices`), `choices` (words among `choices`)
 * - `table`: `KEY=VALUE …` or a block; `tables`: several of them
 * - `credentials`: `SCHEME key=value …` or a block, several of them
 * - `rules`: the block, or blocks, of `rewrite`
 */
export type OptionKind =
  | 'flag'
  | 'boolean'
  | 'count'
  | 'number'
  | 'size'
  | 'text'
  | 'choice'
  | 'choices'
  | 'table'
  | 'tables'
  | 'credentials'
  | 'rules';

/** What a number must be. Also used for the keys of a table. */
export interface NumberLimits {
  readonly integer?: boolean;
  readonly min?: number;
  readonly max?: number;
  /** what 0 stands for: itself (when absent), the default, or `off` */
  readonly zero?: 'default' | 'off';
}

/** A key of a table whose keys are known, such as `path` of a queue. */
export interface TableKey extends NumberLimits {
  readonly name: string;
  /** `share`: bytes as a `size`, or a percentage */
  readonly kind: 'text' | 'integer' | 'choice' | 'size' | 'share';
  readonly choices?: readonly string[];
  readonly required?: boolean;
  /** not required when another key has this value */
  readonly unless?: { readonly key: string; readonly is: string };
  readonly default?: string;
  /** also as people write times, such as `10m` */
  readonly unit?: 'seconds';
  readonly doc: string;
}

/** One row of the option table. Everything that is known about an option stands here. */
export interface OptionRow extends NumberLimits {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly kind: OptionKind;
  readonly group: OptionGroup;
  readonly reload: ReloadClass;
  /** one sentence: what it does */
  readonly doc: string;
  /** what the reference says besides: rules, surprises */
  readonly notes?: string;
  /** the placeholder for its value in `--help` */
  readonly value?: string;
  readonly unit?: 'seconds' | 'messages' | 'attempts';
  readonly choices?: readonly string[];
  /** of kind `choices`: a word may say `=1` or `=0` */
  readonly switches?: boolean;
  /** the keys a table may have; absent: any */
  readonly keys?: readonly TableKey[];
  /** the default, written as a user would */
  readonly default?: string;
  /** the default in words, where it depends on other options */
  readonly defaultNote?: string;
  /** unknown to stompclt 1.8 */
  readonly added?: boolean;
  readonly commandLineOnly?: boolean;
  readonly fileOnly?: boolean;
}
