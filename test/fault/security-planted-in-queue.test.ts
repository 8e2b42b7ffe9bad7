import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemFiles } from '../../src/base/file-system.js';
import type { ElementStore } from '../../src/dirq/element-store.js';
import { recoverJournals } from '../../src/dirq/journal/journal-recovery.js';
import { journalPath, LockJournal } from '../../src/dirq/journal/lock-journal.js';
import { NormalQueue } from '../../src/dirq/normal-queue.js';
import { QueueDirectory } from '../../src/dirq/queue-directory.js';
import { queueKind } from '../../src/dirq/queue-kind.js';
import { resolveQueueOptions } from '../../src/dirq/queue-options.js';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { bodies, openSource, takeAll, textOf } from '../support/queue-ends.js';
import { DEAD_PID, journalHead, journalName } from '../support/queue-journal.js';
import { QUEUE_TYPES } from '../support/queue-types.js';
import { tempFolder } from '../support/temp-folder.js';

const ELEMENT = '5f000000/5f000000000001';
const FILE = '5f000000000009';
const LONG_AGO = Date.now() / 1000 - 100_000;

/** A queue that somebody else may write to, and a folder of another that only this process may. */
async function set(t: TestContext): Promise<{ queue: string; victim: string; untouched: () => void }> {
  const folder = await tempFolder(t);
  const [queue, victim] = [join(folder, 'queue'), join(folder, 'victim')];
  for (const path of [join(queue, '5f000000'), victim]) mkdirSync(path, { recursive: true });
  const files = { [FILE]: '{"body":"precious"}', [`${FILE}.lck`]: '', [`${FILE}.tmp`]: 'half', precious: 'text' };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(victim, name), text);
    utimesSync(join(victim, name), LONG_AGO, LONG_AGO);
  }
  const untouched = () => {
    const now = readdirSync(victim).map((name) => [name, readFileSync(join(victim, name), 'utf8')] as const);
    assert.deepEqual(Object.fromEntries(now), files, 'the files of the other are as they were');
  };
  return { queue, victim, untouched };
}

describe('what is planted as an element is not taken, and keeps nobody from the others', () => {
  const plant: Readonly<Record<string, (path: string, victim: string) => void>> = {
    'a symbolic link to a message': (path, victim) => symlinkSync(join(victim, FILE), path),
    'a symbolic link to /etc/passwd': (path) => symlinkSync('/etc/passwd', path),
    'a symbolic link to nowhere': (path) => symlinkSync('nowhere', path),
    'a symbolic link to a device without end': (path) => symlinkSync('/dev/zero', path),
    'a symbolic link to a folder': (path, victim) => symlinkSync(victim, path),
    'a FIFO': (path) => execFileSync('mkfifo', [path]),
    'a folder': (path) => mkdirSync(path),
    'a socket': (path) =>
      execFileSync('python3', ['-c', 'import socket,sys; socket.socket(1).bind(sys.argv[1])', path]),
  };
  for (const [what, put] of Object.entries(plant)) {
    it(what, async (t) => {
      const { queue, victim, untouched } = await set(t);
      put(join(queue, ELEMENT), victim);
      await new SimpleQueue({ path: queue }).addMessage(textOf('good'));
      const { source, events } = await openSource(t, { path: queue });
      assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), ['good']);
      assert.deepEqual(
        events.rejectedAs.map(({ name, reason }) => [name, reason.code]),
        [[ELEMENT, 'ELEMENT_UNREADABLE']],
      );
      untouched();
    });
  }

  it('a FIFO and a link as the files of an element of type DQN', async (t) => {
    const { queue, victim, untouched } = await set(t);
    const dqn = new NormalQueue({ path: queue });
    for (const [name, file] of [
      ['5f000000/5f000000000001', 'text'],
      ['5f000000/5f000000000002', 'header'],
    ] as const) {
      mkdirSync(join(queue, name), { recursive: true });
      if (file === 'text') writeFileSync(join(queue, name, 'header'), 'a\tb\n');
      if (file === 'text') symlinkSync(join(victim, 'precious'), join(queue, name, file));
      else execFileSync('mkfifo', [join(queue, name, file)]);
    }
    await dqn.addMessage(textOf('good'));
    const { source, events } = await openSource(t, { path: queue, type: 'DQN' });
    const seen = bodies(await takeAll(source, (delivery) => delivery.ack()));
    assert.ok(seen.includes('good'), seen.join());
    assert.ok(!seen.some((body) => body.includes('text')), 'nothing behind the link is read');
    assert.ok(events.rejectedAs.some(({ name }) => name === '5f000000/5f000000000001'));
    untouched();
  });

  it('a hard link to a file that is no message: it stays as it is, and no byte of it is told', async (t) => {
    const { queue, victim, untouched } = await set(t);
    linkSync(join(victim, 'precious'), join(queue, ELEMENT));
    const { source, events } = await openSource(t, { path: queue });
    assert.deepEqual(await takeAll(source, (delivery) => delivery.ack()), []);
    const [{ reason } = assert.fail('nothing was told')] = events.rejectedAs;
    assert.equal(reason.code, 'ELEMENT_UNDECODABLE');
    assert.ok(!reason.message.includes('"text'), reason.message);
    untouched();
  });
});

describe('an intermediate folder that is a symbolic link leads nobody out of the queue', () => {
  for (const { type, open } of QUEUE_TYPES) {
    it(`${type}: its elements are not taken, counted or purged`, async (t) => {
      const { queue, victim, untouched } = await set(t);
      symlinkSync(victim, join(queue, '5e000000'));
      const opened = open(queue);
      const { source } = await openSource(t, { path: queue, type });
      assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), []);
      assert.equal(await opened.count(), 0);
      await opened.purge({ maxLock: 1, maxTemp: 1 });
      untouched();
      assert.ok(existsSync(join(queue, '5e000000')), 'it is not ours to remove');
    });
  }

  it('DQS: no message is written through it', async (t) => {
    const { queue, victim, untouched } = await set(t);
    // one folder for the next years
    const simple = new SimpleQueue({ path: queue, granularity: 2_000_000_000 });
    symlinkSync(victim, join(queue, '00000000'));
    await assert.rejects(simple.addMessage(textOf('x')), { code: 'QUEUE_IO', message: /symbolic link.*remove it/ });
    untouched();
  });

  it('DQN: no message is written through it', async (t) => {
    const { queue, victim, untouched } = await set(t);
    const normal = new NormalQueue({ path: queue, maxElts: 1 });
    await normal.addMessage(textOf('first'));
    await normal.addMessage(textOf('second'));
    const [last = ''] = readdirSync(queue)
      .filter((name) => name.startsWith('5f'))
      .sort()
      .reverse();
    const next = (Number.parseInt(last, 16) + 1).toString(16);
    symlinkSync(victim, join(queue, next));
    await assert.rejects(new NormalQueue({ path: queue, maxElts: 1 }).addMessage(textOf('x')), { code: 'QUEUE_IO' });
    untouched();
  });

  for (const folder of ['temporary', 'obsolete']) {
    it(`DQN: ${folder} that is one is refused`, async (t) => {
      const { queue, victim, untouched } = await set(t);
      symlinkSync(victim, join(queue, folder));
      await assert.rejects(new NormalQueue({ path: queue }).addMessage(textOf('x')), { code: 'QUEUE_INVALID' });
      untouched();
    });
  }
});

function elementsOf(path: string, type: 'DQS' | 'DQN'): ElementStore {
  return queueKind(new QueueDirectory(path, systemFiles, undefined), resolveQueueOptions({ path, type })).elements;
}

describe('a journal that somebody forged', () => {
  const forge = (queue: string, name: string) =>
    writeFileSync(join(queue, journalName(DEAD_PID)), `${journalHead()}@${LONG_AGO.toFixed(6)}\n${name}\n`);

  it('frees no lock and removes no file behind a link', async (t) => {
    const { queue, victim, untouched } = await set(t);
    symlinkSync(victim, join(queue, '5e000000'));
    forge(queue, `5e000000/${FILE}\n5e000000/${FILE}.tmp`);
    recoverJournals(queue, systemFiles, elementsOf(queue, 'DQS'));
    untouched();
  });

  for (const place of ['obsolete', 'temporary']) {
    it(`DQN: empties no folder behind a link in ${place}`, async (t) => {
      const { queue, victim, untouched } = await set(t);
      for (const folder of ['temporary', 'obsolete']) mkdirSync(join(queue, folder));
      symlinkSync(victim, join(queue, place, '5f000000000001'));
      forge(queue, place === 'obsolete' ? ELEMENT : 'temporary/5f000000000001');
      recoverJournals(queue, systemFiles, elementsOf(queue, 'DQN'));
      untouched();
    });
  }
});

describe('what stands where our own journal belongs', () => {
  for (const what of ['a symbolic link', 'a FIFO', 'a folder'] as const) {
    const put = (path: string, victim: string) => {
      if (what === 'a symbolic link') symlinkSync(join(victim, 'precious'), path);
      else if (what === 'a FIFO') execFileSync('mkfifo', [path]);
      else mkdirSync(path);
    };
    it(`${what} is not written to: another number is taken`, async (t) => {
      const { queue, victim, untouched } = await set(t);
      const path = journalPath(queue, process.pid, 1);
      put(path, victim);
      const journal = new LockJournal(queue, systemFiles);
      journal.append([ELEMENT], 1);
      assert.match(readFileSync(journalPath(queue, process.pid, 2), 'utf8'), new RegExp(`${ELEMENT}\n$`));
      journal.drop();
      untouched();
    });
    it(`${what} in the way of compacting is not opened`, async (t) => {
      const { queue, victim, untouched } = await set(t);
      const path = journalPath(queue, process.pid, 1);
      const journal = new LockJournal(queue, systemFiles);
      journal.append([ELEMENT], 1);
      put(`${path}.new`, victim);
      journal.compact([[ELEMENT, 1]]);
      assert.match(readFileSync(path, 'utf8'), new RegExp(`\n@1\\.000000\n${ELEMENT}\n$`));
      journal.drop();
      untouched();
    });
  }
});

it('a lock that is a symbolic link is a lock, and goes when it is old, alone', async (t) => {
  const { queue, victim, untouched } = await set(t);
  const simple = new SimpleQueue({ path: queue });
  const name = await simple.addMessage(textOf('good'));
  symlinkSync(join(victim, 'precious'), join(queue, `${name}.lck`));
  assert.equal(await simple.lock(name), false);
  systemFiles.lutimesSync(join(queue, `${name}.lck`), LONG_AGO, LONG_AGO);
  assert.equal((await simple.purge({ maxLock: 60 })).locks, 1);
  assert.equal(await simple.lock(name), true);
  untouched();
});
