import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { InputsScene } from '../support/inputs-scene.js';
import type { Options, ReloadScene } from '../support/reload-scene.js';
import { consume } from '../support/sample-messages.js';
import { ascending, upTo } from '../support/scene.js';

const COUNT = 10;
const NOTHING_PASSES = { 'callback-language': 'javascript', 'callback-code': "return ''" };
/** an old source has about a second to close */
const SHORT = { 'timeout-linger': 0.05, 'timeout-flush': 0.01, 'timeout-disconnect': 0.01 };

const NEEDED = {
  code: 'RELOAD_REFUSED',
  message: /has written goes to the failure queue .* reload with another source first, and without failure-queue once/,
};

/** A command that writes numbers and stays, all of which are rejected; alone, or beside queues. */
class Rejecting {
  readonly #scene: InputsScene;

  private constructor(scene: InputsScene) {
    this.#scene = scene;
  }

  static async set(test: Parameters<typeof InputsScene.set>[0]): Promise<Rejecting> {
    const scene = await InputsScene.set(test);
    for (const folder of ['failures', 'q']) mkdirSync(scene.path(folder));
    const lines = upTo(COUNT).map((number) => JSON.stringify({ header: { 'x-number': String(number) } }));
    writeFileSync(scene.path('lines'), `${lines.join('\n')}\n`);
    const go = `cd '${scene.folder}'; while [ ! -e go ]; do sleep 0.02; done`;
    const once = '[ -e ran ] || cat lines; : >ran';
    writeFileSync(scene.path('stays'), `#!/bin/sh\n${go}; ${once}; exec sleep 1000\n`, { mode: 0o755 });
    writeFileSync(scene.path('ends'), `#!/bin/sh\n${go}; ${once}\n`, { mode: 0o755 });
    return new Rejecting(scene);
  }

  get scene(): InputsScene {
    return this.#scene;
  }

  /** It writes now. */
  go(): void {
    writeFileSync(this.scene.path('go'), '');
  }

  /** Beside an input. */
  beside(other: Options, more: Options = {}, command = 'stays'): Options {
    const { scene } = this;
    const incoming = [{ command: { c: { command: scene.path(command) } } }, other];
    return scene.options(incoming, { ...this.failures(), ...NOTHING_PASSES, ...SHORT, ...more });
  }

  queue(name: string): Options {
    return { queue: { [name]: { path: this.scene.path('q') } } };
  }

  /** `argument`: another one is another source. */
  alone(argument: string, more: Options = {}): Options {
    const { incoming: _, remove: _remove, ...options } = this.beside(this.queue('q'));
    return { ...options, 'incoming-command': { command: `${this.scene.path('stays')} ${argument}` }, ...more };
  }

  /** A queue in its place. */
  other(failures: Options = {}): Options {
    const { 'failure-queue': _, ...options } = this.beside(this.queue('q'));
    return { ...options, incoming: [this.queue('q')], ...failures };
  }

  failures(): Options {
    return { 'failure-queue': { path: this.scene.path('failures') } };
  }

  full(): Options {
    return { 'failure-queue': { path: this.scene.path('failures'), 'max-elements': 2 } };
  }

  /** From now on nothing can be written to the failure queue, by nobody, root included. */
  takeAway(): void {
    renameSync(this.scene.path('failures'), this.scene.path('elsewhere'));
    writeFileSync(this.scene.path('failures'), '');
  }

  bringBack(): void {
    rmSync(this.scene.path('failures'));
    renameSync(this.scene.path('elsewhere'), this.scene.path('failures'));
  }

  stored(): number[] {
    const headers = [...consume(this.scene.path('failures'))].map(({ header }) => header);
    return headers.map((header) => Number(header['x-number'])).sort(ascending);
  }

  async allAreStored(): Promise<void> {
    await eventually(() => this.stored().length >= COUNT, { what: 'all are in the failure queue' });
    assert.deepEqual(this.stored(), upTo(COUNT));
  }
}

async function allWait(run: ReloadScene): Promise<void> {
  await eventually(() => run.built.waiting().some((line) => line.includes(`${COUNT} rejected messages wait`)), {
    what: 'all wait for the failure queue',
  });
}

/** It writes until its failure queue is full, then a reload puts another source in its place. */
async function putAside(rejecting: Rejecting, run: ReloadScene, next: Options): Promise<void> {
  rejecting.go();
  await eventually(() => run.logger.events('queue-full').length > 0);
  await run.reload(next);
}

function leftBehind(run: ReloadScene): number {
  return run.logger.events('close-failed').filter(({ text }) => text.includes('was not closed in time')).length;
}

function rejected(run: ReloadScene): number {
  return run.built.statistics.snapshot().rejected;
}

describe('a command whose messages wait for the failure queue while a reload puts another source in its place', () => {
  it('loses none when that can be written again, beside another input that was renamed', async (test) => {
    const rejecting = await Rejecting.set(test);
    const run = await rejecting.scene.start(rejecting.beside(rejecting.queue('q')));
    rejecting.takeAway();
    rejecting.go();
    await allWait(run);
    await run.reload(rejecting.beside(rejecting.queue('q2')));
    assert.equal(leftBehind(run), 1);
    await allWait(run);
    rejecting.bringBack();
    await rejecting.allAreStored();
    await eventually(() => run.built.waiting().length === 0);
    const { failure } = await run.stop();
    assert.equal(failure, undefined);
  });

  it('loses none when a second reload gives the failure queue room', async (test) => {
    const rejecting = await Rejecting.set(test);
    const full = rejecting.full();
    const run = await rejecting.scene.start(rejecting.alone('1', full));
    await putAside(rejecting, run, rejecting.alone('2', full));
    assert.equal(leftBehind(run), 1);
    await run.reload(rejecting.alone('2'));
    await rejecting.allAreStored();
    assert.deepEqual(run.logger.events('rejected').length, COUNT);
  });

  it('loses none when it has ended, and a reload gives another failure queue', async (test) => {
    const rejecting = await Rejecting.set(test);
    const of = (more: Options) =>
      rejecting.beside(rejecting.scene.site(), { loop: false, remove: undefined, ...more }, 'ends');
    const run = await rejecting.scene.start(of(rejecting.full()));
    await putAside(rejecting, run, of({}));
    await rejecting.allAreStored();
  });

  it('has the run tell what it has lost in the end, where the failure queue does not take it', async (test) => {
    const rejecting = await Rejecting.set(test);
    const full = rejecting.full();
    const run = await rejecting.scene.start(rejecting.alone('1', full));
    await putAside(rejecting, run, rejecting.alone('2', full));
    const { failure } = await run.stop();
    assert.equal(failure?.code, 'LINGER_EXCEEDED');
    const told = run.logger.events('rejected').filter(({ text }) => text.includes('did not take the message'));
    assert.deepEqual([rejecting.stored().length, told.length], [2, COUNT - 2]);
  });

  it('has a reload refused that takes the failure queue away, until all is stored there', async (test) => {
    const rejecting = await Rejecting.set(test);
    const full = rejecting.full();
    const run = await rejecting.scene.start(rejecting.alone('1', full));
    await putAside(rejecting, run, rejecting.other(full));
    assert.equal(leftBehind(run), 1);
    await assert.rejects(run.reload(rejecting.other()), NEEDED);
    await run.reload(rejecting.other(rejecting.failures()));
    await rejecting.allAreStored();
    await eventually(() => run.built.waiting().length === 0);
    await run.reload(rejecting.other());
  });

  it('has a reload refused when others have been put aside like it, until the failure queue is mended', async (test) => {
    const rejecting = await Rejecting.set(test);
    const full = rejecting.full();
    const run = await rejecting.scene.start(rejecting.alone('0', full));
    // each writes as the first did
    const again = () => rmSync(rejecting.scene.path('ran'), { force: true });
    rejecting.go();
    for (const number of upTo(4)) {
      await eventually(() => rejected(run) === COUNT * (number + 1));
      again();
      await run.reload(rejecting.alone(String(number + 1), full));
    }
    await assert.rejects(run.reload(rejecting.alone('5', full)), {
      code: 'RELOAD_REFUSED',
      message: /what earlier sources have left still waits for the failure queue; mend that/,
    });
    await eventually(() => rejected(run) === COUNT * 5);
    await run.reload(rejecting.alone('4'));
    await eventually(() => rejecting.stored().length === COUNT * 5);
    await run.reload(rejecting.alone('5'));
  });
});

describe('a command whose messages wait for the failure queue, or may have to,', () => {
  it('has a reload refused that takes that away together with the command', async (test) => {
    const rejecting = await Rejecting.set(test);
    const run = await rejecting.scene.start(rejecting.alone('1', rejecting.full()));
    rejecting.go();
    await eventually(() => run.logger.events('queue-full').length > 0);
    await assert.rejects(run.reload(rejecting.other()), NEEDED);
    await run.reload(rejecting.alone('1'));
    await rejecting.allAreStored();
    await assert.rejects(run.reload(rejecting.other()), NEEDED);
  });
});

describe('a stop while a reload waits for such a command', () => {
  it('is over after timeout-linger and two seconds, as any other, however long closing may take', async (test) => {
    const rejecting = await Rejecting.set(test);
    const slow = { ...rejecting.full(), 'timeout-flush': 600 };
    const run = await rejecting.scene.start(rejecting.alone('1', slow));
    rejecting.go();
    await eventually(() => run.logger.events('queue-full').length > 0);
    const reloaded = run.reload(rejecting.alone('2', slow));
    // the new one has its place, and is not open yet
    await eventually(() => run.built.health().ends.some(({ role, phase }) => role === 'source' && phase === 'closed'));
    const stopped = run.stop();
    const outcome = await eventually(() => stopped, { what: 'the run ends' });
    assert.equal(outcome.failure?.code, 'LINGER_EXCEEDED');
    await reloaded;
    assert.equal(rejecting.stored().length, 2);
  });
});
