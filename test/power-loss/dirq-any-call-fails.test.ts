import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemFiles } from '../../src/base/file-system.js';
import { FailingFiles, type Failure } from '../support/failing-files.js';
import { FakeSource } from '../support/fake-ends.js';
import { textOf } from '../support/queue-ends.js';
import { DEAD_PID, journalHead, journalName } from '../support/queue-journal.js';
import { bodiesIn, bury, openFiles, runTransfer } from '../support/queue-run.js';
import { namesOf, QUEUE_TYPES, type QueueType, remains } from '../support/queue-types.js';
import { Random, testSeed } from '../support/random.js';
import { tempFolder } from '../support/temp-folder.js';
import { THOROUGH } from '../support/thorough.js';

/*
 * Whole runs, a sender's and a receiver's, in which each system call on a queue fails in turn. Afterwards nothing is lost,
 * spoilt, or there more often than one fault explains, no descriptor is open, and a run without faults finishes the work.
 */

const ERRNOS = ['EMFILE', 'ENFILE', 'ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EIO', 'ESTALE'];
const AFTER = ['EIO', 'ESTALE'];
const NUMBERS = ['0', '1', '2'];
const PAIRS = THOROUGH ? 300 : 10;

type DeadLetters = ReadonlyMap<number, Failure>;
type Sync = 'batch' | 'message' | 'none';

interface Scenario {
  readonly name: string;
  /** both, unless said */
  readonly types?: readonly string[];
  prepare(kind: QueueType, base: string): Promise<void>;
  run(kind: QueueType, base: string, failing: FailingFiles, sync: Sync): Promise<void>;
  /** what is still to be moved */
  left(kind: QueueType, base: string): string[];
}

const toOf = (base: string): string => join(base, 'to');
const fromOf = (base: string): string => join(base, 'from');

/** Elements, one of them locked by a process that is dead, which left a temporary element in the other queue. */
async function prepareQueues(kind: QueueType, base: string): Promise<void> {
  const queue = kind.open(fromOf(base));
  for (const number of NUMBERS) await queue.addMessage(textOf(number));
  const [name = ''] = await namesOf(queue);
  await queue.lock(name);
  const time = 1_700_000_000.000123;
  utimesSync(join(fromOf(base), name), time, time);
  writeFileSync(join(fromOf(base), journalName(DEAD_PID)), `${journalHead()}@${time.toFixed(6)}\n${name}\n`);
  await prepareSink(kind, base);
}

/** The same, whose elements have the rights that those of the other queue get: they need not be copied. */
async function prepareMove(kind: QueueType, base: string): Promise<void> {
  await prepareQueues(kind, base);
  for (const name of await namesOf(kind.open(fromOf(base)))) chmodSync(join(fromOf(base), name), 0o640);
}

async function prepareSink({ type }: QueueType, base: string): Promise<void> {
  const temporary = type === 'DQS' ? '5f000000/5f000000000001.tmp' : 'temporary/5f000000000001';
  mkdirSync(join(toOf(base), temporary, '..'), { recursive: true });
  if (type === 'DQN') mkdirSync(join(toOf(base), temporary));
  writeFileSync(join(toOf(base), type === 'DQS' ? temporary : `${temporary}/header`), 'half');
  writeFileSync(join(toOf(base), journalName(DEAD_PID)), `${journalHead()}@1.000000\n${temporary}\n`);
}

const fakes = new Map<string, FakeSource>();

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'from queue to queue',
    prepare: prepareQueues,
    run: async ({ type }, base, { files }, sync) => {
      await runTransfer({ type, from: fromOf(base), to: toOf(base), files, sync });
    },
    left: ({ type }, base) => bodiesIn(type, fromOf(base)),
  },
  {
    name: 'moved from queue to queue',
    types: ['DQS'],
    prepare: prepareMove,
    run: async ({ type }, base, { files }, sync) => {
      await runTransfer({ type, from: fromOf(base), to: toOf(base), files, sync });
    },
    left: ({ type }, base) => bodiesIn(type, fromOf(base)),
  },
  {
    name: 'into a queue',
    prepare: prepareSink,
    run: async ({ type }, base, { files }, sync) => {
      const before = fakes.get(base);
      const due = NUMBERS.filter((number) => before?.settledAs.get(number) !== 'ack');
      const from = new FakeSource(due.map(textOf));
      await runTransfer({ type, from, to: toOf(base), files, sync });
      for (const [number, how] of before?.settledAs ?? []) if (how === 'ack') from.settledAs.set(number, how);
      fakes.set(base, from);
    },
    left: (_kind, base) => NUMBERS.filter((number) => fakes.get(base)?.settledAs.get(number) !== 'ack'),
  },
];

let runs = 0;

/** One run with these failures, and one without. Resolves to how many calls the first made. */
async function fail(
  kind: QueueType,
  scenario: Scenario,
  base: string,
  failures: DeadLetters,
  sync: Sync = 'batch',
): Promise<number> {
  runs += 1;
  mkdirSync(base);
  await scenario.prepare(kind, base);
  const failing = new FailingFiles(failures);
  await scenario.run(kind, base, failing, sync);
  const told = [...failures].map(
    ([index, { errno, after }]) => `${errno}${after ? ' after' : ''} ${failing.calls[index]}`,
  );
  const where = `${kind.type}, ${scenario.name}, sync ${sync}, ${[...failures.keys()].join(' and ')}: ${told.join(' and ')}`;
  check(kind, scenario, base, failures.size, where);
  for (const path of [fromOf(base), toOf(base)]) settle(path, failures);
  const calm = new FailingFiles(new Map());
  await scenario.run(kind, base, calm, sync);
  check(kind, scenario, base, failures.size, `afterwards, ${where}`);
  assert.deepEqual(scenario.left(kind, base), [], `not finished, ${where}`);
  // what could not be removed is the purge's, once it is old: a sink does not purge
  const usual =
    failures.size > 1 ? /\.tmp$|^(?:temporary|obsolete)\/|\.lck$|\/locked$/ : /\.tmp$|^(?:temporary|obsolete)\//;
  assert.deepEqual(
    remains(toOf(base)).filter((name) => !usual.test(name)),
    [],
    where,
  );
  await rm(base, { recursive: true });
  fakes.delete(base);
  return failing.calls.length;
}

function check(kind: QueueType, scenario: Scenario, base: string, faults: number, where: string): void {
  const there = existing(kind, toOf(base));
  const left = scenario.left(kind, base);
  for (const number of NUMBERS) {
    const count = there.filter((body) => body === number).length;
    assert.ok(count > 0 || left.includes(number), `${number} is lost, ${where}`);
    assert.ok(count <= 1 + faults, `${number} is there ${count} times, ${where}`);
    assert.ok(left.filter((body) => body === number).length <= 1, `${number} is left twice, ${where}`);
  }
  for (const body of [...there, ...left]) assert.ok(NUMBERS.includes(body), `${body} is new, ${where}`);
  assert.deepEqual(openFiles(base), [], `left open, ${where}`);
}

function existing({ type }: QueueType, path: string): string[] {
  return systemFiles.statSync(path, { throwIfNoEntry: false }) === undefined ? [] : bodiesIn(type, path);
}

/** The process has ended. What it could not know it had locked, or not write down, is old enough for a purge. */
function settle(path: string, failures: DeadLetters): void {
  if (systemFiles.statSync(path, { throwIfNoEntry: false }) === undefined) return;
  bury(path);
  const known = failures.size === 1 && ![...failures.values()].some(({ after }) => after);
  if (known) return;
  const old = Date.now() / 1000 - 601;
  for (const name of systemFiles.readdirSync(path, { recursive: true, encoding: 'utf8' })) {
    if (/^[0-9a-f]{8}\/[0-9a-f]{14}(?:\.lck)?$/.test(name)) utimesSync(join(path, name), old, old);
  }
}

/** when thorough every call fails with every errno; otherwise each with one of them, in turn */
function failuresOf(index: number): Failure[] {
  const all = [...ERRNOS.map((errno) => ({ errno })), ...AFTER.map((errno) => ({ errno, after: true }))];
  return THOROUGH ? all : all.slice(index % all.length).slice(0, 1);
}

for (const kind of QUEUE_TYPES) {
  for (const scenario of SCENARIOS.filter(({ types }) => types?.includes(kind.type) !== false)) {
    test(`${kind.type}, ${scenario.name}: whichever call fails, nothing is lost, doubled, spoilt or left open`, async (t) => {
      const folder = await tempFolder(t);
      const calls = await fail(kind, scenario, join(folder, 'calm'), new Map());
      assert.ok(calls > 30, `${calls} calls`);
      for (let index = 0; index < calls; index += 1) {
        for (const failure of failuresOf(index)) {
          await fail(kind, scenario, join(folder, String(runs)), new Map([[index, failure]]));
        }
      }
      report(t, calls);
    });

    test(`${kind.type}, ${scenario.name}: the same with two failures`, async (t) => {
      const folder = await tempFolder(t);
      const seed = testSeed();
      t.diagnostic(`STOMPCTL_TEST_SEED=${seed}`);
      const random = new Random(seed);
      const calls = await fail(kind, scenario, join(folder, 'calm'), new Map());
      for (let count = 0; count < PAIRS; count += 1) {
        const failures = new Map<number, Failure>();
        while (failures.size < 2) {
          const after = random.fraction() < 0.2;
          failures.set(random.between(0, calls + 20), { errno: random.pick(after ? AFTER : ERRNOS), after });
        }
        await fail(
          kind,
          scenario,
          join(folder, String(runs)),
          failures,
          random.pick(['batch', 'message', 'none'] as const),
        );
      }
      report(t, calls);
    });
  }
}

function report(t: TestContext, calls: number): void {
  t.diagnostic(`${calls} calls a run, ${runs} runs so far`);
}
