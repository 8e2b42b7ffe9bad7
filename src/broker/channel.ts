import type { Frame, StompVersion } from '../stomp/codec/frame.js';
import { EMPTY_BODY, newFrameHeader } from '../stomp/codec/frame.js';
import { type Dialect, replyDestination, TEMP_QUEUE } from './broker-dialect.js';
import type { BrokerQueue } from './broker-queue.js';
import { Refusal } from './broker-refusal.js';
import { creditOf, UNLIMITED } from './credit.js';
import type { OutgoingFrame } from './outgoing-frame.js';
import { type AckMode, type Deliverer, Subscription } from './peer-subscription.js';
import { incomingOf, type Store } from './store.js';
import type { StoredMessage } from './stored-message.js';
import { Transactions } from './transactions.js';
import { type Outstanding, Unacknowledged } from './unacknowledged.js';

const MAX_SUBSCRIPTIONS = 10_000;
/** what a browser is shown at most, written all at once: ActiveMQ itself shows all */
const MOST_BROWSED = 400;

/** What a channel needs of the connection and of the broker. */
export interface ChannelContext {
  readonly store: Store;
  readonly dialect: Dialect;
  readonly version: StompVersion;
  /** unique among the sessions of the broker */
  readonly session: string;
  readonly congested: boolean;
  answer(frame: OutgoingFrame): void;
}

/** What a client does between CONNECTED and the end: subscriptions, acknowledgements, transactions. */
export class Channel implements Deliverer {
  readonly #context: ChannelContext;
  readonly #subscriptions = new Set<Subscription>();
  readonly #unacknowledged = new Unacknowledged();
  readonly #transactions = new Transactions();
  #tag = 0;

  constructor(context: ChannelContext) {
    this.#context = context;
  }

  get congested(): boolean {
    return this.#context.congested;
  }

  /** Carries out one frame. What it returns is to be done after the receipt. Throws a Refusal. */
  handle(frame: Frame): (() => void) | undefined {
    switch (frame.command) {
      case 'SEND':
        return this.#send(frame);
      case 'ACK':
      case 'NACK':
        return this.#acknowledge(frame);
      case 'SUBSCRIBE':
        return this.#subscribe(frame);
      case 'UNSUBSCRIBE':
        return this.#unsubscribe(frame);
      case 'BEGIN':
        return this.#transactions.begin(frame);
      case 'COMMIT':
        return this.#commit(frame);
      case 'ABORT':
        return this.#transactions.abort(frame);
      default:
        throw new Refusal('Unknown command', `${frame.command} is not a command of STOMP ${this.#context.version}`);
    }
  }

  /** Hands out again what a congested connection held up. */
  drained(): void {
    for (const subscription of this.#subscriptions) subscription.queue.dispatch();
  }

  /** No more messages to this client. */
  holdDeliveries(): void {
    for (const subscription of this.#subscriptions) subscription.queue.detach(subscription);
  }

  /** The session is over: everything unacknowledged goes back, in order. */
  end(): void {
    const { store } = this.#context;
    this.holdDeliveries();
    this.#giveBack(this.#unacknowledged.takeAll());
    for (const subscription of this.#subscriptions) store.release(subscription.queue);
    this.#subscriptions.clear();
  }

  deliver(message: StoredMessage, subscription: Subscription): void {
    const { dialect, version, session } = this.#context;
    this.#tag += 1;
    const messageId = this.#messageId(message, subscription);
    const header = newFrameHeader();
    if (subscription.id !== undefined) header.subscription = subscription.id;
    header.destination = message.destination;
    header['message-id'] = messageId;
    if (message.redelivered || dialect.alwaysSaysRedelivered) header.redelivered = String(message.redelivered);
    if (subscription.ack !== 'auto') {
      const ack = `${session}-${this.#tag}`;
      if (version === '1.2') header.ack = ack;
      this.#unacknowledged.add(version === '1.2' ? ack : messageId, message, subscription);
    }
    for (const name in message.header) {
      if (header[name] === undefined) header[name] = message.header[name] ?? '';
    }
    this.#context.answer({
      command: 'MESSAGE',
      header,
      body: message.body,
      ...(message.repeated.length === 0 ? undefined : { repeated: message.repeated }),
      ...(dialect.keepsContentLength ? { contentLength: message.header['content-length'] !== undefined } : undefined),
    });
  }

  #messageId(message: StoredMessage, subscription: Subscription): string {
    const { dialect, session } = this.#context;
    switch (dialect.name) {
      case 'RabbitMQ':
        return `T_${subscription.id ?? ''}@@${session}@@${this.#tag}`;
      case 'ActiveMQ':
        return `ID:localhost-1:1:-1:1:${message.seq}`;
      default:
        return `message-${message.seq}`;
    }
  }

  #send(frame: Frame): undefined {
    const { dialect, store } = this.#context;
    const { transaction } = frame.header;
    const destination = required(frame, 'destination');
    if (destination === '') throw new Refusal('The destination is empty');
    dialect.check(frame, store);
    const incoming = dialect.incoming(destination, dialect.makesReplyQueues ? this.#withReplyQueue(frame) : frame);
    if (transaction === undefined) store.publish(incoming);
    else this.#transactions.send(transaction, incoming, store);
  }

  /** The first SEND that names one in its `reply-to` makes the queue; others are told how they can reach it. */
  #withReplyQueue(frame: Frame): Frame {
    const { 'reply-to': name } = frame.header;
    if (!name?.startsWith(TEMP_QUEUE)) return frame;
    const { queue } = this.#find(name) ?? this.#makeReplyQueue(name);
    return { ...frame, header: newFrameHeader({ ...frame.header, 'reply-to': replyDestination(queue.name) }) };
  }

  #makeReplyQueue(id: string): Subscription {
    this.#requireSubscription();
    const queue = this.#context.store.privateQueue();
    const subscription = new Subscription({ id, destination: id, ack: 'auto', credit: UNLIMITED }, queue, this);
    this.#subscriptions.add(subscription);
    queue.attach(subscription);
    return subscription;
  }

  #requireSubscription(): void {
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) throw new Refusal('Too many subscriptions');
  }

  #subscribe(frame: Frame): () => void {
    const { store, dialect, version } = this.#context;
    const destination = required(frame, 'destination');
    dialect.check(frame, store);
    // STOMP 1.1 "SUBSCRIBE": the id is required since 1.1.
    const id = version === '1.0' ? frame.header.id : required(frame, 'id');
    if (id !== undefined && this.#find(id) !== undefined) {
      throw new Refusal(
        'Duplicated subscription identifier',
        `A subscription with the id ${JSON.stringify(id)} exists`,
      );
    }
    this.#requireSubscription();
    const browses = dialect.browses && version !== '1.0' && frame.header.browser === 'true';
    const ack = browses ? 'auto' : ackModeOf(frame.header.ack);
    const credit = creditOf(frame.header, dialect.prefetchHeaders, dialect.defaultCredit);
    const subscription = new Subscription({ id, destination, ack, credit }, store.queueFor(destination), this);
    this.#subscriptions.add(subscription);
    if (browses) return () => this.#browse(subscription);
    return () => {
      if (this.#subscriptions.has(subscription)) subscription.queue.attach(subscription);
    };
  }

  #browse(subscription: Subscription): void {
    for (const message of subscription.queue.first(MOST_BROWSED)) {
      if (this.congested) break;
      this.deliver(message, subscription);
    }
    const header = newFrameHeader({ destination: subscription.destination, 'message-id': '', browser: 'end' });
    if (subscription.id !== undefined) header.subscription = subscription.id;
    this.#context.answer({ command: 'MESSAGE', header, body: EMPTY_BODY });
  }

  #unsubscribe(frame: Frame): undefined {
    const { id, destination } = frame.header;
    this.#context.dialect.check(frame, this.#context.store);
    const subscription =
      this.#context.version === '1.0' && id === undefined ? this.#findOn(destination) : this.#find(id);
    if (subscription === undefined) {
      throw new Refusal(
        'Subscription not found',
        `There is no subscription ${JSON.stringify(id ?? destination ?? '')}`,
      );
    }
    this.#subscriptions.delete(subscription);
    subscription.queue.detach(subscription);
    if (this.#context.dialect.unsubscribeGivesBack) this.#giveBack(this.#unacknowledged.takeAll(subscription));
    this.#context.store.release(subscription.queue);
  }

  #acknowledge(frame: Frame): undefined {
    const { version } = this.#context;
    if (version === '1.0' && frame.command === 'NACK') throw new Refusal('Unknown command', 'STOMP 1.0 has no NACK');
    const key = required(frame, version === '1.2' ? 'id' : 'message-id');
    const outstanding = this.#unacknowledged.get(key);
    // STOMP 1.1 "ACK": the subscription is required and must match the one of the MESSAGE.
    const subscription = version === '1.1' ? required(frame, 'subscription') : undefined;
    if (outstanding === undefined || (subscription !== undefined && outstanding.subscription.id !== subscription)) {
      throw new Refusal(`Unexpected ${frame.command}`, `Nothing unacknowledged has the id ${JSON.stringify(key)}`);
    }
    const { transaction } = frame.header;
    if (transaction === undefined) this.#settle(key, frame);
    else this.#transactions.acknowledge(transaction, () => this.#settle(key, frame));
  }

  #settle(key: string, frame: Frame): void {
    const settled = this.#unacknowledged.take(key);
    for (const { message, subscription } of settled) subscription.regain(message);
    if (frame.command === 'NACK') {
      this.#refused(settled, frame);
      return;
    }
    for (const { message, subscription } of settled) subscription.queue.settled(message);
    for (const queue of queuesOf(settled)) queue.dispatch();
  }

  #refused(settled: readonly Outstanding[], frame: Frame): void {
    const { nack } = this.#context.dialect;
    if (nack === 'requeue' && frame.header.requeue !== 'false') {
      for (const [queue, messages] of byQueue(settled)) queue.giveBack(messages);
      return;
    }
    for (const { message, subscription } of settled) {
      subscription.queue.settled(message);
      if (nack !== 'requeue') this.#context.store.publish(incomingOf(nack.deadLetter, message.header, message.body));
    }
    for (const queue of queuesOf(settled)) queue.dispatch();
  }

  #commit(frame: Frame): undefined {
    const { incoming, settle } = this.#transactions.commit(frame, this.#context.store);
    for (const message of incoming) this.#context.store.publish(message);
    for (const run of settle) run();
  }

  #giveBack(outstanding: readonly Outstanding[]): void {
    for (const { message, subscription } of outstanding) subscription.regain(message);
    for (const [queue, messages] of byQueue(outstanding)) queue.giveBack(messages);
  }

  #find(id: string | undefined): Subscription | undefined {
    for (const subscription of this.#subscriptions) if (subscription.id === id) return subscription;
    return undefined;
  }

  #findOn(destination: string | undefined): Subscription | undefined {
    for (const subscription of this.#subscriptions) if (subscription.destination === destination) return subscription;
    return undefined;
  }
}

function byQueue(outstanding: readonly Outstanding[]): Map<BrokerQueue, StoredMessage[]> {
  const queues = new Map<BrokerQueue, StoredMessage[]>();
  for (const { message, subscription } of outstanding) {
    const messages = queues.get(subscription.queue);
    if (messages === undefined) queues.set(subscription.queue, [message]);
    else messages.push(message);
  }
  return queues;
}

/** Most often there is one message, and so one queue. */
function queuesOf(outstanding: readonly Outstanding[]): Iterable<BrokerQueue> {
  const [first] = outstanding;
  return first !== undefined && outstanding.length === 1 ? [first.subscription.queue] : byQueue(outstanding).keys();
}

function ackModeOf(value: string | undefined): AckMode {
  if (value === undefined || value === 'auto') return 'auto';
  if (value === 'client' || value === 'client-individual') return value;
  throw new Refusal(
    'Unknown ack mode',
    `ack is ${JSON.stringify(value)}; auto, client and client-individual are known`,
  );
}

export function required(frame: Frame, name: string): string {
  const value = frame.header[name];
  if (value === undefined) throw new Refusal(`Header missing`, `${frame.command} needs the header ${name}`);
  return value;
}
