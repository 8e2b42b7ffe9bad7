import { type Clock, systemClock } from '../../src/base/clock.js';
import type { StompctlError } from '../../src/base/errors.js';
import { type FileSystem, systemFiles } from '../../src/base/file-system.js';
import type { Delivery } from '../../src/flow/delivery.js';
import { Message, newHeader } from '../../src/message/message.js';
import type { QueueEvents } from '../../src/sources/queue/queue-events.js';
import { QueueSource, type QueueSourceOptions } from '../../src/sources/queue/queue-source.js';

export const PLENTY = { deliveries: 1000, bytes: 1 << 30 };

export function textOf(text: string): Message {
  return new Message(newHeader({ destination: '/queue/q' }), Buffer.from(text), true);
}

/** What a source told, besides deliveries. */
export class HeardEvents implements QueueEvents {
  readonly rejectedAs: { name: string; reason: StompctlError }[] = [];
  readonly inVain: { name: string; why: string }[] = [];
  readonly strangersTold: number[] = [];
  readonly leftovers: string[] = [];
  readonly leftoversKept: string[] = [];
  recoveredLocks = 0;
  purges = 0;

  rejected(name: string, reason: StompctlError): void {
    this.rejectedAs.push({ name, reason });
  }

  settledInVain(name: string, why: string): void {
    this.inVain.push({ name, why });
  }

  parked(): void {}

  strangers(count: number): void {
    this.strangersTold.push(count);
  }

  leftoverRemoved(name: string): void {
    this.leftovers.push(name);
  }

  leftoverKept(name: string): void {
    this.leftoversKept.push(name);
  }

  recovered(locks: number): void {
    this.recoveredLocks += locks;
  }

  purged(): void {
    this.purges += 1;
  }
}

type Given = Partial<QueueSourceOptions> & { path: string; clock?: Clock; files?: FileSystem };

/** An opened source with what it told; closed after the test. */
export async function openSource(
  t: { after(run: () => Promise<void>): void },
  { files = systemFiles, ...given }: Given,
): Promise<{ source: QueueSource; events: HeardEvents }> {
  const events = new HeardEvents();
  // on a busy machine a batch would end early, and with it what many a test expects of one `next`
  const usual = {
    loop: false,
    remove: true,
    sync: 'none' as const,
    maxMessageSize: 1 << 20,
    clock: systemClock,
    turnMs: 60_000,
  };
  const source = new QueueSource({ ...usual, ...given, events }, files);
  await source.open();
  // a test that broke its disk has looked at what close says already
  t.after(() => source.close().catch(() => undefined));
  return { source, events };
}

/** The next deliveries; none when the source is idle or at its end. */
export async function take(source: QueueSource, demand = PLENTY): Promise<readonly Delivery[]> {
  const result = await source.next(demand, new AbortController().signal);
  return result.kind === 'batch' ? result.deliveries : [];
}

/** Everything until idle or end, each settled by `how`. */
export async function takeAll(source: QueueSource, how: (delivery: Delivery) => void): Promise<Delivery[]> {
  const all: Delivery[] = [];
  let wasIdle = false;
  for (;;) {
    const result = await source.next(PLENTY, new AbortController().signal);
    if (result.kind === 'end' || (result.kind === 'idle' && wasIdle)) return all;
    wasIdle = result.kind === 'idle';
    if (result.kind === 'batch') {
      for (const delivery of result.deliveries) how(delivery);
      all.push(...result.deliveries);
    }
    // on a slow disk there was no room for more until what was settled was gone
    else await source.settle();
  }
}

export function bodies(deliveries: readonly Delivery[]): string[] {
  return deliveries.map((delivery) => delivery.message.body.toString());
}
