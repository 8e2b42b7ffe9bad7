import type { Clock } from '../base/clock.js';
import type { Settings } from '../config/settings.js';
import type { Delivery } from '../flow/delivery.js';
import type { Sink } from '../flow/sink.js';
import type { Demand, Source, SourceResult } from '../flow/source.js';
import { TransferReport } from '../transfer/report.js';
import { Statistics } from '../transfer/statistics.js';
import { SupervisedSource } from '../transfer/supervised-source.js';
import { Supervisor } from '../transfer/supervisor.js';
import { Transfer } from '../transfer/transfer.js';
import type { BrokerEndContext } from './broker-end.js';
import { reconnectPolicy } from './make-ends.js';
import { oneBrokerSource } from './one-broker.js';
import { limitsOf } from './running-transfer.js';

type BrokerSourceSettings = Extract<Settings['source'], { kind: 'broker' }>;

export interface Receiver {
  /** for texts: `broker stomp://host:61613` */
  readonly name: string;
  readonly transfer: Transfer;
  readonly statistics: Statistics;
}

export interface ReceiverContext extends BrokerEndContext {
  /** otherwise what was handed to the sink is given back at the end */
  readonly acknowledge: boolean;
  /** ends when nothing came for so long, counted while it is open and there is room for more; undefined: goes on */
  readonly quietMs: number | undefined;
  /** only look, where the broker can show messages without giving them out: see `BrokerSourceOptions.onLook` */
  readonly onLook?: ((how: 'browsed' | 'given-back') => void) | undefined;
}

/**
 * A transfer from a broker into `sink`, for somebody who waits for it: a refused login ends it.
 */
export function buildReceiver(
  source: BrokerSourceSettings,
  settings: Settings,
  sink: Sink,
  context: ReceiverContext,
): Receiver {
  const { clock, logger, acknowledge, onLook, quietMs } = context;
  const statistics = new Statistics(clock);
  const report = new TransferReport({ statistics, logger, maxParked: settings.maxParked });
  const told = { events: report, deadLetters: undefined, onDuplicate: report.duplicate, ...(onLook && { onLook }) };
  const limits = acknowledge ? settings : unacknowledgedLimits(settings);
  const { end, allRefused } = oneBrokerSource(source, limits, context, told);
  const policy = { ...reconnectPolicy(settings, source), bounded: true };
  const supervisor = new Supervisor({ ...policy, ...(allRefused && { allRefused }), clock, logger });
  const onReopened = () => {
    report.reconnected();
    report.nothingParked();
  };
  const kept = acknowledge ? end : new UnacknowledgedSource(end);
  const ending = quietMs === undefined ? kept : new EndingSource(kept, clock, quietMs);
  const supervised = new SupervisedSource(ending, { supervisor, logger, onReopened });
  const transfer = new Transfer({
    source: supervised,
    sink,
    processor: undefined,
    limits: limitsOf(settings),
    lazy: false,
    report,
    clock,
  });
  return { name: end.name, transfer, statistics };
}

/** What the broker sends ahead is all that will be seen: as much as is asked for, and no more. */
function unacknowledgedLimits(settings: Settings): Settings {
  const { window, count = window } = settings;
  return { ...settings, window: Math.max(1, count), maxParked: 0 };
}

/** A source that does as another one, but for what a class below it changes. */
class WrappedSource implements Source {
  protected readonly inner: Source;

  constructor(inner: Source) {
    this.inner = inner;
  }

  get name(): string {
    return this.inner.name;
  }

  open(): Promise<void> {
    return this.inner.open();
  }

  next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    return this.inner.next(demand, interrupt);
  }

  settle(): Promise<void> {
    return this.inner.settle();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

/** Its deliveries are given back when they are done with. */
class UnacknowledgedSource extends WrappedSource {
  override async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    const result = await this.inner.next(demand, interrupt);
    return result.kind === 'batch' ? { kind: 'batch', deliveries: result.deliveries.map(unacknowledged) } : result;
  }
}

/** It comes to an end when it was asked for so long, in vain. */
class EndingSource extends WrappedSource {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #quietMs = 0;

  constructor(inner: Source, clock: Clock, limitMs: number) {
    super(inner);
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  override async open(): Promise<void> {
    await this.inner.open();
    this.#quietMs = 0;
  }

  override async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    const enough = new AbortController();
    const stop = (): void => enough.abort();
    const startedMs = this.#clock.monotonicMs();
    const timer = this.#clock.after(this.#limitMs - this.#quietMs, stop);
    interrupt.addEventListener('abort', stop, { once: true });
    if (interrupt.aborted) stop();
    try {
      const result = await this.inner.next(demand, enough.signal);
      this.#quietMs = result.kind === 'idle' ? this.#quietMs + this.#clock.monotonicMs() - startedMs : 0;
      const over = result.kind === 'idle' && this.#quietMs >= this.#limitMs && !interrupt.aborted;
      return over ? { kind: 'end' } : result;
    } finally {
      timer.cancel();
      interrupt.removeEventListener('abort', stop);
    }
  }
}

function unacknowledged(delivery: Delivery): Delivery {
  const { message, name, id, size } = delivery;
  const release = () => delivery.release();
  return { message, name, id, size, ack: release, release, reject: release };
}
