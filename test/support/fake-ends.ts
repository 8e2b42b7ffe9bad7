import { StompctlError } from '../../src/base/errors.js';
import type { Delivery } from '../../src/flow/delivery.js';
import type { Sink } from '../../src/flow/sink.js';
import type { Demand, Source, SourceResult } from '../../src/flow/source.js';
import { Message, newHeader } from '../../src/message/message.js';

export type Settled = 'ack' | 'release' | 'reject';

export function textMessage(text: string): Message {
  return new Message(newHeader({ destination: '/queue/q' }), Buffer.from(text), true);
}

/** A source over a list; remembers how each delivery was settled. */
export class FakeSource implements Source {
  readonly name = 'fake source';
  readonly settledAs = new Map<string, Settled>();
  readonly demands: Demand[] = [];
  opened = 0;
  closed = 0;
  storesAtClose: boolean | undefined;
  /** thrown by the next calls of `next`, first one first */
  failures: StompctlError[] = [];
  readonly #messages: Message[];
  readonly #endless: boolean;

  constructor(messages: readonly Message[], options: { endless?: boolean } = {}) {
    this.#messages = [...messages];
    this.#endless = options.endless ?? false;
  }

  async open(): Promise<void> {
    this.opened += 1;
  }

  async next(demand: Demand, interrupt: AbortSignal): Promise<SourceResult> {
    this.demands.push(demand);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const batch = this.#messages.splice(0, this.#fitting(demand));
    if (batch.length > 0) return { kind: 'batch', deliveries: batch.map((message) => this.#deliver(message)) };
    if (!this.#endless) return { kind: 'end' };
    await new Promise<void>((resolve) => {
      if (interrupt.aborted) resolve();
      else interrupt.addEventListener('abort', () => resolve(), { once: true });
    });
    return { kind: 'idle', reason: 'interrupted' };
  }

  async settle(): Promise<void> {}

  async close(): Promise<void> {
    this.closed += 1;
  }

  /** How many messages the demand is for; one in any case. */
  #fitting({ deliveries, bytes }: Demand): number {
    let left = bytes;
    const over = this.#messages.findIndex(({ size }, index) => {
      left -= size;
      return index > 0 && left < 0;
    });
    return Math.min(deliveries, 100, over === -1 ? this.#messages.length : over);
  }

  #deliver(message: Message): Delivery {
    const name = message.body.toString();
    const settle = (how: Settled) => () => {
      if (!this.settledAs.has(name)) this.settledAs.set(name, how);
    };
    const { size } = message;
    return { message, name, size, ack: settle('ack'), release: settle('release'), reject: settle('reject') };
  }
}

/** What a fake sink does with a message: it is safe, it fails so, or nothing happens until the session ends. */
export type Verdict = 'safe' | 'silent' | StompctlError;

/** A sink whose answers are decided by a function; a failure that ends the session fails everything in flight. */
export class FakeSink implements Sink {
  readonly name = 'fake sink';
  readonly safe: string[] = [];
  readonly sent: string[] = [];
  opened = 0;
  closed = 0;
  openFailures: StompctlError[] = [];
  mostInFlight = 0;
  readonly #judge: (message: Message) => Verdict;
  #lost: ((error: StompctlError) => void) | undefined;
  #inFlight = new Set<(error: StompctlError) => void>();

  constructor(judge: (message: Message) => Verdict = () => 'safe') {
    this.#judge = judge;
  }

  async open(lost?: (error: StompctlError) => void): Promise<void> {
    this.#lost = lost;
    this.opened += 1;
    const failure = this.openFailures.shift();
    if (failure !== undefined) throw failure;
  }

  send(message: Message): Promise<void> {
    const name = message.body.toString();
    this.sent.push(name);
    return new Promise((resolve, reject) => {
      this.#inFlight.add(reject);
      this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight.size);
      // the answer comes a turn later, as a receipt would
      setImmediate(() => {
        if (!this.#inFlight.has(reject)) return;
        const verdict = this.#judge(message);
        if (verdict === 'silent') return;
        this.#inFlight.delete(reject);
        if (verdict === 'safe') {
          this.safe.push(name);
          resolve();
        } else {
          reject(verdict);
          if (verdict.action === 'reopen') this.endSession(verdict);
          else if (verdict.code === 'MESSAGE_REFUSED') this.endSession(lost());
        }
      });
    });
  }

  /** Fails everything in flight. */
  endSession(error: StompctlError = lost()): void {
    const inFlight = this.#inFlight;
    this.#inFlight = new Set();
    for (const reject of inFlight) reject(error);
    this.#lost?.(error);
  }

  /** The session is lost, and what is in flight stays so. */
  report(error: StompctlError): void {
    this.#lost?.(error);
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.closed += 1;
  }
}

/** Sends a message of each name, and collects how each send ended: `safe`, or the code of the error. */
export function outcomes(sink: Pick<Sink, 'send'>, names: readonly string[]): Map<string, string> {
  const ended = new Map<string, string>();
  for (const name of names) {
    sink.send(textMessage(name)).then(
      () => ended.set(name, 'safe'),
      (error: StompctlError) => ended.set(name, error.code),
    );
  }
  return ended;
}

export function lost(): StompctlError {
  return new StompctlError('SESSION_LOST', 'receive', 'fake sink', 'connection reset');
}

export function brokerError(): StompctlError {
  return new StompctlError('BROKER_ERROR', 'receive', 'fake sink', 'the broker says: no');
}
