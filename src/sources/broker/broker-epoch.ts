import { reasonOf, StompctlError } from '../../base/errors.js';
import { Bell } from '../../base/wait.js';
import type { DeadLetters } from '../../flow/dead-letters.js';
import type { Demand, SourceEvents } from '../../flow/source.js';
import { messageFromFrame } from '../../message/content-type.js';
import { type Message, newHeader } from '../../message/message.js';
import type { Dialect } from '../../stomp/client-dialects.js';
import type { Frame } from '../../stomp/codec/frame.js';
import type { StompSession } from '../../stomp/session.js';
import { BrokerDelivery, type DeliveryOwner } from './broker-delivery.js';
import type { RememberedIds } from './remembered-ids.js';
import type { SubscriptionShare } from './subscription-share.js';

export interface BrokerEpochOptions {
  readonly name: string;
  /** most deliveries and bytes held unsettled, those not yet handed over included, before reading pauses */
  readonly most: { readonly deliveries: number; readonly bytes: number; readonly window: number };
  readonly reliable: boolean;
  /** bytes of a body; a larger one was skipped */
  readonly maxMessageSize: number | undefined;
  readonly deadLetters: DeadLetters | undefined;
  readonly events: SourceEvents;
  /** messages already safe, by endpoint-wide identity; undefined where identities cannot be trusted */
  readonly safe: RememberedIds | undefined;
  readonly onDuplicate: ((name: string) => void) | undefined;
}

/** What of a session an epoch needs, whatever protocol it speaks. */
export type EpochSession = Pick<StompSession, 'over' | 'ended' | 'ack' | 'pause' | 'resume' | 'flush'> & {
  readonly dialect: Pick<Dialect, 'stableIds'>;
};

/** Reading goes on when this part of the limits is in use again. */
const RESUME_AT = 0.75;

/** One session of a broker source, and everything delivered by it that is not settled. */
export class BrokerEpoch<Session extends EpochSession = EpochSession> implements DeliveryOwner {
  readonly session: Session;
  #options: BrokerEpochOptions;
  #buffer: BrokerDelivery[] = [];
  #unsettled = 0;
  #unsettledBytes = 0;
  #paused = false;
  #parked = 0;
  #closing = false;
  #ended = false;
  #blocked: StompctlError | undefined;
  #reportFull: () => void = () => undefined;
  /** on their way into the failure queue: unsettled, and in the window, until they are there */
  readonly #rejecting = new Set<Promise<void>>();
  /** aborted when nothing of this session can be settled any more, or nothing waits to be */
  readonly #giveUp = new AbortController();
  /** resolves when the limits are reached for the first time, and reading pauses: from then on somebody must take and settle */
  readonly full: Promise<void>;
  /** rung when something is there to be taken, or the session is over */
  readonly arrival = new Bell();

  constructor(session: Session, options: BrokerEpochOptions) {
    this.session = session;
    this.#options = options;
    this.full = new Promise((resolve) => {
      this.#reportFull = resolve;
    });
    void session.ended.then(() => {
      this.#giveUp.abort();
      this.arrival.ring();
    });
  }

  /** Other limits from now on: reading pauses, or goes on, as they say. */
  tune(most: BrokerEpochOptions['most'], deadLetters: DeadLetters | undefined): void {
    this.#options = { ...this.#options, most, deadLetters };
    this.#resumeIfRoom();
    this.#pauseIfFull();
  }

  get parked(): number {
    return this.#parked;
  }

  /** Why no more comes, or nothing more can be acknowledged: what is parked holds it up. */
  get blocked(): StompctlError | undefined {
    return this.#blocked;
  }

  /** Nothing more will come of what is looked at. */
  end(): void {
    this.#ended = true;
    this.arrival.ring();
  }

  get ended(): boolean {
    return this.#ended;
  }

  get empty(): boolean {
    return this.#buffer.length === 0;
  }

  /** Is there something that may be taken? */
  get hasMore(): boolean {
    return this.#buffer.length > 0 && this.#rejecting.size < this.#options.most.window;
  }

  /** A MESSAGE of a subscription; `fault`: why it cannot be handed over, for which it is rejected. */
  arrived(frame: Frame, share: SubscriptionShare, fault?: StompctlError): void {
    if (this.#closing) return;
    if (this.#isDuplicate(frame)) return;
    const delivery = new BrokerDelivery(this, frame, share, messageOf(frame), this.#idOf(frame));
    this.#unsettled += 1;
    this.#unsettledBytes += delivery.size;
    this.#pauseIfFull();
    const error = frame.skippedBytes === undefined ? fault : this.#tooLarge(frame.skippedBytes);
    if (error === undefined) {
      this.#buffer.push(delivery);
      this.arrival.ring();
      return;
    }
    this.#options.events.rejected(delivery.name, error);
    this.reject(delivery, error);
  }

  #idOf(frame: Frame): string | undefined {
    const named = (frame.header['message-id'] ?? '') !== '';
    return named && this.session.dialect.stableIds ? identityOf(frame) : undefined;
  }

  /** Its body was not kept: there is nothing that could be handed over. */
  #tooLarge(bytes: number): StompctlError {
    const { maxMessageSize, name } = this.#options;
    const limit = maxMessageSize === undefined ? 'the limit' : String(maxMessageSize);
    const reason = `a body of ${bytes} bytes, more than ${limit} (max-message-size), was not read; raise the limit, or stop the producer`;
    return new StompctlError('MESSAGE_TOO_LARGE', 'receive', name, reason);
  }

  /** What is there, within `demand` and the window: at least one, whatever its size, when there is more. */
  take(demand: Demand): BrokerDelivery[] {
    let count = 0;
    let bytes = 0;
    const most = Math.min(demand.deliveries, this.#options.most.window - this.#rejecting.size);
    for (const { size } of this.#buffer) {
      if (count >= most) break;
      bytes += size;
      if (bytes > demand.bytes && count > 0) break;
      count += 1;
    }
    return this.#buffer.splice(0, count);
  }

  ack(delivery: BrokerDelivery): void {
    this.#options.safe?.add(identityOf(delivery.frame));
    this.#forget(delivery);
    if (this.session.over !== undefined) this.#options.events.settledInVain(delivery.name, 'dead-session');
    else this.session.ack(delivery.frame);
  }

  /** The broker delivers it again after the end of the session. */
  release(delivery: BrokerDelivery): void {
    this.#forget(delivery);
  }

  reject(delivery: BrokerDelivery, reason: StompctlError): void {
    const { deadLetters } = this.#options;
    if (deadLetters === undefined) {
      this.#park(delivery);
      return;
    }
    const stored = this.#store(delivery, reason, deadLetters);
    this.#rejecting.add(stored);
    void stored.finally(() => {
      this.#rejecting.delete(stored);
      this.arrival.ring();
    });
  }

  /** Never rejects: what is not stored is given back, or parked when the failure queue refuses it for its own sake. */
  async #store(delivery: BrokerDelivery, reason: StompctlError, deadLetters: DeadLetters): Promise<void> {
    const { name, events } = this.#options;
    try {
      await deadLetters.store(delivery.message, reason, { source: name, name: delivery.name }, this.#giveUp.signal);
      this.ack(delivery);
    } catch (error) {
      const { deadLetters: now } = this.#options;
      if (this.#giveUp.signal.aborted) this.release(delivery);
      else if (now !== deadLetters && !isRefusal(error)) await this.#storeElsewhere(delivery, reason, now);
      else {
        const text = `the failure queue did not take the message: ${reasonOf(error)}`;
        events.rejected(delivery.name, new StompctlError('QUEUE_IO', 'reject', name, text, error));
        this.#park(delivery);
      }
    }
  }

  /** A reload gave another failure queue, or none, while it waited for the old one. */
  async #storeElsewhere(delivery: BrokerDelivery, reason: StompctlError, now: DeadLetters | undefined): Promise<void> {
    if (now === undefined) this.#park(delivery);
    else await this.#store(delivery, reason, now);
  }

  settledTwice(delivery: BrokerDelivery): void {
    this.#options.events.settledInVain(delivery.name, 'twice');
  }

  /** Resolves when rejected messages are stored and acknowledgements written, or the session is over. */
  async settle(): Promise<void> {
    await Promise.all(this.#rejecting);
    await this.session.flush();
  }

  /** From now on what arrives stays with the broker, and so does what was not handed over, or waits for the failure queue. */
  stop(): void {
    this.#closing = true;
    this.#giveUp.abort();
    this.#buffer = [];
    this.session.resume();
  }

  /** Unacknowledged till the end of the session, outside the window: its memory is given back. */
  #park(delivery: BrokerDelivery): void {
    this.#forget(delivery);
    if (!this.#options.reliable || this.session.over !== undefined) return;
    this.#parked += 1;
    const { share } = delivery;
    share.park(delivery.size);
    this.#blocked ??= this.#blockedBy(share);
    this.#options.events.parked(delivery.name, this.#parked);
    if (this.#blocked !== undefined) this.arrival.ring();
  }

  #blockedBy({ cumulative, silent, parked, destination }: SubscriptionShare): StompctlError | undefined {
    const { name } = this.#options;
    if (cumulative) {
      const reason = `on STOMP 1.0 this broker knows only acknowledgements that settle all earlier messages too: a rejected one of ${destination} that stays unacknowledged holds up all after it; set failure-queue`;
      return new StompctlError('TOO_MANY_PARKED', 'next', name, reason);
    }
    if (!silent) return undefined;
    const reason = `${parked} rejected messages of ${destination} wait unacknowledged, as many as the broker sends ahead to this subscription: it sends no more; set failure-queue, or raise prefetch`;
    return new StompctlError('TOO_MANY_PARKED', 'next', name, reason);
  }

  #isDuplicate(frame: Frame): boolean {
    const { safe, onDuplicate } = this.#options;
    if (safe === undefined || frame.header.redelivered !== 'true' || !safe.has(identityOf(frame))) return false;
    this.session.ack(frame);
    onDuplicate?.(frame.header['message-id'] ?? '');
    return true;
  }

  #forget(delivery: BrokerDelivery): void {
    this.#unsettled -= 1;
    this.#unsettledBytes -= delivery.size;
    this.#resumeIfRoom();
  }

  #resumeIfRoom(): void {
    if (!this.#paused) return;
    const { deliveries, bytes } = this.#options.most;
    if (this.#unsettled > deliveries * RESUME_AT || this.#unsettledBytes > bytes * RESUME_AT) return;
    this.#paused = false;
    this.session.resume();
  }

  #pauseIfFull(): void {
    const { deliveries, bytes } = this.#options.most;
    if (this.#paused || (this.#unsettled < deliveries && this.#unsettledBytes < bytes)) return;
    this.#paused = true;
    this.session.pause();
    this.#reportFull();
  }
}

/** Is the message itself at fault? */
function isRefusal(error: unknown): boolean {
  return error instanceof StompctlError && error.action === 'reject';
}

function identityOf({ header }: Frame): string {
  return `${header.subscription ?? ''}\n${header.destination ?? ''}\n${header['message-id'] ?? ''}`;
}

/** says that the body of a message in a failure queue is missing, and how long it was */
const BODY_BYTES = 'x-stompctl-body-bytes';

function messageOf({ header, body, skippedBytes }: Frame): Message {
  if (skippedBytes === undefined) return messageFromFrame(header, body);
  const marked = newHeader(header);
  marked[BODY_BYTES] = String(skippedBytes);
  return messageFromFrame(marked, body);
}
