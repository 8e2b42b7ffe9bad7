import type { Random } from '../support/random.js';
import type { Change, DiskModel, Left, Outcome } from './disk-model.js';
import type { HandOvers } from './frames.js';
import { storedMessages } from './stored-messages.js';

export interface Expectation {
  /** id to body of every message that was put in */
  readonly messages: ReadonlyMap<string, Buffer>;
  /** a broker had them all at the beginning */
  readonly fromBroker: boolean;
  readonly handOvers: HandOvers;
}

export interface Effort {
  /** at each moment: so many changes undone alone, kept alone, and random sets */
  readonly singles: number;
  readonly random: number;
}

export interface Findings {
  readonly outcomes: number;
  /** the first of each kind, with the moment */
  readonly wrong: readonly string[];
}

/** what tells one finding from another of its kind */
const NUMBERS = /m\d+|[0-9a-f]{8,}|\d+ bytes/g;

/**
 * Loses power at every moment of a trace, with all, none, each and random sets of what was not safe; after each, every
 * message must be whole in a queue or be the broker's, and nothing half-written may have the name of an element.
 */
export function checkOutcomes(model: DiskModel, expected: Expectation, random: Random, effort: Effort): Findings {
  const wrong = new Map<string, string>();
  let outcomes = 0;
  for (let end = 0; end <= model.events; end += 1) {
    const pending = model.pending(end);
    for (const left of choices(pending, random, effort)) {
      outcomes += 1;
      for (const text of problems(model.after(end, left), expected, end)) {
        const kind = text.replace(NUMBERS, '…');
        if (!wrong.has(kind)) wrong.set(kind, `power lost before event ${end}: ${text}; ${explain(pending, left)}`);
      }
    }
  }
  return { outcomes, wrong: [...wrong.values()] };
}

/** What of the pending changes had reached the disk, and what had not. */
function explain(pending: readonly Change[], left: (change: Change) => Left): string {
  const list = (wanted: Left): string =>
    pending
      .filter((change) => left(change) === wanted)
      .map((change) => `${change.at} ${change.kind === 'data' ? 'bytes' : change.name}`)
      .join(', ');
  return `on the disk: ${list('all')}; half: ${list('half')}; not: ${list('none')}`;
}

export type Choice = (change: Change) => Left;

export function* choices(pending: readonly Change[], random: Random, effort: Effort): Generator<Choice> {
  yield () => 'none';
  if (pending.length === 0) return;
  yield () => 'all';
  yield () => 'half';
  for (const alone of some(pending, random, effort.singles)) {
    yield (change) => (change === alone ? 'none' : 'all');
    yield (change) => (change === alone ? 'all' : 'none');
  }
  for (let count = 0; count < effort.random; count += 1) yield anyOf(pending, random);
}

function anyOf(pending: readonly Change[], random: Random): Choice {
  const lefts = new Map(pending.map((change) => [change, random.pick(['all', 'none', 'half'] as const)]));
  return (change) => lefts.get(change) ?? 'all';
}

/** All of them when there are few; otherwise the newest, and others by chance. */
function some(pending: readonly Change[], random: Random, most: number): readonly Change[] {
  if (pending.length <= most) return pending;
  const newest = pending.slice(-(most >> 1));
  return [...newest, ...Array.from({ length: most - newest.length }, () => random.pick(pending))];
}

export function problems(outcome: Outcome, expected: Expectation, end: number): string[] {
  const found: string[] = [];
  const whole = new Set<string>();
  for (const { path, id, body } of storedMessages(outcome)) {
    const wanted = id === undefined ? undefined : expected.messages.get(id);
    if (id !== undefined && wanted?.equals(body) === true) whole.add(id);
    else {
      found.push(`${kindOf(path)} has an element that is no whole message: ${path}, ${id}, ${body.length} bytes`);
    }
  }
  const { acknowledged, received } = expected.handOvers;
  for (const id of expected.messages.keys()) {
    const atSource = expected.fromBroker && (acknowledged.get(id) ?? Number.POSITIVE_INFINITY) >= end;
    const atSink = (received.get(id) ?? Number.POSITIVE_INFINITY) < end;
    if (!whole.has(id) && !atSource && !atSink) found.push(`${id} is lost`);
  }
  return found;
}

function kindOf(path: string): string {
  return path.slice(0, path.indexOf('/'));
}
