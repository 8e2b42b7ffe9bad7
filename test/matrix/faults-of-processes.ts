import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import type { Agent } from './agent.js';
import { type Cell, pause } from './cell.js';
import type { Fault } from './fault.js';
import { fromQueue, toBroker, toQueue } from './paths.js';
import { FROM_BROKER, FROM_QUEUE, type Moment, type Step, TO_BROKER, TO_QUEUE } from './steps.js';

const run = promisify(execFile);
const PRELOAD = new URL('kill-at-step.js', import.meta.url).href;
/** longer than the heart-beats that the cell asks for, with everything that either side allows on top */
const STOPPED_MS = 4000;
const SHORT_HEART_BEATS = ['--timeout-server', '1', '--timeout-client', '1'];
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const REACH_MS = 60_000;
const MOST_BURSTS = 30;

const randomKills: Fault = {
  name: 'SIGKILL at random',
  repeats: true,
  async strike(cell) {
    const kills = 6;
    for (let count = 0; count < kills; count += 1) {
      await eventually(() => cell.agent.running);
      // also while it starts
      if (count % 2 === 0) await cell.agent.ready();
      else await pause(cell.random.between(0, 400));
      await cell.midLoad();
      await cell.agent.kill();
    }
    return kills;
  },
};

function stepsOf(cell: Cell): [Moment, Step][] {
  const { path } = cell.options;
  const steps = new Set([
    ...(fromQueue(path) ? FROM_QUEUE : FROM_BROKER),
    ...(toQueue(path) ? TO_QUEUE : []),
    ...(toBroker(path) ? TO_BROKER : []),
  ]);
  return [...steps].flatMap((step): [Moment, Step][] => [
    ['before', step],
    ['after', step],
  ]);
}

const killsAtSteps: Fault = {
  name: 'SIGKILL before and after each step',
  repeats: true,
  // its steps are known by names of files, and by words of STOMP
  fits: (path, broker) => !/folder|command/.test(path) && broker?.includes('AMQP') !== true,
  async strike(cell) {
    const steps = stepsOf(cell);
    for (const [moment, step] of steps) {
      // some steps are taken once a batch
      const number = cell.random.between(1, /sync folder|journal|send|receipt|message|ack/.test(step) ? 3 : 20);
      await cell.agent.restartWith({
        NODE_OPTIONS: `--import=${PRELOAD}`,
        STOMPCTL_TEST_KILL_AT: `${moment} ${step} ${number}`,
      });
      const ended = cell.agent.end(REACH_MS);
      const fed = keepBusy(cell, ended);
      try {
        const { signal, stderr } = await ended;
        if (signal !== 'SIGKILL') throw new Error(`${signal}: ${stderr.slice(-500)}`);
      } catch (error) {
        throw new Error(`step "${moment} ${step} ${number}" was not reached`, { cause: error });
      } finally {
        await fed;
      }
    }
    return steps.length;
  },
};

/** Puts messages in until something has happened. */
async function keepBusy(cell: Cell, until: Promise<unknown>): Promise<void> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  until.then(end, end);
  for (let count = 0; !over && count < MOST_BURSTS; ) {
    // one that is still starting, on a busy machine for seconds, has enough to do
    if (count === 0 || cell.agent.logged('start') > 0) {
      await cell.midLoad();
      count += 1;
    }
    for (let waited = 0; !over && waited < 20; waited += 1) await pause(10);
  }
}

const stopped: Fault = {
  name: 'SIGSTOP for longer than the heart-beat',
  repeats: true,
  args: () => SHORT_HEART_BEATS,
  async strike(cell) {
    await cell.midLoad();
    cell.agent.signal('SIGSTOP');
    await pause(STOPPED_MS);
    cell.agent.signal('SIGCONT');
    return 1;
  },
};

const twoAgents: Fault = {
  name: 'two stompctl, one of them killed',
  repeats: true,
  agents: 2,
  async strike(cell) {
    const kills = 3;
    for (let count = 0; count < kills; count += 1) {
      const victim = cell.agents[count % 2] as Agent;
      await victim.ready();
      await cell.midLoad();
      await victim.kill();
    }
    return kills;
  },
};

/** The clock of the agents alone, as libfaketime makes it. */
function stepClock(cell: Cell, offset: string): void {
  writeFileSync(join(cell.folder, 'clock'), `${offset}\n`);
}

const clock: Fault = {
  name: 'clock stepped an hour forward and back',
  repeats: false,
  env: (folder) => ({
    LD_PRELOAD: FAKETIME,
    FAKETIME_TIMESTAMP_FILE: join(folder, 'clock'),
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }),
  async prepare(cell) {
    stepClock(cell, '+0');
  },
  async strike(cell) {
    for (const offset of ['+1h', '-1h', '+0']) {
      await cell.midLoad();
      stepClock(cell, offset);
      await pause(400);
    }
    return 3;
  },
};

/** A configuration whose callback is another one each time. */
function configure(cell: Cell, version: number): void {
  cell.configure({ 'callback-language': 'javascript', 'callback-code': `hdr["x-version"] = "${version}"` });
}

const reload: Fault = {
  name: 'HUP during load',
  repeats: false,
  async prepare(cell) {
    configure(cell, 0);
  },
  async strike(cell) {
    for (let count = 1; count <= 5; count += 1) {
      configure(cell, count);
      await cell.midLoad();
      cell.agent.signal('SIGHUP');
      await pause(50);
    }
    await eventually(() => cell.agent.logged('reload') > 0, { what: 'a reload is logged' });
    return 5;
  },
};

function stops(name: string, ask: (cell: Cell) => Promise<void> | void): Fault {
  return {
    name,
    repeats: false,
    async strike(cell) {
      for (let count = 0; count < 3; count += 1) {
        await cell.agent.ready();
        await cell.midLoad();
        await cell.agent.endsWell(() => ask(cell));
      }
      return 3;
    },
  };
}

const terminate = stops('TERM during load', (cell) => cell.agent.signal('SIGTERM'));
const quit = stops('quit during load', async (cell) => {
  await run(process.execPath, [STOMPCTL, 'quit', '--pidfile', cell.pidfile()]);
});
const secondSignal: Fault = {
  name: 'TERM twice during load',
  repeats: true,
  async strike(cell) {
    for (let count = 0; count < 3; count += 1) {
      await cell.agent.ready();
      await cell.midLoad();
      await cell.agent.endsAbruptly(() => {
        cell.agent.signal('SIGTERM');
        cell.agent.signal('SIGTERM');
      });
    }
    return 3;
  },
};

export const FAULTS_OF_PROCESSES: readonly Fault[] = [
  randomKills,
  killsAtSteps,
  stopped,
  twoAgents,
  clock,
  reload,
  terminate,
  quit,
  secondSignal,
];
