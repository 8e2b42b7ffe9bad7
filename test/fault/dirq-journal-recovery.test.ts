import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import { type Recovery, type RecoveryOptions, recoverJournals } from '../../src/dirq/journal/journal-recovery.js';
import { QueueDirectory } from '../../src/dirq/queue-directory.js';
import { SimpleElements } from '../../src/dirq/simple-elements.js';
import { DEAD_PID, journalHead, journalName } from '../support/queue-journal.js';
import { tempFolder } from '../support/temp-folder.js';
import { WatchedFiles } from '../support/watched-files.js';

const TIME = 1_700_000_000.000123;
const NAME = '5f000000/5f0000000000a1';
const OTHER = '5f000000/5f0000000000a2';
const OTHER_MACHINE = '0'.repeat(32);

interface Case {
  readonly head?: string;
  readonly journal?: string;
  /** what stands after the first line */
  readonly lines?: string;
  /** the time of the element, and so of its lock */
  readonly lockTime?: number;
  /** the journal of a process that lives, as well: what stands after its first line */
  readonly livingLines?: string;
  /** how long nobody has written to the journal */
  readonly silentSeconds?: number;
  readonly maxLock?: number;
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
    silentSeconds = 0,
    maxLock = 600,
  }: Case,
): Promise<Recovery & { locked: boolean; left: string[] }> {
  const path = await tempFolder(t);
  mkdirSync(join(path, '5f000000'));
  writeFileSync(join(path, NAME), 'x');
  linkSync(join(path, NAME), join(path, `${NAME}.lck`));
  utimesSync(join(path, NAME), lockTime, lockTime);
  writeFileSync(join(path, journal), head + lines);
  const written = Date.now() / 1000 - silentSeconds;
  utimesSync(join(path, journal), written, written);
  const living = journalName(process.ppid);
  if (livingLines !== undefined) writeFileSync(join(path, living), journalHead().replace(' 1 ', ' - ') + livingLines);
  const recovery = recoverIn(path, systemFiles, { maxLock });
  const left = readdirSync(path).filter((name) => name !== '5f000000');
  return { ...recovery, locked: existsSync(join(path, `${NAME}.lck`)), left };
}

function recoverIn(path: string, files: FileSystem = systemFiles, options: RecoveryOptions = {}): Recovery {
  return recoverJournals(path, files, new SimpleElements(new QueueDirectory(path, files, undefined)), options);
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
  const head = journalHead('some-other-boot', OTHER_MACHINE);
  assert.deepEqual(await recover(t, { journal, head }), { journals: 0, locks: 0, locked: true, left: [journal] });
});

test('so does that of another machine of the same name', async (t) => {
  const journal = journalName(DEAD_PID);
  const head = journalHead('some-other-boot', OTHER_MACHINE);
  assert.deepEqual(await recover(t, { journal, head }), { journals: 0, locks: 0, locked: true, left: [journal] });
});

test("after maxlock in silence its journal goes, its locks are the purge's", async (t) => {
  for (const host of ['elsewhere', undefined]) {
    const journal = journalName(DEAD_PID, host);
    const head = journalHead('some-other-boot', OTHER_MACHINE);
    const silentSeconds = 601;
    const gone = { journals: 0, locks: 0, locked: true, left: [] };
    assert.deepEqual(await recover(t, { journal, head, silentSeconds }), gone);
    const kept = { ...gone, left: [journal] };
    assert.deepEqual(await recover(t, { journal, head, silentSeconds, maxLock: 0 }), kept);
    assert.deepEqual(await recover(t, { journal, head, silentSeconds: 590 }), kept);
  }
});

test('a container of this machine, whatever its name, is recovered once it is silent', async (t) => {
  const journal = journalName(1, '4f66ad9a0b2e');
  const head = journalHead(undefined, OTHER_MACHINE).replace(/^(\S+ \S+) \d+/, '$1 1');
  assert.equal((await recover(t, { journal, head })).locked, true);
  assert.deepEqual(await recover(t, { journal, head, silentSeconds: 121 }), {
    journals: 1,
    locks: 1,
    locked: false,
    left: [],
  });
});

test('a dead process of this machine is recovered under another host name too', async (t) => {
  assert.equal((await recover(t, { journal: journalName(DEAD_PID, 'renamed') })).locked, false);
});

test('without a machine-id another boot is dead only when silent', async (t) => {
  const head = journalHead('some-other-boot', '-');
  assert.equal((await recover(t, { head })).locked, true);
  assert.equal((await recover(t, { head, silentSeconds: 121 })).locked, false);
  const earlier = head.replace(' -\n', '\n');
  assert.equal((await recover(t, { head: earlier })).locked, true);
  assert.equal((await recover(t, { head: earlier, silentSeconds: 121 })).locked, false);
});

for (const operation of ['openSync', 'renameSync'] as const) {
  for (const errno of ['EACCES', 'EPERM', 'EIO']) {
    test(`a journal where ${operation} fails with ${errno} keeps nobody from the others`, async (t) => {
      const path = await tempFolder(t);
      const journals = ['a', 'b'].map((host) => journalName(DEAD_PID, host));
      for (const journal of journals) writeFileSync(join(path, journal), journalHead());
      const files = {
        ...systemFiles,
        [operation]: (file: string, ...rest: never[]): unknown => {
          if (file.includes('stompctl.a.')) throw Object.assign(new Error(errno), { code: errno });
          return (systemFiles[operation] as (file: string, ...rest: never[]) => unknown)(file, ...rest);
        },
      };
      const failed: unknown[] = [];
      const recovery = recoverIn(path, files, { failed: (error) => failed.push(error) });
      assert.equal(recovery.journals >= 1, true);
      assert.deepEqual(readdirSync(path), [journals[0]]);
      assert.equal(failed.length, errno === 'EIO' ? 1 : 0, "another user's is no failure of ours");
    });
  }
}

test('what has the name of a journal and is none is left alone, and not waited for', async (t) => {
  const path = await tempFolder(t);
  execFileSync('mkfifo', [join(path, journalName(DEAD_PID, 'pipe'))]);
  mkdirSync(join(path, journalName(DEAD_PID, 'folder')));
  symlinkSync('/dev/zero', join(path, journalName(DEAD_PID, 'link')));
  const before = readdirSync(path);
  assert.deepEqual(recoverIn(path), { journals: 0, locks: 0 });
  assert.deepEqual(readdirSync(path), before);
});

test('what an error interrupted is taken up again', async (t) => {
  const path = await tempFolder(t);
  mkdirSync(join(path, '5f000000'));
  for (const name of [NAME, OTHER]) {
    writeFileSync(join(path, name), 'x');
    linkSync(join(path, name), join(path, `${name}.lck`));
    utimesSync(join(path, name), TIME, TIME);
  }
  writeFileSync(join(path, journalName(DEAD_PID)), `${journalHead()}@${TIME.toFixed(6)}\n${NAME}\n${OTHER}\n`);
  const watched = new WatchedFiles(path);
  watched.fault = (operation, name) => (operation === 'unlink' && name === `${NAME}.lck` ? 'EIO' : undefined);
  const failed: unknown[] = [];
  assert.equal(recoverIn(path, watched.files, { failed: (error) => failed.push(error) }).locks, 1);
  assert.equal(failed.length, 1);
  assert.equal(recoverIn(path).locks, 1);
  assert.deepEqual(readdirSync(path), ['5f000000']);
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
