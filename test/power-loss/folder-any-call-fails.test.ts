import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { StompctlError } from '../../src/base/errors.js';
import type { FileSystem } from '../../src/base/file-system.js';
import type { Delivery } from '../../src/flow/delivery.js';
import type { FolderSource, FolderSourceOptions } from '../../src/sources/folder/folder-source.js';
import { FailingFiles, type Failure, type Failures } from '../support/failing-files.js';
import { FolderScene, taken } from '../support/folder-scene.js';
import { openFiles } from '../support/queue-run.js';
import { THOROUGH } from '../support/thorough.js';

/*
 * Whole runs over a plain folder, with a close and a reload, in which each system call fails in turn: once, or for ever, alone or
 * with all others. What was ever put in is then at its destination or still there, with its own content and headers; a closed source
 * does nothing more; and a run without faults finishes the work.
 */

const ERRNOS = ['EIO', 'ENOSPC', 'EACCES', 'EPERM', 'EROFS', 'EMFILE', 'ESTALE'];
const FAILURES: readonly Failure[] = [...ERRNOS.map((errno) => ({ errno })), { errno: 'EIO', after: true }];
/** e: claimed by a process that is dead */
const NAMES = ['a', 'b', 'c', 'd'];
const REFUSED = new StompctlError('MESSAGE_REFUSED', 'send', 'x', 'no');

/** unless thorough, of what fails for ever only each so many calls: the errors that they fail with differ */
const STRIDE = 7;

type HowLong = 'once' | 'for ever' | 'for ever, as all others';

interface Variant {
  readonly kind: 'move' | 'remove';
  readonly sidecar: boolean;
  /** the producer puts another file under each name that is free */
  readonly again: boolean;
  readonly howLong: HowLong;
}

function failuresFrom(first: number, failure: Failure, howLong: HowLong): Failures {
  let failing: string | undefined;
  return {
    get(index, name) {
      if (index === first) failing = name;
      if (index < first || (howLong === 'once' && index > first)) return undefined;
      return name === failing || howLong === 'for ever, as all others' ? failure : undefined;
    },
  };
}

class Run {
  readonly scene: FolderScene;
  readonly to: string;
  readonly options: Partial<FolderSourceOptions>;
  /** what was put in: its content, and what its headers say */
  readonly put = new Map<string, string | undefined>();
  /** what came to its destination, as often as it came */
  readonly safe: string[] = [];
  readonly #sidecar: boolean;
  #grown = false;

  constructor(scene: FolderScene, { kind, sidecar }: Variant) {
    this.scene = scene;
    this.to = join(scene.folder, 'done');
    mkdirSync(this.to);
    this.#sidecar = sidecar;
    this.options = { sidecar, sync: true, afterwards: kind === 'move' ? { kind, to: this.to } : { kind } };
  }

  async prepare(): Promise<void> {
    this.produce('e', 'e');
    await taken(await this.scene.source(this.options));
    this.scene.bury();
    for (const name of NAMES) this.produce(name, name);
  }

  /** A producer that replaces nothing. */
  produce(name: string, what: string): void {
    const path = join(this.scene.path, name);
    const present = readdirSync(this.scene.path);
    if (present.includes(name) || present.includes(`${name}.json`)) return;
    if (this.#sidecar) writeFileSync(`${path}.json`, `{"n":"${what}"}`);
    writeFileSync(path, `content of ${what}`);
    this.put.set(`content of ${what}`, this.#sidecar ? what : undefined);
  }

  /** The same calls, and somebody writes to `d` while it is first read. */
  watched(files: FileSystem): FileSystem {
    let opened = '';
    return {
      ...files,
      openSync: (...given) => {
        opened = String(given[0]);
        return files.openSync(...given);
      },
      readSync: ((...given: Parameters<FileSystem['readSync']>) => {
        const read = files.readSync(...given);
        if (basename(opened) === 'd' && !this.#grown) {
          this.#grown = true;
          appendFileSync(opened, ', whole');
          this.put.delete('content of d');
          this.put.set('content of d, whole', this.#sidecar ? 'd' : undefined);
        }
        return read;
      }) as FileSystem['readSync'],
    };
  }

  ack(delivery: Delivery): void {
    const body = delivery.message.body.toString();
    assert.ok(this.put.has(body), `${body} was never put in`);
    assert.equal(delivery.message.header.n, this.put.get(body), `the headers of ${body}`);
    this.safe.push(body);
    delivery.ack();
  }

  /** What is anywhere below the folder. */
  left(): string[] {
    return readdirSync(this.scene.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.json'))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  }

  missing(): string[] {
    const there = new Set([...this.safe, ...this.left()]);
    return [...this.put.keys()].filter((body) => !there.has(body));
  }
}

/** As the transfer does: what cannot be read is opened again. */
async function batch(source: FolderSource): Promise<readonly Delivery[]> {
  try {
    return await taken(source);
  } catch (error) {
    assert.ok(error instanceof StompctlError, String(error));
    await source.open().catch(isTold);
    return [];
  }
}

function isTold(error: unknown): void {
  assert.ok(error instanceof StompctlError, String(error));
}

/** Sends, gives back and rejects, while its producer goes on; closes with some unsettled; and another source goes on. */
async function live(run: Run, files: FileSystem, again: boolean): Promise<void> {
  const { scene, options } = run;
  const source = scene.unopened(options, files);
  await source.open().catch(isTold);
  for (const [index, delivery] of (await batch(source)).entries()) {
    if (index % 3 === 0) run.ack(delivery);
    else if (index % 3 === 1) delivery.release();
    else delivery.reject(REFUSED);
  }
  if (again) for (const name of NAMES) run.produce(name, `${name} again`);
  await source.settle().catch(isTold);
  const [first, second] = [...(await batch(source)), ...(await batch(source))];
  if (again) run.produce('b', 'b at last');
  if (first !== undefined) run.ack(first);
  second?.release();
  await source.close().catch(isTold);
  const before = scene.everything();
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  assert.deepEqual(scene.everything(), before, 'a closed source does nothing');
  await pass(run, files);
}

async function pass(run: Run, files?: FileSystem): Promise<void> {
  const source = run.scene.unopened(run.options, files);
  await source.open().catch(isTold);
  for (let round = 0; round < 3; round += 1) for (const delivery of await batch(source)) run.ack(delivery);
  await source.close().catch(isTold);
}

/** Answers how many calls were made. */
async function fail(t: TestContext, variant: Variant, failures: Failures, where: string): Promise<FailingFiles> {
  const scene = await FolderScene.set(t);
  const run = new Run(scene, variant);
  await run.prepare();
  const failing = new FailingFiles(failures);
  try {
    await live(run, run.watched(failing.files), variant.again);
    assert.deepEqual(run.missing(), [], 'lost');
    for (let round = 0; round < 3; round += 1) await pass(run);
    assert.deepEqual(
      [...run.put.keys()].filter((body) => !run.safe.includes(body)),
      [],
      'never sent',
    );
    assert.deepEqual(scene.everything(), [], 'left in the folder');
    assert.deepEqual(openFiles(scene.folder), [], 'left open');
    for (const body of run.put.keys()) {
      const count = run.safe.filter((one) => one === body).length;
      if (variant.howLong === 'once') assert.ok(count <= 2, `${body} came ${count} times`);
    }
    if (variant.kind === 'move')
      assert.deepEqual(
        [...run.put.keys()].filter((body) => !run.left().includes(body)),
        [],
      );
  } catch (error) {
    if (error instanceof assert.AssertionError) error.message = `${where}: ${error.message}`;
    throw error;
  }
  await rm(scene.folder, { recursive: true });
  return failing;
}

const NONE: Failures = { get: () => undefined };

for (const [kind, sidecar] of [
  ['remove', false],
  ['move', true],
] as const) {
  for (const again of [false, true]) {
    for (const howLong of ['once', 'for ever', 'for ever, as all others'] as const) {
      const what = `${kind}${sidecar ? ' with headers beside' : ''}${again ? ', names come again' : ''}, ${howLong}`;
      test(`${what}: whichever call fails, no file is lost, spoilt, or touched after close`, async (t) => {
        const variant = { kind, sidecar, again, howLong };
        const { calls } = await fail(t, variant, NONE, 'calm');
        assert.ok(calls.length > 100, `${calls.length} calls`);
        const stride = THOROUGH || howLong === 'once' ? 1 : STRIDE;
        for (let index = 0; index < calls.length; index += stride) {
          for (const failure of THOROUGH ? FAILURES : FAILURES.slice(index % FAILURES.length).slice(0, 1)) {
            const where = `${index}, ${calls[index]}, ${failure.errno}${failure.after ? ' after' : ''}`;
            await fail(t, variant, failuresFrom(index, failure, howLong), where);
          }
        }
        t.diagnostic(`${calls.length} calls a run`);
      });
    }
  }
}
