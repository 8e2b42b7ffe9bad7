import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.js';
import { produce } from '../support/sample-messages.js';
import { DESTINATION, numbered, Scene } from '../support/scene.js';
import type { StompctlProcess } from '../support/stompctl-process.js';
import type { Resources } from './resource-report.js';

const RECONNECTS = 1000;
/** before the first look: code is compiled, pools are filled */
const WARM = 100;
const REPORT = new URL('resource-report.js', import.meta.url).href;
const QUICK = ['--reconnect-delay', '0.001', '--reconnect-max-delay', '0.001'];
/** what a sawtooth of the heap may show; a leak of 5 kB a session is more */
const MORE_MIB = 5;

class Reporting {
  readonly run: StompctlProcess;
  readonly #file: string;
  #read = 0;

  constructor(scene: Scene, args: readonly string[]) {
    this.#file = scene.path('resources');
    const env = { NODE_OPTIONS: `--import=${REPORT}`, STOMPCTL_TEST_RESOURCES: this.#file };
    this.run = scene.start([...args, ...QUICK, '--log-level', 'error'], { env });
  }

  async resources(): Promise<Resources> {
    this.run.signal('SIGUSR2');
    const line = await eventually(() => {
      const lines = existsSync(this.#file) ? readFileSync(this.#file, 'utf8').trimEnd().split('\n') : [];
      return lines.length > this.#read ? lines.at(-1) : undefined;
    });
    this.#read += 1;
    return JSON.parse(line) as Resources;
  }
}

/** Cuts the connection whenever there is one that works; `probe` says so. */
async function reconnect(scene: Scene, times: number, works: () => Promise<void>): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    const before = scene.broker.connectionsMade;
    scene.broker.killConnections();
    await eventually(() => scene.broker.connectionsMade > before, { everyMs: 1 });
    // in the middle of a login, of a subscription, or later
    if (count % 4 === 0) await works();
  }
  await works();
}

async function staysFlat(test: TestContext, scene: Scene, args: readonly string[], works: () => Promise<void>) {
  const reporting = new Reporting(scene, args);
  await eventually(() => scene.broker.connectionsMade > 0);
  await works();
  await reconnect(scene, WARM, works);
  const warm = await reporting.resources();
  await reconnect(scene, RECONNECTS, works);
  const late = await reporting.resources();
  test.diagnostic(`warm ${JSON.stringify(warm)}`);
  test.diagnostic(`late ${JSON.stringify(late)}`);
  const ended = await reporting.run.stop();
  assert.equal(ended.code, 0, ended.stderr);
  assert.doesNotMatch(ended.stderr, /MaxListenersExceededWarning/);
  assert.equal(late.listeners, warm.listeners);
  assert.ok(late.descriptors <= warm.descriptors + 1, `${late.descriptors} descriptors, were ${warm.descriptors}`);
  for (const [name, count] of Object.entries(late.active)) {
    assert.ok(count <= (warm.active[name] ?? 0) + 2, `${count} × ${name}, were ${warm.active[name]}`);
  }
  assert.ok(late.heapMiB <= warm.heapMiB + MORE_MIB, `${late.heapMiB} MiB, were ${warm.heapMiB}`);
}

describe(`after ${RECONNECTS} reconnects there are no more timers, listeners, descriptors, bytes`, () => {
  it('in a sender', async (test) => {
    const scene = await Scene.set(test);
    let sent = 0;
    await staysFlat(test, scene, scene.sender('--loop'), async () => {
      produce(scene.path('in'), numbered(1, { destination: DESTINATION }, sent));
      sent += 1;
      await eventually(() => scene.broker.received(DESTINATION).received >= sent);
    });
  });

  it('in a receiver', async (test) => {
    const scene = await Scene.set(test);
    await staysFlat(test, scene, scene.receiver(), async () => {
      scene.broker.publish(DESTINATION, { persistent: 'true' }, 'x');
      await eventually(
        () => scene.broker.depth(DESTINATION).ready + scene.broker.depth(DESTINATION).unacknowledged === 0,
      );
    });
  });
});
