import type { Clock } from '../base/clock.js';
import { Latency, type LatencySnapshot } from './latency.js';

/** What is counted of a transfer. All counts are since its start. */
export interface StatisticsSnapshot {
  /** messages taken from the source, before the callback; each delivery counts */
  readonly received: number;
  /** size of the messages taken: body plus header names and values plus framing, as `stompclt` counts it */
  readonly receivedBytes: number;
  /** messages made safe by the sink */
  readonly sent: number;
  /** their size, after the callback */
  readonly sentBytes: number;
  /** messages dropped by the callback */
  readonly dropped: number;
  readonly droppedBytes: number;
  /** the same by reason; reasons beyond the limit are together under `(other)` */
  readonly droppedBy: Readonly<Record<string, number>>;
  /** messages rejected, inputs that never became a message included */
  readonly rejected: number;
  /** of those that were messages */
  readonly rejectedBytes: number;
  /** the same by error code */
  readonly rejectedBy: Readonly<Record<string, number>>;
  /** empty inputs, left by a crash, that were removed */
  readonly discarded: number;
  /** deliveries given back to the source */
  readonly released: number;
  /** rejected deliveries that wait unacknowledged at the broker, now */
  readonly parked: number;
  /** sessions or folders opened again after a loss, both ends together */
  readonly reconnects: number;
  /** settlings of a session that had ended: the broker hands these messages over again */
  readonly settledTooLate: number;
  /** deliveries of messages that were safe already: acknowledged, and not handed over again */
  readonly duplicates: number;
  /** second settlings of one delivery: should be 0 */
  readonly settledTwice: number;
  /** messages that went through rules and callback, and how long these took */
  readonly processed: number;
  readonly processedSeconds: number;
  /** between the first message taken and the last one settled, in seconds; 0 with fewer than two */
  readonly elapsedSeconds: number;
}

/** Milliseconds ago; undefined: never. */
export interface LastFacts {
  readonly lastReceivedMs?: number | undefined;
  readonly lastSentMs?: number | undefined;
  /** sent, dropped or rejected */
  readonly lastSettledMs?: number | undefined;
}

/** Reasons to drop come from the callback, that is from outside: only so many are told apart. */
const MAX_REASONS = 100;
const MAX_REASON_LENGTH = 200;
const OTHER = '(other)';

/** The counters of one transfer. Its methods are called once a message: they allocate nothing. */
export class Statistics {
  readonly #clock: Clock;
  readonly #droppedBy = new Map<string, number>();
  readonly #rejectedBy = new Map<string, number>();
  #received = 0;
  #receivedBytes = 0;
  #sent = 0;
  #sentBytes = 0;
  #dropped = 0;
  #droppedBytes = 0;
  #rejected = 0;
  #rejectedBytes = 0;
  #processed = 0;
  #processedMs = 0;
  #discarded = 0;
  #released = 0;
  #parked = 0;
  #reconnects = 0;
  #settledTooLate = 0;
  #settledTwice = 0;
  #duplicates = 0;
  #firstMs = 0;
  #lastMs = 0;
  #lastReceivedMs: number | undefined;
  #lastSentMs: number | undefined;
  readonly #latency = new Latency();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One message taken from the source; `size` is `Message.size`. */
  received(size: number): void {
    this.#lastReceivedMs = this.#clock.monotonicMs();
    if (this.#received === 0) this.#firstMs = this.#lastMs = this.#lastReceivedMs;
    this.#received += 1;
    // stompclt: the size of a message is 1, plus its body, plus 2 and name and value of each header
    this.#receivedBytes += size + 1;
  }

  /** One message of `size` made safe by the sink; it was taken at `takenMs` of the clock. */
  sent(size?: number, takenMs?: number): void {
    this.#sent += 1;
    if (size !== undefined) this.#sentBytes += size + 1;
    this.#lastMs = this.#lastSentMs = this.#clock.monotonicMs();
    if (takenMs !== undefined) this.#latency.observe(this.#lastMs - takenMs);
  }

  /** One message that the callback dropped. */
  dropped(reason: string, size?: number, takenMs?: number): void {
    this.#dropped += 1;
    if (size !== undefined) this.#droppedBytes += size + 1;
    const key = reason.length > MAX_REASON_LENGTH ? `${reason.slice(0, MAX_REASON_LENGTH)}…` : reason;
    const known = this.#droppedBy.has(key) || this.#droppedBy.size < MAX_REASONS;
    count(this.#droppedBy, known ? key : OTHER);
    this.#lastMs = this.#clock.monotonicMs();
    if (takenMs !== undefined) this.#latency.observe(this.#lastMs - takenMs);
  }

  /** One message, or one input that never became a message and has no size, that was rejected; `code` is the error's. */
  rejected(code: string, size?: number, takenMs?: number): void {
    this.#rejected += 1;
    if (size !== undefined) this.#rejectedBytes += size + 1;
    count(this.#rejectedBy, code);
    this.#lastMs = this.#clock.monotonicMs();
    if (takenMs !== undefined) this.#latency.observe(this.#lastMs - takenMs);
  }

  /** A batch of `messages` went through rules and callback. */
  processed(messages: number, ms: number): void {
    this.#processed += messages;
    this.#processedMs += ms;
  }

  /** One empty input removed. */
  discarded(): void {
    this.#discarded += 1;
  }

  /** One delivery given back to the source. */
  released(): void {
    this.#released += 1;
  }

  /** How many rejected deliveries wait unacknowledged now. */
  setParked(parked: number): void {
    this.#parked = parked;
  }

  /** One end was opened again. */
  reconnected(): void {
    this.#reconnects += 1;
  }

  settledInVain(why: 'dead-session' | 'twice'): void {
    if (why === 'twice') this.#settledTwice += 1;
    else this.#settledTooLate += 1;
  }

  /** One message that came again though it is safe. */
  duplicate(): void {
    this.#duplicates += 1;
  }

  /** How long ago something came, was made safe, or was settled in any way; undefined: never. For the verdict. */
  get last(): LastFacts {
    const nowMs = this.#clock.monotonicMs();
    const ago = (atMs: number | undefined) => (atMs === undefined ? undefined : nowMs - atMs);
    const lastSettledMs = this.#received === 0 && this.#rejected === 0 ? undefined : ago(this.#lastMs);
    return { lastReceivedMs: ago(this.#lastReceivedMs), lastSentMs: ago(this.#lastSentMs), lastSettledMs };
  }

  /** From the taking of a message to its settling; what was given back is not in it. */
  get latency(): LatencySnapshot {
    return this.#latency.snapshot();
  }

  snapshot(): StatisticsSnapshot {
    return {
      received: this.#received,
      receivedBytes: this.#receivedBytes,
      sent: this.#sent,
      sentBytes: this.#sentBytes,
      dropped: this.#dropped,
      droppedBytes: this.#droppedBytes,
      droppedBy: asRecord(this.#droppedBy),
      rejected: this.#rejected,
      rejectedBytes: this.#rejectedBytes,
      rejectedBy: asRecord(this.#rejectedBy),
      discarded: this.#discarded,
      released: this.#released,
      parked: this.#parked,
      reconnects: this.#reconnects,
      settledTooLate: this.#settledTooLate,
      settledTwice: this.#settledTwice,
      duplicates: this.#duplicates,
      processed: this.#processed,
      processedSeconds: Math.round(this.#processedMs) / 1000,
      elapsedSeconds: this.#received < 2 ? 0 : Math.round(this.#lastMs - this.#firstMs) / 1000,
    };
  }
}

/** What `--statistics` prints at the end, line by line, exactly as stompclt does. */
export function statisticsLines(
  counted: Pick<StatisticsSnapshot, 'received' | 'receivedBytes' | 'elapsedSeconds'>,
): string[] {
  const { received, receivedBytes } = counted;
  if (received === 0) return ['processed no messages'];
  if (received === 1) return ['processed only 1 message'];
  // the least that is printed other than 0: messages settled within one millisecond must not divide by zero
  const seconds = Math.max(counted.elapsedSeconds, 0.001);
  const rate = (received / seconds / 1000).toFixed(3);
  return [
    `processed ${received} messages in ${seconds.toFixed(3)} seconds (${rate} k msg/sec)`,
    `throughput is around ${(receivedBytes / seconds / 1024 / 1024).toFixed(3)} MB/second`,
    `average message size is around ${Math.floor(receivedBytes / received + 0.5)} bytes`,
  ];
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function asRecord(counts: ReadonlyMap<string, number>): Record<string, number> {
  const record: Record<string, number> = Object.create(null);
  for (const [key, value] of counts) record[key] = value;
  return record;
}
