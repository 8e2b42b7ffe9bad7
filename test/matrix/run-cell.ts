import { eventually } from '../support/eventually.js';
import { Account, type Verdict } from './account.js';
import type { BrokerHost } from './broker-host.js';
import { BrokerPlace } from './broker-place.js';
import { Cell, WINDOW } from './cell.js';
import { type Fault, faultsOf } from './fault.js';
import { FAULTS_OF_BROKERS } from './faults-of-brokers.js';
import { type PathName, routeOf } from './paths.js';
import type { QueueType } from './queue-place.js';

/** A strike may repeat what is unsettled of one source: the window, and the one message that may be parked. */
const DUPLICATES_A_STRIKE = WINDOW + 1;
const COMPLETE_MS = 120_000;

/** One cell of the matrix: faults, a path, a broker. */
export interface CellPlan {
  /** one, or two that strike at the same time */
  readonly faults: readonly Fault[];
  readonly path: PathName;
  readonly host: BrokerHost | undefined;
  readonly messages: number;
  readonly seed: number;
  /** of the queues */
  readonly type: QueueType;
}

export interface CellResult {
  readonly fault: string;
  readonly path: PathName;
  readonly broker: string;
  readonly seed: number;
  readonly strikes: number;
  readonly verdict: Verdict;
  readonly seconds: number;
  /** ends of stompctl that nobody asked for: exit code and error code of each */
  readonly ownEnds: readonly string[];
  /** what must not be so; empty: the cell is green */
  readonly wrong: readonly string[];
  /** the end of the agents' logs, when something is wrong */
  readonly log: string;
}

export async function runCell(plan: CellPlan): Promise<CellResult> {
  const { faults, path, host, messages, seed, type } = plan;
  const started = performance.now();
  const cell = await Cell.set({
    ...{ path, host, messages, seed, type },
    args: (folder) => faults.flatMap((fault) => fault.args?.(folder) ?? []),
    env: (folder) => Object.assign({}, ...faults.map((fault) => fault.env?.(folder) ?? {})),
    agents: Math.max(...faults.map((fault) => fault.agents ?? 1)),
  });
  const wrong: string[] = [];
  let strikes = 0;
  try {
    for (const fault of faults) await fault.prepare?.(cell);
    for (const place of [cell.source, ...cell.sinks]) if (place instanceof BrokerPlace) await place.declare();
    if (faults.some((fault) => fault.forgets === true)) await cell.host.keepQueues();
    cell.startAgents();
    // what strikes before the first message has arrived is a fault at the start: those have cells of their own
    const ready = Promise.all(cell.agents.map((agent) => agent.ready())).then(() => firstArrival(cell));
    const struck = ready.then(() => Promise.all(faults.map((fault) => fault.strike(cell))));
    await cell.load(struck);
    strikes = (await struck).reduce((sum, count) => sum + count, 0);
    await comeToRest(cell);
  } catch (error) {
    wrong.push(`the cell broke: ${textOf(error)}`);
    for (const agent of cell.agents) await agent.destroy();
    await countAll(cell).catch((also: unknown) => wrong.push(`and could not be counted: ${textOf(also)}`));
  }
  try {
    const verdict = cell.account.verdict();
    const ownEnds = cell.agents.flatMap((agent) => agent.ownEnds);
    wrong.push(...findings(verdict, plan, strikes), ...leftovers(cell));
    if (ownEnds.length > 0) wrong.push(`ended by itself: ${summary(ownEnds)}`);
    return {
      fault: faultsOf(plan),
      ...{ path, seed, strikes, verdict, wrong, ownEnds },
      broker: host?.name ?? '–',
      seconds: (performance.now() - started) / 1000,
      log: wrong.length === 0 ? '' : cell.agents.map((agent) => agent.tail).join('\n---\n'),
    };
  } finally {
    await cell.clean();
  }
}

type Broken = Pick<CellPlan, 'faults' | 'path' | 'type'> & { readonly broker: string | undefined };

/** The result of a cell that could not even be set up, or not be taken down. */
export function brokenCell(place: Broken, seed: number, error: unknown): CellResult {
  return {
    ...{ fault: faultsOf(place), path: place.path, broker: place.broker ?? '–', seed },
    ...{ strikes: 0, verdict: new Account().verdict(), seconds: 0, ownEnds: [], log: '' },
    wrong: [`the harness broke: ${textOf(error)}`],
  };
}

/** On the disk; a broker is not looked into before the end. */
async function firstArrival({ usualSinks }: Cell): Promise<void> {
  const disks = usualSinks.flatMap((sink) => (sink instanceof BrokerPlace ? [] : [sink]));
  if (disks.length === 0) return;
  const arrived = (): boolean => disks.some((disk) => disk.elements > 0);
  await eventually(arrived, { what: 'the first message arrives' });
}

/** Waits until every message has arrived, stops the agents, and counts. */
async function comeToRest(cell: Cell): Promise<void> {
  const { sinks, source, account } = cell;
  for (const sink of sinks) if (sink instanceof BrokerPlace) await sink.subscribe();
  const arrived = async (): Promise<boolean> => {
    for (const sink of sinks) await sink.look(50);
    cell.failures.look();
    return account.complete && (source instanceof BrokerPlace || source.elements === 0);
  };
  try {
    // as long as some arrive, on a busy machine more slowly, all may
    for (let all = false; !all; ) {
      const before = account.missing;
      const some = async (): Promise<boolean> => {
        all = await arrived();
        return all || account.missing < before;
      };
      await eventually(some, { deadlineMs: COMPLETE_MS, everyMs: 50, what: 'more messages arrive' });
    }
  } catch (error) {
    throw new Error(`${account.missing} of ${account.size} messages have not arrived`, { cause: error });
  }
  for (const agent of cell.agents) await agent.stop();
  await countAll(cell);
}

/** Looks everywhere, when nothing moves any more. */
async function countAll(cell: Cell): Promise<void> {
  cell.failures.look();
  for (const place of [...cell.sinks, cell.source]) {
    if (place instanceof BrokerPlace) await place.subscribe();
    await place.look();
  }
}

/**
 * How often one strike may repeat a message. From broker to broker it strikes two sessions: the sink's, which sends again
 * what has no receipt, and the source's, to which the broker then gives the same messages again. Of several outputs that
 * are all to have a message it is repeated in each that was struck.
 */
function copies(path: PathName, faults: readonly Fault[]): number {
  const { to, deliver } = routeOf(path);
  const struck = faults.every((fault) => FAULTS_OF_BROKERS.includes(fault)) ? to.filter((end) => end === 'broker') : to;
  const sessions = path === 'broker → broker' ? 2 : deliver === 'every' ? struck.length : 1;
  return sessions + (faults.some((fault) => fault.forgets === true) ? 1 : 0);
}

function findings(verdict: Verdict, { faults, path }: CellPlan, strikes: number): string[] {
  const wrong: string[] = [];
  if (verdict.lost.length > 0)
    wrong.push(`lost: ${verdict.lost.length}, such as ${verdict.lost.slice(0, 5).join(' ')}`);
  if (verdict.spoilt.length > 0) wrong.push(`spoilt: ${verdict.spoilt.slice(0, 5).join('; ')}`);
  if (verdict.atSource > 0) wrong.push(`left at the source: ${verdict.atSource}`);
  const most = faults.some((fault) => fault.repeats) ? strikes * copies(path, faults) * DUPLICATES_A_STRIKE : 0;
  if (verdict.duplicates > most)
    wrong.push(`duplicates: ${verdict.duplicates}, and ${strikes} strikes explain ${most}`);
  return wrong;
}

/** A clean stop leaves elements, and nothing else. */
function leftovers(cell: Cell): string[] {
  const places = [cell.source, ...cell.sinks, cell.failures];
  const left = places.flatMap((place) => (place instanceof BrokerPlace ? [] : place.leftovers()));
  return left.length === 0 ? [] : [`left on the disk: ${left.slice(0, 5).join(' ')}`];
}

export function summary(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => (count === 1 ? text : `${count} × ${text}`)).join(', ');
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${textOf(error.cause)}`;
}
