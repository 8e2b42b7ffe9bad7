import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { logOf, SeveralScene } from '../support/several-scene.js';
import { runStompctl, type StompctlProcess } from '../support/stompctl-process.js';

async function started(run: StompctlProcess, ...names: readonly string[]): Promise<void> {
  for (const name of names) await eventually(() => logOf(run, name, 'start').length > 0, { what: `${name} starts` });
}

interface Trouble {
  /** makes the transfer `bad` */
  readonly make: (of: SeveralScene) => void;
  /** what befalls it once it runs */
  readonly befall?: (of: SeveralScene) => Promise<void>;
  /** what its status says in the end */
  readonly state: string;
  readonly reason: RegExp;
  readonly code: number;
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  'an option that is not there': {
    make: (of) => of.write('bad.conf', 'windou = 5\n'),
    ...{ state: 'failed', reason: /bad\.conf:1.*there is no option "windou"/, code: 78 },
  },
  'a syntax error': {
    make: (of) => of.write('bad.yaml', '{{\n'),
    ...{ state: 'failed', reason: /bad\.yaml/, code: 78 },
  },
  'a callback that does not compile': {
    make: (of) => of.mover('bad', 'loop = true\ncallback-code = "function check(msg) { = }"\n'),
    ...{ state: 'failed', reason: /SyntaxError/, code: 78 },
  },
  'a queue that is not there': {
    make: (of) => {
      of.mover('bad', '');
      rmSync(of.scene.path('in-bad'), { recursive: true });
    },
    ...{ state: 'failed', reason: /in-bad/, code: 66 },
  },
  'an end of its own': {
    make: (of) => of.mover('bad', 'loop = false\n'),
    ...{ state: 'ended', reason: /moved 0 of 0 messages \(end\)/, code: 0 },
  },
  'a broker that is away, for as long as it tries': {
    make: (of) => {
      of.mover('bad');
      const sink = 'outgoing-broker-uri = stomp://127.0.0.1:1\nreconnect-attempts = 2\nreconnect-delay = 0.02\n';
      of.write('bad.conf', `incoming-queue = path=${of.scene.path('in-bad')}\n${sink}`);
    },
    ...{ state: 'failed', reason: /127\.0\.0\.1:1/, code: 75 },
  },
  'a quit through its own pidfile': {
    make: (of) => of.mover('bad', `loop = true\npidfile = ${of.scene.path('bad.pid')}\n`),
    befall: async (of) => {
      const { code, stdout } = await runStompctl(['quit', '--pidfile', of.scene.path('bad.pid')]);
      assert.equal(code, 0, stdout);
    },
    ...{ state: 'ended', reason: /moved 0 of 0 messages \(quit\)/, code: 0 },
  },
};

describe('several transfers in one process: what happens to one leaves the others be', () => {
  for (const [name, { make, befall, state, reason, code }] of Object.entries(TROUBLES)) {
    it(name, async (test) => {
      const of = await SeveralScene.set(test);
      of.mover('a');
      make(of);
      of.mover('z');
      const run = of.start();
      await started(run, 'a', 'z');
      if (befall !== undefined) {
        await started(run, 'bad');
        await befall(of);
      }
      let found = await of.status();
      await eventually(async () => {
        found = await of.status();
        return found.transfers.get('bad')?.state === state;
      });
      assert.match(found.transfers.get('bad')?.reason ?? '', reason);
      assert.equal(found.record.state === 'stuck', code !== 0, found.record.reason);
      if (code !== 0) assert.match(found.record.reason, /bad does not run: /);
      await of.moves('a');
      await of.moves('z');
      const ended = await run.stop();
      assert.equal(ended.code, code, ended.stderr);
      assert.equal(logOf(run, 'bad', 'failed').length, code === 0 ? 0 : 1);
      for (const good of ['a', 'z']) assert.equal(logOf(run, good, 'end')[0]?.sent, 1);
      assert.equal(existsSync(of.pidfile), false);
    });
  }
});

describe('a process with several transfers', () => {
  it('ends when all have ended, with 0', async (test) => {
    const of = await SeveralScene.set(test);
    for (const name of ['a', 'b']) {
      of.mover(name, '');
      of.scene.fill(`in-${name}`, 5);
    }
    const { code, stderr } = await of.start().ended();
    assert.equal(code, 0, stderr);
    assert.deepEqual([of.scene.stored('out-a').length, of.scene.stored('out-b').length], [5, 5]);
  });

  it('TERM has all of them settle and end; a second reload finds nothing to do', async (test) => {
    const of = await SeveralScene.set(test);
    for (const name of ['a', 'b', 'c']) of.mover(name);
    const run = of.start();
    await started(run, 'a', 'b', 'c');
    assert.match((await of.reload()).stdout, /has reloaded: nothing has changed\n$/);
    for (const name of ['a', 'b', 'c']) await of.moves(name);
    const ended = await run.stop();
    assert.equal(ended.code, 0, ended.stderr);
    for (const name of ['a', 'b', 'c']) {
      assert.deepEqual(
        logOf(run, name, 'end').map(({ sent, reason }) => [sent, reason]),
        [[1, 'signal']],
      );
    }
    assert.match(
      String(run.log('end').at(-1)?.msg),
      /^all transfers have ended, with exit code 0: 3 transfers: 3 ended$/,
    );
  });

  it('a quit through the pidfile of the process ends all of them', async (test) => {
    const of = await SeveralScene.set(test);
    for (const name of ['a', 'b']) of.mover(name);
    const run = of.start();
    await started(run, 'a', 'b');
    assert.equal((await runStompctl(['quit', '--pidfile', of.pidfile])).code, 0);
    assert.equal((await run.ended()).code, 0);
  });

  it('several --conf are several transfers', async (test) => {
    const of = await SeveralScene.set(test);
    for (const name of ['a', 'b']) of.mover(name, '');
    for (const name of ['a', 'b']) of.scene.fill(`in-${name}`, 3);
    const { code, stderr } = await of.scene.run(['--conf', `${of.folder}/a.conf`, '--conf', `${of.folder}/b.conf`]);
    assert.equal(code, 0, stderr);
    assert.deepEqual([of.scene.stored('out-a').length, of.scene.stored('out-b').length], [3, 3]);
  });
});
