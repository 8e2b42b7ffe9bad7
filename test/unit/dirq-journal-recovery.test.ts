import assert from 'node:assert/strict';
import { appendFileSync, existsSync, linkSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemFiles } from '../../src/dirq/file-system.js';
import { type Recovery, recoverJournals } from '../../src/dirq/journal-recovery.js';
import { QueueDirectory } from '../../src/dirq/queue-directory.js';
import { SimpleElements } from '../../src/dirq/simple-elements.js';
import { DEAD_PID, journalHead, journalName } from '../support/queue-journal.js';
import { tempFolder } from '../support/temp-folder.js';

const TIME = 1_700_000_000.000123;
const NAME = '5f000000/5f0000000000a1';
const OTHER = '5f000000/5f0000000000a2';

interface Case {
  readonly head?: string;
  readonly journal?: string;
  /** what stands after the first line */
  readonly lines?: string;
  /** the time of the element, and so of its lock */
  readonly lockTime?: number;
  /** the journal of a process that lives, as well: what stands after its first line */
  readonly livingLines?: string;
}

/** A queue with one locked element and one journal; `locked` afterwards? */
async function recover(
  t: { after(run: () => Promise<void>): void },
  {
    head = journalHead(),
    journal = journalName(DEAD_PID),
    lines = `@${TIME.toFixed(6)}\n${NAME}\n`,
    lockTime = TIME,
    livingLines,
  }: Case,
): Promise<Recovery & { locked: boolean; left: string[] }> {
  const path = await tempFolder(t);
  mkdirSync(join(path, '5f000000'));
  writeFileSync(join(path, NAME), 'x');
  linkSync(join(path, NAME), join(path, `${NAME}.lck`));
  utimesSync(join(path, NAME), lockTime, lockTime);
  writeFileSync(join(path, journal), head + lines);
  const living = journalName(process.ppid);
  if (livingLines !== undefined) writeFileSync(join(path, living), journalHead().replace(' 1 ', ' - ') + livingLines);
  const recovery = recoverIn(path);
  const left = readdirSync(path).filter((name) => name !== '5f000000');
  return { ...recovery, locked: existsSync(join(path, `${NAME}.lck`)), left };
}

function recoverIn(path: string): Recovery {
  return recoverJournals(path, systemFiles, new SimpleElements(new QueueDirectory(path, systemFiles, undefined)));
}

test('the locks of a dead process are removed, and its journal', async (t) => {
  assert.deepEqual(await recover(t, {}), { journals: 1, locks: 1, locked: false, left: [] });
});

test('so are those that it refreshed', async (t) => {
  const lines = `@1.000000\n${NAME}\n${OTHER}\n@${TIME.toFixed(6)}\n${NAME}\n`;
  assert.deepEqual(await recover(t, { lines }), { journals: 1, locks: 1, locked: false, left: [] });
});

test('a lock that another process took later stays', async (t) => {
  const { locked, left } = await recover(t, { lockTime: TIME + 1 });
  assert.equal(locked, true);
  assert.deepEqual(left, []);
});

test('a lock that another process had before stays', async (t) => {
  const now = Date.now() / 1000 + 60;
  const { locked } = await recover(t, { lines: `@${now.toFixed(6)}\n${NAME}\n`, lockTime: TIME });
  assert.equal(locked, true);
});

test('a lock made and not yet given its time is removed', async (t) => {
  const justNow = Date.now() / 1000 - 1;
  const { locked } = await recover(t, { lines: `@${justNow.toFixed(6)}\n${NAME}\n`, lockTime: TIME });
  assert.equal(locked, false);
});

test('a lock that a process took at the same moment, and that lives, stays', async (t) => {
  const moment = Date.now() / 1000 - 1;
  const lines = `@${moment.toFixed(6)}\n${NAME}\n`;
  const lockTime = moment + 0.001;
  assert.equal((await recover(t, { lines, lockTime })).locked, false, 'it looks like one not yet given its time');
  const livingLines = `@${lockTime.toFixed(6)}\n${NAME}\n`;
  assert.equal((await recover(t, { lines, lockTime, livingLines })).locked, true);
});

test('a lock that a living process wanted as well, and did not get, is removed', async (t) => {
  const moment = Date.now() / 1000 - 1;
  const lines = `@${moment.toFixed(6)}\n${NAME}\n`;
  const livingLines = `@${(moment + 0.5).toFixed(6)}\n${NAME}\n`;
  assert.equal((await recover(t, { lines, lockTime: TIME, livingLines })).locked, false);
});

test('but only one of the last batch', async (t) => {
  const justNow = Date.now() / 1000 - 1;
  const lines = `@${justNow.toFixed(6)}\n${NAME}\n@${(justNow + 0.1).toFixed(6)}\n${OTHER}\n`;
  assert.equal((await recover(t, { lines, lockTime: TIME })).locked, true);
});

test('a name that was cut off is ignored', async (t) => {
  const lines = `@${TIME.toFixed(6)}\n${OTHER}\n${NAME.slice(0, -1)}`;
  assert.deepEqual(await recover(t, { lines }), { journals: 1, locks: 0, locked: true, left: [] });
});

test('the journal of a live process stays, with its locks', async (t) => {
  const journal = journalName(process.ppid);
  const head = journalHead().replace(' 1 ', ' - ');
  assert.deepEqual(await recover(t, { journal, head }), { journals: 0, locks: 0, locked: true, left: [journal] });
});

test('a live process that started at another time is another process', async (t) => {
  assert.equal((await recover(t, { journal: journalName(process.ppid) })).locked, false);
});

test('after a restart of the machine every process is another', async (t) => {
  const head = journalHead('some-other-boot').replace(' 1 ', ' - ');
  assert.equal((await recover(t, { journal: journalName(process.ppid), head })).locked, false);
});

test('the journal of another host stays', async (t) => {
  const journal = journalName(DEAD_PID, 'elsewhere');
  assert.deepEqual(await recover(t, { journal }), { journals: 0, locks: 0, locked: true, left: [journal] });
});

test('a process of another namespace is dead only when silent', async (t) => {
  const head = journalHead().replace(/^(\S+ \S+) \d+/, '$1 1');
  assert.equal((await recover(t, { head })).locked, true);
  const path = await tempFolder(t);
  writeFileSync(join(path, journalName(DEAD_PID)), head);
  utimesSync(join(path, journalName(DEAD_PID)), TIME, TIME);
  assert.equal(recoverIn(path).journals, 1);
});

test('temporary files of a dead process are removed', async (t) => {
  const path = await tempFolder(t);
  mkdirSync(join(path, '5f000000'));
  writeFileSync(join(path, `${NAME}.tmp`), 'half');
  writeFileSync(join(path, journalName(DEAD_PID)), `${journalHead()}@1.000000\n${NAME}.tmp\n${OTHER}.tmp\n`);
  recoverIn(path);
  assert.deepEqual(readdirSync(join(path, '5f000000')), []);
});

test('what is claimed by a live process is left to it, what its claimer left behind is not', async (t) => {
  const claimed = `${journalName(DEAD_PID)}.claimed.${process.ppid}.-`;
  assert.deepEqual((await recover(t, { journal: claimed })).left, [claimed]);
  const orphaned = `${journalName(DEAD_PID)}.claimed.${DEAD_PID}.1`;
  assert.deepEqual(await recover(t, { journal: orphaned }), { journals: 1, locks: 1, locked: false, left: [] });
});

test('a journal that was being compacted is removed with the other', async (t) => {
  const path = await tempFolder(t);
  writeFileSync(join(path, journalName(DEAD_PID)), journalHead());
  writeFileSync(join(path, `${journalName(DEAD_PID)}.new`), journalHead());
  assert.equal(recoverIn(path).journals, 2);
  assert.deepEqual(readdirSync(path), []);
});

test('an empty journal belongs to whom its name says', async (t) => {
  assert.deepEqual((await recover(t, { head: '', lines: '', journal: journalName(process.ppid) })).left.length, 1);
  assert.deepEqual((await recover(t, { head: '', lines: '' })).left, []);
});

test('nothing outside the queue is touched, whatever a journal names', async (t) => {
  const path = join(await tempFolder(t), 'queue');
  mkdirSync(path);
  writeFileSync(join(path, '..', 'precious.tmp'), 'x');
  writeFileSync(join(path, 'precious.tmp'), 'x');
  const file = join(path, journalName(DEAD_PID));
  writeFileSync(file, `${journalHead()}@1.000000\n../precious.tmp\nprecious.tmp\n`);
  appendFileSync(file, '5f000000/../../precious.tmp\n');
  assert.equal(recoverIn(path).journals, 1);
  assert.equal(existsSync(join(path, '..', 'precious.tmp')), true);
  assert.equal(existsSync(join(path, 'precious.tmp')), true);
});
