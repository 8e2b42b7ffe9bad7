import { isDeepStrictEqual } from 'node:util';
import type { NamedEnd } from './options/named-ends.js';
import type { ReloadClass } from './options/option.js';
import { OPTION_TABLE } from './options/option-table.js';
import type { OptionValues } from './options/option-values.js';
import type { Settings } from './settings.js';

/** A configuration that a run can have. */
export interface RunConfiguration {
  readonly values: OptionValues;
  readonly settings: Settings;
}

/** What a reload changes: names of options, in the order of the table. */
export interface ReloadPlan {
  /** what counts from now on */
  readonly applied: readonly string[];
  /** what waits for a restart */
  readonly pending: readonly string[];
  /** is this end made anew? */
  readonly source: boolean;
  readonly sink: boolean;
}

/**
 * Compares what a run has with what its configuration says now. `start` is what the process was started with: what
 * needs a restart differs from that until there is one.
 */
export function reloadPlan(start: RunConfiguration, running: RunConfiguration, fresh: RunConfiguration): ReloadPlan {
  const named = (wanted: readonly ReloadClass[], from: RunConfiguration) =>
    OPTION_TABLE.filter(({ reload, name }) => wanted.includes(reload) && differs(name, from, fresh)).map(
      ({ name }) => name,
    );
  const inputs = endsChanged(running.values.inputs, fresh.values.inputs);
  const outputs = endsChanged(running.values.outputs, fresh.values.outputs);
  const applied = [...new Set([...named(['in-place', 'source', 'sink', 'ends'], running), ...inputs, ...outputs])];
  // a broker of datagrams takes these away from the other end too
  const ends = running.settings.reliable !== fresh.settings.reliable || named(['ends'], running).length > 0;
  return {
    applied,
    pending: named(['restart'], start),
    source: ends || named(['source'], running).length > 0 || inputs.length > 0,
    sink:
      ends ||
      named(['sink'], running).length > 0 ||
      outputs.length > 0 ||
      repliesMoved(running.settings, fresh.settings),
  };
}

/** The replies of a command go to the incoming broker. */
function repliesMoved({ sink: before }: Settings, { sink: after }: Settings): boolean {
  return (after.kind === 'command' || after.kind === 'several') && !isDeepStrictEqual(before, after);
}

/** Tables come without a prototype: they cannot be compared as texts, which is what a sort of its own does. */
function byName(options: NamedEnd['options']): unknown[] {
  const plain = [...options].map(([option, { value }]) => ({ option, value }));
  return plain.sort((a, b) => (a.option < b.option ? -1 : 1));
}

/** Blocks of inputs, or outputs, that were added, removed or changed, or stand in another order: `outgoing-queue audit`. */
function endsChanged(before: readonly NamedEnd[], after: readonly NamedEnd[]): string[] {
  const text = (ends: readonly NamedEnd[]) =>
    ends.map(({ name, side, kind, options }) => ({
      block: `${side}-${kind} ${name}`,
      options: JSON.stringify(byName(options)),
    }));
  const [old, fresh] = [text(before), text(after)];
  if (isDeepStrictEqual(old, fresh)) return [];
  const same = (a: (typeof old)[number]) => (b: typeof a) => isDeepStrictEqual(a, b);
  const changed = [...fresh.filter((each) => !old.some(same(each))), ...old.filter((each) => !fresh.some(same(each)))];
  return [...new Set((changed.length === 0 ? fresh : changed).map(({ block }) => block))];
}

function differs(name: string, before: RunConfiguration, after: RunConfiguration): boolean {
  if (!isDeepStrictEqual(plain(before.values.value(name)), plain(after.values.value(name)))) return true;
  // the same path, another text in its file
  return name === 'callback-path' && codeOf(before) !== codeOf(after);
}

function codeOf({ settings: { callback } }: RunConfiguration): string | undefined {
  return callback?.fromPath === true ? callback.code : undefined;
}

/** Tables come with and without a prototype. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
