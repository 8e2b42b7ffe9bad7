import type { Settings } from '../config/settings.js';
import type { Delivery } from '../flow/delivery.js';
import type { Sink } from '../flow/sink.js';
import type { Demand, Source, SourceResult } from '../flow/source.js';
import { TransferReport } from '../transfer/report.js';
import { Statistics } from '../transfer/statistics.js';
import { SupervisedSource } from '../transfer/supervised-source.js';
import { Supervisor } from '../transfer/supervisor.js';
import { Transfer } from '../transfer/transfer.js';
import { type BrokerEndContext, brokerSource } from './broker-end.js';
import { reconnectPolicy } from './make-ends.js';
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
  const { clock, logger, acknowledge, onLook } = context;
  const statistics = new Statistics(clock);
  const report = new TransferReport({ statistics, logger, maxParked: settings.maxParked });
  const told = { events: report, deadLetters: undefined, onDuplicate: report.duplicate, ...(onLook && { onLook }) };
  const limits = acknowledge ? settings : unacknowledgedLimits(settings);
  const { end, allRefused } = brokerSource(source, limits, context, told);
  const policy = { ...reconnectPolicy(settings, source), bounded: true };
  const supervisor = new Supervisor({ ...policy, ...(allRefused && { allRefused }), clock, logger });
  const onReopened = () => {
    report.reconnected();
    report.nothingParked();
  };
  const supervised = new SupervisedSource(acknowledge ? end : new UnacknowledgedSource(end), {
    supervisor,
    logger,
    onReopened,
  });
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

/** A source whose deliveries are given back when they are done with. */
class UnacknowledgedSource implements Source {
  readonly #inner: Source;

  constructor(inner: Source) {
    this.#inner = inner;
  }

  get name(): string {
    return this.#inner.name;
  }

  open(): Promise<void> {
    return this.#inner.open();
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    const result = await this.#inner.next(demand, interrupt);
    return result.kind === 'batch' ? { kind: 'batch', deliveries: result.deliveries.map(unacknowledged) } : result;
  }

  settle(): Promise<void> {
    return this.#inner.settle();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

function unacknowledged(delivery: Delivery): Delivery {
  const { message, name, id, size } = delivery;
  const release = () => delivery.release();
  return { message, name, id, size, ack: release, release, reject: release };
}
