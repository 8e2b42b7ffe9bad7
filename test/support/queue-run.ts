import { readdirSync, readFileSync, readlinkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/base/clock.js';
import type { FileSystem } from '../../src/base/file-system.js';
import type { Source } from '../../src/flow/source.js';
import { QueueSink } from '../../src/sinks/queue/queue-sink.js';
import { QueueSource } from '../../src/sources/queue/queue-source.js';
import { TransferReport } from '../../src/transfer/report.js';
import { Statistics } from '../../src/transfer/statistics.js';
import { SupervisedSink } from '../../src/transfer/supervised-sink.js';
import { SupervisedSource } from '../../src/transfer/supervised-source.js';
import { Supervisor } from '../../src/transfer/supervisor.js';
import { Transfer, type TransferOutcome } from '../../src/transfer/transfer.js';
import { MemoryLogger } from './memory-logger.js';
import { DEAD_PID } from './queue-journal.js';

type Type = 'DQS' | 'DQN';

export interface QueueRunOptions {
  readonly type: Type;
  /** a queue, or a source of another kind */
  readonly from: string | Source;
  readonly to: string;
  readonly files: FileSystem;
  /** batch */
  readonly sync?: 'batch' | 'message' | 'none';
  /** openings in a row before the run gives up; 6 */
  readonly attempts?: number;
}

/** Without what is done every so often: two runs then make the same calls in the same order. */
const ONCE: Clock = {
  ...systemClock,
  after: (delayMs, run, keepAlive = true) =>
    keepAlive ? systemClock.after(delayMs, run) : { cancel: () => undefined },
};

/** One run as `app/build.ts` makes it, over this file system, with delays of a millisecond before it tries again. */
export async function runTransfer(given: QueueRunOptions): Promise<TransferOutcome> {
  const { type, from, to, files, sync = 'batch', attempts = 6 } = given;
  const clock = ONCE;
  const logger = new MemoryLogger();
  const supervisor = () => new Supervisor({ delayMs: 1, maxDelayMs: 1, attempts, bounded: true, clock, logger });
  const report = new TransferReport({ statistics: new Statistics(clock), logger, maxParked: 10 });
  // a umask: then every mode is set and looked at
  const options = { type, sync, umask: 0o27, clock };
  const inner =
    typeof from === 'string'
      ? new QueueSource(
          { ...options, path: from, loop: false, remove: true, maxMessageSize: 1 << 20, events: report },
          files,
        )
      : from;
  const transfer = new Transfer({
    source: new SupervisedSource(inner, { supervisor: supervisor(), logger }),
    sink: new SupervisedSink(new QueueSink({ ...options, path: to }, files), {
      supervisor: supervisor(),
      maxAttempts: 3,
      logger,
    }),
    processor: undefined,
    report,
    clock,
    lazy: false,
    limits: {
      window: 1000,
      windowBytes: 1 << 20,
      count: undefined,
      durationMs: undefined,
      inactivityMs: undefined,
      lingerMs: 60_000,
      closeMs: 60_000,
    },
  });
  return transfer.run();
}

/** The journals of this process become those of one that is dead. */
export function bury(path: string): void {
  for (const name of readdirSync(path)) {
    if (!name.startsWith('stompctl.')) continue;
    const claimed = new RegExp(`\\.claimed\\.${process.pid}\\.\\d+$`);
    const dead = name.replace(`.${process.pid}.`, `.${DEAD_PID}.`).replace(claimed, `.claimed.${DEAD_PID}.1`);
    renameSync(join(path, name), join(path, dead));
  }
}

/** The bodies in a queue, in order, as any reader of the format finds them. Throws for an element that is spoilt. */
export function bodiesIn(type: Type, path: string): string[] {
  const folders = readdirSync(path).filter((name) => /^[0-9a-f]{8}$/.test(name));
  return folders.sort().flatMap((folder) => {
    const names = readdirSync(join(path, folder)).filter((name) => /^[0-9a-f]{14}$/.test(name));
    return names.sort().map((name) => bodyOf(type, join(path, folder, name)));
  });
}

function bodyOf(type: Type, element: string): string {
  if (type === 'DQN') {
    if (readFileSync(join(element, 'header'), 'utf8') !== 'destination\t/queue/q\n') throw new Error('spoilt header');
    return readFileSync(join(element, 'text'), 'utf8');
  }
  const message = JSON.parse(readFileSync(element, 'utf8'));
  if (message.header.destination !== '/queue/q' || message.text !== true) throw new Error('spoilt element');
  return message.body;
}

/** The files that this process has open, by what they are: sockets and pipes come and go by themselves. */
export function openFiles(under: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(under) ? [target] : [];
    } catch {
      return []; // that of this reading itself
    }
  });
}
