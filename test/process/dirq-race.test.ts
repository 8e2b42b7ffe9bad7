import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NormalQueue } from '../../src/dirq/normal-queue.js';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { eventually } from '../support/eventually.js';
import { bodies, openSource, takeAll } from '../support/queue-ends.js';
import { Random, testSeed } from '../support/random.js';
import { filesOf } from '../support/sample-messages.js';
import { tempFolder } from '../support/temp-folder.js';

/** how long the processes race: `STOMPCTL_RACE_MS` gives them a minute in the long run of CI */
const RACE_MS = Number(process.env.STOMPCTL_RACE_MS ?? 1500);
const ROLES = ['produce', 'produce', 'produce', 'consume', 'consume', 'consume', 'consume', 'purge'] as const;
const WORKER = fileURLToPath(new URL('../support/queue-worker.js', import.meta.url));

interface Worker {
  readonly role: string;
  readonly child: ChildProcess;
}

class Crew {
  readonly queue: string;
  readonly logs: string;
  workers: Worker[];
  #started = 0;

  readonly #type: string;

  constructor(folder: string, type: string) {
    this.#type = type;
    this.queue = join(folder, 'queue');
    this.logs = join(folder, 'logs');
    mkdirSync(this.logs);
    this.workers = ROLES.map((role) => this.#start(role));
  }

  /** Kills one and starts another in its place. */
  async replace(index: number): Promise<void> {
    const worker = this.workers[index] as Worker;
    worker.child.kill('SIGKILL');
    await once(worker.child, 'exit');
    this.workers[index] = this.#start(worker.role);
  }

  async stop(): Promise<void> {
    for (const { child } of this.workers) child.kill('SIGTERM');
    for (const { child } of this.workers) {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      // one that was just started dies of the signal: it has no listener yet
      assert.ok(child.exitCode === 0 || child.signalCode === 'SIGTERM', `exit ${child.exitCode}`);
    }
  }

  /** Every line of every log: who, what, and the body it is about. */
  lines(): { who: string; what: string; body: string }[] {
    return readdirSync(this.logs).flatMap((who) => {
      const lines = readFileSync(join(this.logs, who), 'utf8').split('\n').slice(0, -1);
      return lines.map((line) => ({ who, what: line.slice(0, 1), body: line.slice(2) }));
    });
  }

  #start(role: string): Worker {
    this.#started += 1;
    const id = `w${this.#started}`;
    const child = spawn(process.execPath, [WORKER, role, this.queue, join(this.logs, id), id, this.#type], {
      stdio: 'inherit',
    });
    return { role, child };
  }
}

async function drain(test: TestContext, type: 'DQS' | 'DQN', path: string): Promise<string[]> {
  const { source, events } = await openSource(test, { type, path });
  const taken = bodies(await takeAll(source, (delivery) => delivery.ack()));
  await source.close();
  assert.deepEqual(events.rejectedAs, []);
  return taken;
}

/** Makes every lock in a queue old; returns how many elements there are. */
function ageElements(queue: string): number {
  let elements = 0;
  for (const folder of readdirSync(queue).filter((name) => /^[0-9a-f]{8}$/.test(name))) {
    for (const name of readdirSync(join(queue, folder)).filter((file) => /^[0-9a-f]{14}$/.test(file))) {
      utimesSync(join(queue, folder, name), 1, 1);
      elements += 1;
    }
  }
  return elements;
}

for (const type of ['DQS', 'DQN'] as const) {
  test(`${type}: eight processes add, take, purge and are killed: nothing is lost, nothing taken twice`, async (t) => {
    const seed = testSeed();
    t.diagnostic(`STOMPCTL_TEST_SEED=${seed} STOMPCTL_RACE_MS=${RACE_MS}`);
    const random = new Random(seed);
    const crew = new Crew(await tempFolder(t), type);
    t.after(async () => {
      for (const { child } of crew.workers) child.kill('SIGKILL');
    });
    await eventually(() => crew.lines().some(({ what }) => what === 'S'));
    const end = performance.now() + RACE_MS;
    let kills = 0;
    while (performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, random.between(1, 150)));
      await crew.replace(random.between(0, ROLES.length - 1));
      kills += 1;
    }
    await crew.stop();

    const rest = await drain(t, type, crew.queue);
    // a lock that nobody can tell whose it was stays until it is older than maxlock: rare, and harmless
    const doubtful = ageElements(crew.queue);
    assert.ok(doubtful <= 1 + kills / 20, `${doubtful} locks in doubt after ${kills} kills`);
    await (type === 'DQS' ? new SimpleQueue({ path: crew.queue }) : new NormalQueue({ path: crew.queue })).purge();
    rest.push(...(await drain(t, type, crew.queue)));
    assert.deepEqual(filesOf(crew.queue), []);

    const lines = crew.lines();
    assert.deepEqual(
      lines.filter(({ what }) => what === 'R' || what === 'V'),
      [],
    );
    const taken = new Map<string, number>();
    const settled = new Set(lines.filter(({ what }) => what === 'S').map(({ body }) => body));
    for (const { body } of lines.filter(({ what }) => what === 'T')) taken.set(body, (taken.get(body) ?? 0) + 1);
    for (const body of rest) taken.set(body, (taken.get(body) ?? 0) + 1);
    const added = lines.filter(({ what }) => what === 'A').map(({ body }) => body);
    t.diagnostic(`${kills} kills, ${added.length} added, ${taken.size} taken, ${rest.length} of them at the end`);
    for (const body of added) assert.ok(taken.has(body), `${body} is lost`);
    // who took it before must have been killed with it in hand: it never said that it was settled
    const takes = new Map<string, { who: string; settled: boolean }[]>();
    const settledBy = new Set(lines.filter(({ what }) => what === 'S').map(({ who, body }) => `${who} ${body}`));
    for (const { who, what, body } of lines) {
      if (what !== 'T') continue;
      const known = takes.get(body) ?? [];
      known.push({ who, settled: settledBy.has(`${who} ${body}`) });
      takes.set(body, known);
    }
    for (const [body, all] of takes) {
      const alive = all.filter((one) => one.settled).length + (rest.includes(body) ? 1 : 0);
      assert.ok(alive <= 1, `${body} was taken twice: ${JSON.stringify(all)}`);
    }
    assert.ok(settled.size > 0 && kills > 0);
  });
}
