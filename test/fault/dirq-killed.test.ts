import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { bodies, openSource, take, takeAll, textOf } from '../support/queue-ends.js';
import { DEAD_PID } from '../support/queue-journal.js';
import { QUEUE_TYPES, type QueueType, remains } from '../support/queue-types.js';
import { filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';
import { WatchedFiles } from '../support/watched-files.js';

const NUMBERS = ['0', '1', '2'];
/** more calls than any of these runs makes */
const MOST_CALLS = 300;

/**
 * What SIGKILL before the `index`-th system call leaves on the disk: that call and all later ones do not happen. What the
 * process still does in memory nobody sees. Closing is let through: the kernel does it.
 */
function killBefore(watched: WatchedFiles, index: number): { killed: boolean } {
  const state = { killed: false };
  let calls = 0;
  watched.fault = (operation) => {
    if (operation === 'close') return undefined;
    state.killed ||= calls === index;
    calls += 1;
    return state.killed ? 'EKILLED' : undefined;
  };
  return state;
}

/** The journal of this process becomes one of a process that is dead. */
function bury(path: string): void {
  for (const name of readdirSync(path)) {
    if (name.startsWith('stompctl.'))
      renameSync(join(path, name), join(path, name.replace(`.${process.pid}.`, `.${DEAD_PID}.`)));
  }
}

/** Runs `live` with each call the last one in turn; `check` looks at what is left. Resolves to how many calls there are. */
async function killEverywhere(
  t: { after(run: () => Promise<void>): void },
  live: (path: string, watched: WatchedFiles) => Promise<readonly string[]>,
  check: (path: string, done: readonly string[], where: string) => Promise<void>,
  prepare: (path: string) => Promise<void> = async () => undefined,
): Promise<number> {
  for (let index = 0; index < MOST_CALLS; index += 1) {
    const path = await tempFolder(t);
    await prepare(path);
    const watched = new WatchedFiles(path);
    const state = killBefore(watched, index);
    const done = await live(path, watched);
    bury(path);
    await check(
      path,
      done,
      `killed before call ${index}: ${watched.calls.filter((call) => call.includes('EKILLED'))[0]}`,
    );
    if (!state.killed) return index;
  }
  throw new Error(`more than ${MOST_CALLS} calls`);
}

async function fill(kind: QueueType, path: string): Promise<void> {
  const queue = kind.open(path);
  for (const number of NUMBERS) await queue.addMessage(textOf(number));
}

for (const kind of QUEUE_TYPES) {
  const { type } = kind;

  test(`${type}: a sink killed anywhere: what it called safe is there, whole, and its successor tidies up`, async (t) => {
    const calls = await killEverywhere(
      t,
      async (path, watched) => {
        const safe: string[] = [];
        const sink = new QueueSink({ path, type, sync: 'batch' }, watched.files);
        try {
          await sink.open();
          await Promise.allSettled(NUMBERS.map((number) => sink.send(textOf(number)).then(() => safe.push(number))));
          await sink.close();
        } catch (error) {
          assert.match(String(error), /EKILLED/);
        }
        return safe;
      },
      async (path, safe, where) => {
        const successor = new QueueSink({ path, type, sync: 'batch' });
        await successor.open();
        await successor.close();
        const { source } = await openSource(t, { type, path, remove: false });
        const there = bodies(await takeAll(source, (delivery) => delivery.ack()));
        await source.close();
        for (const number of safe) assert.ok(there.includes(number), `${number} is lost, ${where}`);
        assert.deepEqual(there, NUMBERS.slice(0, there.length), where);
        assert.deepEqual(remains(path), [], where);
      },
    );
    assert.ok(calls > 20, `${calls} calls`);
  });

  test(`${type}: a source killed anywhere: its successor gets at once all that was not acknowledged, and tidies up`, async (t) => {
    const calls = await killEverywhere(
      t,
      async (path, watched) => {
        const acknowledged: string[] = [];
        try {
          const { source } = await openSource(t, { type, path, sync: 'batch', files: watched.files });
          for (const delivery of await take(source, { deliveries: 2, bytes: 1 << 20 })) {
            acknowledged.push(delivery.message.body.toString());
            delivery.ack();
          }
          await source.settle();
          await take(source);
          watched.fault('close', '');
        } catch (error) {
          assert.match(String(error), /EKILLED/);
        }
        // in flight as it dies: nothing that its close would do is done
        watched.fault = (operation) => (operation === 'close' ? undefined : 'EKILLED');
        return acknowledged;
      },
      async (path, acknowledged, where) => {
        const { source } = await openSource(t, { type, path });
        const all = bodies(await takeAll(source, (delivery) => delivery.ack()));
        await source.close();
        for (const number of NUMBERS)
          assert.ok(all.includes(number) || acknowledged.includes(number), `${number} lost, ${where}`);
        assert.deepEqual([...all].sort(), all, where);
        assert.deepEqual(filesOf(path), [], where);
        assert.deepEqual(remains(path), [], where);
      },
      (path) => fill(kind, path),
    );
    assert.ok(calls > 20, `${calls} calls`);
  });

  test(`${type}: a source killed while it recovers another one: the next one recovers both`, async (t) => {
    await killEverywhere(
      t,
      async (path, watched) => {
        try {
          const { source } = await openSource(t, { type, path, files: watched.files });
          await source.close();
        } catch (error) {
          assert.match(String(error), /EKILLED/);
        }
        watched.fault = (operation) => (operation === 'close' ? undefined : 'EKILLED');
        for (const name of readdirSync(path)) {
          const dead = name.replace(new RegExp(`\\.claimed\\.${process.pid}\\.\\d+$`), `.claimed.${DEAD_PID}.1`);
          if (name.startsWith('stompctl.')) renameSync(join(path, name), join(path, dead));
        }
        return [];
      },
      async (path, _none, where) => {
        const { source } = await openSource(t, { type, path });
        assert.deepEqual(bodies(await takeAll(source, (delivery) => delivery.ack())), NUMBERS, where);
        await source.close();
        assert.deepEqual(filesOf(path), [], where);
        assert.deepEqual(remains(path), [], where);
      },
      async (path) => {
        await fill(kind, path);
        const watched = new WatchedFiles(path);
        const { source } = await openSource(t, { type, path, files: watched.files });
        await take(source);
        watched.fault = (operation) => (operation === 'close' ? undefined : 'EKILLED');
        bury(path);
      },
    );
  });
}
