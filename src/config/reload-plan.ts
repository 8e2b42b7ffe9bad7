import { isDeepStrictEqual } from 'node:util';
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
  const outputs = outputsChanged(running, fresh);
  const applied = [...new Set([...named(['in-place', 'source', 'sink', 'ends'], running), ...outputs])];
  // a broker of datagrams takes these away from the other end too
  const ends = running.settings.reliable !== fresh.settings.reliable || named(['ends'], running).length > 0;
  return {
    applied,
    pending: named(['restart'], start),
    source: ends || named(['source'], running).length > 0,
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

/** Blocks of outputs that were added, removed or changed, or stand in another order: `outgoing-queue audit`. */
function outputsChanged(
  { values: { outputs: before } }: RunConfiguration,
  { values: { outputs: after } }: RunConfiguration,
): string[] {
  const text = (outputs: typeof before) =>
    outputs.map(({ name, kind, options }) => ({
      block: `outgoing-${kind} ${name}`,
      options: JSON.stringify([...options].map(([option, { value }]) => [option, value]).sort()),
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
