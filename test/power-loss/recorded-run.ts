import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { Message, NormalQueue, newHeader, SimpleQueue } from '../../src/index.js';
import { Random } from '../support/random.js';
import { runStompctl } from '../support/stompctl-process.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';
import type { Expectation } from './check-outcomes.js';
import { DiskModel, type Outcome } from './disk-model.js';
import { handOvers } from './frames.js';
import type { TraceEvent } from './trace.js';

const RECORDER = new URL('recorder.js', import.meta.url).href;
const MESSAGES = 30;
const DESTINATION = '/queue/q';
/** small, so that a run has several batches */
const WINDOW = '10';

export type End = 'DQS' | 'DQN' | 'broker';

export interface RunOptions {
  readonly from: End;
  readonly to: End;
  readonly sync: 'batch' | 'message' | 'none';
  /** nothing looks into the messages; by default a callback does, and rejects every tenth */
  readonly unread?: boolean;
}

export interface RecordedRun {
  readonly model: DiskModel;
  readonly expected: Expectation;
  /** the disk as the run left it */
  readonly real: Outcome;
  readonly root: string;
  readonly trace: readonly TraceEvent[];
  /** what was there, with its folders */
  readonly before: Outcome;
  readonly folders: readonly string[];
}

/** Moves messages with the built command, and records what it does. */
export async function recordedRun(
  test: Cleaning,
  { from, to, sync, unread = false }: RunOptions,
): Promise<RecordedRun> {
  const folder = await tempFolder(test);
  const root = join(folder, 'disk');
  mkdirSync(join(root, 'in'), { recursive: true });
  const broker = await InProcessBroker.start({ server: 'RabbitMQ/3.10.8' });
  test.after(() => broker.kill());
  const messages = bodies();
  await fill(from, join(root, 'in'), broker, messages);
  const before = snapshot(root);
  const folders = foldersBelow(root);
  const file = join(folder, 'trace.json');
  const args = [...source(from, root, broker.uri), ...sink(to, root, broker.uri)];
  const rejecting = "if (Number(hdr['x-id'].slice(1)) % 10 === 3) throw new Error('as told')";
  const ended = await runStompctl(
    [
      ...args,
      ...['--window', WINDOW, '--sync', sync],
      ...(unread ? [] : ['--failure-queue', `path=${join(root, 'failed')}`]),
      ...(unread ? [] : ['--callback-language', 'javascript', '--callback-code', rejecting]),
    ],
    {
      env: {
        NODE_OPTIONS: `--import=${RECORDER}`,
        STOMPCTL_TEST_RECORD_ROOT: root,
        STOMPCTL_TEST_RECORD_FILE: file,
      },
    },
  );
  if (ended.code !== (unread ? 0 : 1))
    throw new Error(`recordedRun: exit ${ended.code} ${ended.signal}\n${ended.stderr}`);
  const trace = JSON.parse(readFileSync(file, 'utf8')) as TraceEvent[];
  const expected = { messages, fromBroker: from === 'broker', handOvers: handOvers(trace) };
  return { model: new DiskModel(before, folders, trace), expected, real: snapshot(root), root, trace, before, folders };
}

function bodies(): Map<string, Buffer> {
  const random = new Random(1);
  const numbers = Array.from({ length: MESSAGES }, (_, number) => number);
  return new Map(
    numbers.map((number) => [`m${number}`, Buffer.from(`body ${number} `.repeat(random.between(1, 200)))]),
  );
}

async function fill(
  from: End,
  path: string,
  broker: InProcessBroker,
  messages: ReadonlyMap<string, Buffer>,
): Promise<void> {
  const queue = from === 'DQN' ? new NormalQueue({ path }) : new SimpleQueue({ path });
  for (const [id, body] of messages) {
    const header = { 'x-id': id, destination: DESTINATION, persistent: 'true' };
    if (from === 'broker') broker.publish(DESTINATION, header, body);
    else await queue.addMessage(new Message(newHeader(header), body, true));
  }
}

function source(from: End, root: string, uri: string): string[] {
  if (from !== 'broker') return ['--incoming-queue', `path=${join(root, 'in')} type=${from}`, '--remove'];
  return ['--incoming-broker-uri', uri, '--subscribe', `destination=${DESTINATION}`, '--count', String(MESSAGES)];
}

function sink(to: End, root: string, uri: string): string[] {
  if (to === 'broker') return ['--outgoing-broker-uri', uri];
  return ['--outgoing-queue', `path=${join(root, 'out')} type=${to}`];
}

function below(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
}

function foldersBelow(root: string): string[] {
  return below(root).filter((path) => statSync(join(root, path)).isDirectory());
}

export function snapshot(root: string): Map<string, Buffer> {
  const files = below(root).filter((path) => statSync(join(root, path)).isFile());
  return new Map(files.map((path) => [path, readFileSync(join(root, path))]));
}
