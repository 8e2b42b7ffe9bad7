import assert from 'node:assert/strict';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.js';
import { Random, testSeed } from '../support/random.js';
import { keptQueue } from '../support/raw-queue.js';
import { brokerKinds, type RealBroker, startActivemq, startRabbitmq } from '../support/real-brokers.js';
import { consume, elementPaths, filesOf, produce, type Sample, sampleMessages } from '../support/sample-messages.js';
import { StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const MESSAGES = Number(process.env.STOMPCTL_TEST_MESSAGES ?? 2000);
const WINDOW = 1000;
const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/config/', import.meta.url));

/** What the producer holds back for each kill of either end, so that there is something in flight. */
const HELD_BACK = 100;

/** Where kills are due, as shares of the messages settled. The last lies before what the producer holds back. */
function killPoints(random: Random): number[] {
  const thirds = [
    [10, 27],
    [30, 46],
    [49, 65],
  ] as const;
  return thirds.map(([least, most]) => Math.ceil((random.between(least, most) / 100) * MESSAGES));
}

/** One of the two reference configurations with only paths, URI, name and password changed, and its process. */
class Reference {
  readonly queue: string;
  readonly #config: string;
  #process: StompctlProcess;

  constructor(folder: string, role: 'sender' | 'receiver', broker: RealBroker) {
    this.queue = join(folder, 'spool', role);
    this.#config = join(folder, `${role}.conf`);
    const text = readFileSync(join(FIXTURES, `${role}.conf`), 'utf8')
      .replaceAll('/var/spool/', `${folder}/spool/`)
      .replaceAll('/var/run/', `${folder}/run/`)
      .replaceAll('stomp://broker.acme.com:6163', broker.uri)
      .replaceAll('name = receiver', `name = ${broker.user}`)
      .replaceAll('pass = secret', `pass = ${broker.pass}`);
    writeFileSync(this.#config, text);
    this.#process = this.#start();
  }

  #start(): StompctlProcess {
    return new StompctlProcess(['--config', this.#config]);
  }

  get process(): StompctlProcess {
    return this.#process;
  }

  get elements(): number {
    return elementPaths(this.queue).length;
  }

  get locked(): string[] {
    return filesOf(this.queue)
      .filter((path) => path.endsWith('.lck'))
      .map((path) => path.slice(0, -'.lck'.length));
  }

  /** Stops it in the middle of something. */
  async freezeWhen(condition: () => boolean): Promise<void> {
    do {
      this.#process.signal('SIGCONT');
      await eventually(condition, { deadlineMs: 120_000, everyMs: 1 });
      this.#process.signal('SIGSTOP');
    } while (!condition());
  }

  /** Kills it as it stands, and starts it again; `look` runs while it is frozen. */
  async killAndRestart(look: () => Promise<void>): Promise<void> {
    assert.ok(this.#process.running, `${this.#config}: not running\n${this.#process.stderr}`);
    this.#process.signal('SIGSTOP');
    await look();
    const ended = await this.#process.stop('SIGKILL');
    assert.equal(ended.signal, 'SIGKILL');
    this.#process = this.#start();
  }
}

/** Writes the samples into the queue of the sender, some at a time. */
class Producer {
  readonly #queue: string;
  readonly #samples: Sample[];

  constructor(queue: string, samples: Sample[]) {
    this.#queue = queue;
    this.#samples = samples;
  }

  /** how many so far */
  produced = 0;

  produce(count: number): void {
    const next = this.#samples.splice(0, count);
    this.produced += next.length;
    produce(this.#queue, next);
  }
}

/** What the faults left to be sent twice: element numbers, and how many at most. */
class Suspicion {
  readonly numbers = new Set<number>();
  faults = 0;

  blame(paths: readonly string[]): void {
    for (const path of paths) this.numbers.add(Number.parseInt(basename(path).slice(8, 13), 16));
  }
}

interface Scene {
  readonly test: TestContext;
  readonly broker: RealBroker;
  readonly producer: Producer;
  readonly sender: Reference;
  readonly receiver: Reference;
  readonly suspicion: Suspicion;
}

const KILLS = { sender: killSender, receiver: killReceiver, broker: killBroker } as const;

async function scenario(test: TestContext, broker: RealBroker, seed: number): Promise<void> {
  const folder = await tempFolder(test);
  for (const name of ['spool', 'run']) mkdirSync(join(folder, name));
  const random = new Random(seed);
  const samples = new Map<number, Sample>();
  for (const one of sampleMessages(MESSAGES, seed)) samples.set(one.number, one);
  const producer = new Producer(join(folder, 'spool/sender'), [...samples.values()]);
  producer.produce(MESSAGES - 6 * HELD_BACK);

  const sender = new Reference(folder, 'sender', broker);
  const receiver = new Reference(folder, 'receiver', broker);
  test.after(async () => {
    for (const end of [sender, receiver]) if (end.process.running) await end.process.stop('SIGKILL');
  });
  const suspicion = new Suspicion();
  const due = { sender: killPoints(random), receiver: killPoints(random), broker: [random.between(10, 65)] };
  due.broker = due.broker.map((percent) => Math.ceil((percent / 100) * MESSAGES));
  test.diagnostic(`seed ${seed}, kills due at ${JSON.stringify(due)} of ${MESSAGES} messages settled`);

  const settledBySender = () => producer.produced - sender.elements;
  while (due.sender.length + due.receiver.length + due.broker.length > 0) {
    const next = await eventually(
      () => {
        if (settledBySender() >= (due.sender[0] ?? Number.POSITIVE_INFINITY)) return 'sender';
        const stored = storedBy(receiver);
        if (stored >= (due.receiver[0] ?? Number.POSITIVE_INFINITY)) return 'receiver';
        return stored >= (due.broker[0] ?? Number.POSITIVE_INFINITY) && 'broker';
      },
      { deadlineMs: 120_000, everyMs: 1, what: `the next kill of ${JSON.stringify(due)}` },
    );
    due[next].shift();
    suspicion.faults += 1;
    await KILLS[next]({ test, broker, producer, sender, receiver, suspicion });
  }

  producer.produce(MESSAGES - producer.produced);
  // as long as some arrive, on a busy machine more slowly, all may
  for (let stored = storedBy(receiver); stored < MESSAGES; stored = storedBy(receiver)) {
    const before = stored;
    const what = `more than ${before} of ${MESSAGES} messages are stored, with ${sender.elements} left to send`;
    await eventually(() => storedBy(receiver) > before, { deadlineMs: 120_000, everyMs: 50, what });
  }
  await eventually(() => sender.elements === 0);
  for (const end of [sender, receiver]) {
    const ended = await end.process.stop();
    assert.deepEqual([ended.code, ended.signal], [0, null], ended.stderr.slice(-2000));
  }
  assertNothingLeft(folder, sender, receiver);
  assertSameMessages(test, receiver.queue, samples, suspicion);
}

/** While one end is killed and comes back the other one is frozen: it would be through with its work. */
async function frozen(other: Reference, run: () => Promise<void>): Promise<void> {
  other.process.signal('SIGSTOP');
  await run();
  other.process.signal('SIGCONT');
}

async function killSender({ test, producer, sender, receiver, suspicion }: Scene): Promise<void> {
  await frozen(receiver, async () => {
    let locked: string[] = [];
    if (sender.locked.length === 0) producer.produce(HELD_BACK);
    await sender.freezeWhen(() => sender.locked.length > 0);
    await sender.killAndRestart(async () => {
      locked = sender.locked;
      assert.ok(locked.length > 0, 'elements are locked at the moment of the kill');
      assert.ok(locked.length <= WINDOW, `${locked.length} locks, the window is ${WINDOW}`);
      suspicion.blame(locked);
      test.diagnostic(`sender killed with ${sender.elements} left, ${locked.length} locked`);
    });
    const waitedFor = locked.filter((path) => existsSync(path));
    // a start takes seconds on a busy machine; without the journal it would be the ten minutes of `maxlock`
    await eventually(() => waitedFor.length === 0 || waitedFor.some((path) => !existsSync(path)), {
      deadlineMs: 120_000,
      what: 'the restarted sender resumes its own elements',
    });
  });
}

async function killReceiver({ test, broker, producer, sender, receiver, suspicion }: Scene): Promise<void> {
  // a receiver that keeps up holds next to nothing: frozen, it is handed what is sent meanwhile
  const freeze = async (): Promise<void> => {
    receiver.process.signal('SIGSTOP');
    producer.produce(HELD_BACK);
    await eventually(() => producer.produced - sender.elements - storedBy(receiver) >= 50, {
      deadlineMs: 120_000,
      everyMs: 1,
      what: 'the sender sends something that the receiver has not stored',
    });
  };
  await freeze();
  if ((await broker.queueDepth('myapp.data')).unacknowledged === 0) {
    // it has opened its session, and had not subscribed yet
    const before = storedBy(receiver);
    receiver.process.signal('SIGCONT');
    await eventually(() => storedBy(receiver) > before, { deadlineMs: 120_000, everyMs: 1 });
    await freeze();
  }
  await frozen(sender, async () => {
    await receiver.killAndRestart(async () => {
      const { unacknowledged } = await broker.queueDepth('myapp.data');
      assert.ok(unacknowledged > 0, 'deliveries are unacknowledged at the moment of the kill');
      for (const number of numbersOf(receiver.queue).keys()) suspicion.numbers.add(number);
      test.diagnostic(`receiver killed at ${storedBy(receiver)} stored, ${unacknowledged} unacknowledged`);
    });
    await eventually(() => receiver.process.log('session-open').length > 0, { deadlineMs: 120_000 });
  });
}

async function killBroker({ test, broker, sender, receiver, suspicion }: Scene): Promise<void> {
  const before = storedBy(receiver);
  await broker.kill('SIGKILL');
  suspicion.blame(sender.locked);
  test.diagnostic(`broker killed at ${before} stored, ${sender.locked.length} locked by the sender`);
  const sessions = () => [sender, receiver].map((end) => end.process.log('session-open').length);
  const sessionsBefore = sessions();
  await broker.start();
  // what it had delivered was stored meanwhile, and acknowledged in vain
  for (const number of numbersOf(receiver.queue).keys()) suspicion.numbers.add(number);
  await eventually(() => sessions().every((count, index) => count > (sessionsBefore[index] ?? 0)), {
    deadlineMs: 120_000,
    what: 'both ends come back',
  });
}

/** Different messages in the queue of the receiver. */
function storedBy(receiver: Reference): number {
  return numbersOf(receiver.queue).size;
}

/** How often each number is in a queue. */
function numbersOf(queue: string): Map<number, number> {
  const numbers = new Map<number, number>();
  for (const path of elementPaths(queue)) {
    const number = numberIn(path);
    numbers.set(number, (numbers.get(number) ?? 0) + 1);
  }
  return numbers;
}

const known = new Map<string, number>();

/** Elements never change: each file is looked at once, and only at its end, where stompctl writes the header. */
function numberIn(path: string): number {
  const cached = known.get(path);
  if (cached !== undefined) return cached;
  const file = openSync(path, 'r');
  const end = Buffer.alloc(4096);
  readSync(file, end, 0, end.length, Math.max(0, fstatSync(file).size - end.length));
  closeSync(file);
  const number = Number(/"x-number":"(\d+)"/.exec(end.toString('latin1'))?.[1]);
  if (Number.isNaN(number)) throw new Error(`numberIn(${path}): no x-number in the last ${end.length} bytes`);
  known.set(path, number);
  return number;
}

function assertNothingLeft(folder: string, sender: Reference, receiver: Reference): void {
  assert.deepEqual(filesOf(sender.queue), [], 'the queue of the sender is empty: no lock, journal or temporary file');
  const foreign = filesOf(receiver.queue).filter((path) => !/\/[0-9a-f]{8}\/[0-9a-f]{14}$/.test(path));
  assert.deepEqual(foreign, [], 'only elements in the queue of the receiver');
  assert.deepEqual(filesOf(join(folder, 'run')), [], 'no pidfile');
}

function assertSameMessages(
  test: TestContext,
  queue: string,
  samples: ReadonlyMap<number, Sample>,
  suspicion: Suspicion,
): void {
  const seen = new Map<number, number>();
  for (const stored of consume(queue)) {
    const number = Number(stored.header['x-number']);
    const sample = samples.get(number);
    assert.ok(sample !== undefined, `number ${number} was never sent`);
    seen.set(number, (seen.get(number) ?? 0) + 1);
    for (const [name, value] of Object.entries(sample.header)) {
      assert.equal(stored.header[name], value, `header ${name} of message ${number}`);
    }
    assert.ok(stored.body.equals(sample.body), `body of message ${number}`);
    assert.equal(stored.text, sample.text, `text flag of message ${number}`);
  }
  assert.equal(seen.size, samples.size, 'every message arrived');
  const twice = [...seen].filter(([, times]) => times > 1);
  const duplicates = twice.reduce((sum, [, times]) => sum + times - 1, 0);
  test.diagnostic(`${duplicates} duplicates after ${suspicion.faults} kills`);
  assert.ok(duplicates <= suspicion.faults * WINDOW, `${duplicates} duplicates`);
  for (const [number] of twice) assert.ok(suspicion.numbers.has(number), `duplicate ${number} belongs to no kill`);
}

describe('the reference configurations', { concurrency: false }, () => {
  const starters = { rabbitmq: startRabbitmq, activemq: startActivemq } as const;
  for (const kind of brokerKinds()) {
    if (kind === 'artemis') continue; // it is never ours to kill
    it(`carry ${MESSAGES} messages through ${kind} while sender, receiver and broker are killed`, async (test) => {
      // the reference sender logs in as nobody
      const broker = await starters[kind]({ anonymous: true });
      test.after(() => broker.stop());
      try {
        await keptQueue(broker, '/queue/myapp.data');
        await scenario(test, broker, testSeed());
      } catch (error) {
        test.diagnostic(await broker.logTail(30));
        throw error;
      }
    });
  }
});
