import { randomUUID } from 'node:crypto';
import type { Delivery, EventContext, Receiver, Session } from 'rhea';
import { StompctlError } from '../base/errors.js';
import { type LinkContext, leftOf } from './amqp1-sender.js';
import { beginSession, forget, isMissing } from './rhea-parts.js';
import type { Collected } from './transfer-collector.js';

export interface Receiving {
  /** names the subscription at the broker when it is durable */
  readonly name: string | undefined;
  /** undefined: the broker makes a queue for the session, and names it */
  readonly address: string | undefined;
  /** `queue` or `topic`, where the broker asks for it; of a queue that it makes `temporary-queue` */
  readonly capability: string | undefined;
  /** what is received from stays when the session ends */
  readonly durable: boolean;
  /** the broker forgets a message once it is sent */
  readonly settled: boolean;
  /** most messages that are sent ahead */
  readonly credit: number;
}

/** A message that the broker delivered. */
export interface Amqp1Delivery extends Collected {
  readonly id: number;
  /** of the library, to settle it */
  readonly handle: Delivery;
}

/** of deliveries that come in, also where less credit is given */
const LEAST_ROOM = 2048;

/** Receives from one address, over a session of its own. */
export class ReceiverLink {
  readonly receiving: Receiving;
  /** resolves when the broker has confirmed the end of the session */
  readonly left: Promise<void>;
  readonly #context: LinkContext;
  readonly #session: Session;
  readonly #receiver: Receiver;
  #unsettled = 0;
  /** what was granted and has not been used */
  #credit = 0;
  #state: 'opening' | 'open' | 'ended' = 'opening';
  #resolve: () => void = () => undefined;
  #reject: (error: StompctlError) => void = () => undefined;

  /** `taken` gives what the last frame has completed; `onDelivery` must not throw. */
  constructor(
    receiving: Receiving,
    context: LinkContext,
    taken: () => Collected | undefined,
    onDelivery: (delivery: Amqp1Delivery) => void,
  ) {
    const { address, capability, durable, settled, name = randomUUID(), credit } = receiving;
    this.receiving = receiving;
    this.#context = context;
    this.#session = beginSession(context.connection, Math.max(LEAST_ROOM, credit));
    this.left = leftOf(this.#session);
    context.awaiting(1);
    const capabilities = capability === undefined ? {} : { capabilities: [capability] };
    const kept = durable ? { durable: 2, expiry_policy: 'never' } : {};
    this.#receiver = this.#session.open_receiver({
      name,
      source: { ...(address === undefined ? { dynamic: true } : { address }), ...kept, ...capabilities },
      snd_settle_mode: settled ? 1 : 0,
      rcv_settle_mode: 0,
      credit_window: 0,
      autoaccept: false,
      autosettle: false,
    });
    this.#listen(taken, onDelivery);
  }

  /** Where it receives from, once it is open. */
  get address(): string {
    return this.receiving.address ?? String(this.#receiver.source.address);
  }

  /** Resolves when the broker has agreed. Errors: BROKER_ERROR, and the ends of the session. */
  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  accept({ handle }: Amqp1Delivery): void {
    if (this.#state !== 'open' || this.receiving.settled) return;
    handle.accept();
    this.#unsettled -= 1;
    this.#grant();
  }

  /** Ends in order; `forGood`: a durable subscription too, with all that is in it. */
  close(forGood: boolean): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    if (forGood) this.#receiver.close();
    else if (this.receiving.durable) this.#receiver.detach();
    this.#session.close();
  }

  fail(error: StompctlError): void {
    this.#state = 'ended';
    this.#reject(error);
  }

  #listen(taken: () => Collected | undefined, onDelivery: (delivery: Amqp1Delivery) => void): void {
    const receiver = this.#receiver;
    receiver.on('receiver_open', () => {
      if (this.#state !== 'opening' || isMissing(receiver.source)) return;
      this.#state = 'open';
      this.#context.awaiting(-1);
      this.#grant();
      this.#resolve();
    });
    receiver.on('message', ({ delivery }: EventContext) => {
      const whole = taken();
      if (delivery === undefined || whole === undefined || this.#state !== 'open') return;
      forget(delivery);
      this.#credit -= 1;
      const settled = delivery.remote_settled || whole.aborted;
      if (!settled) this.#unsettled += 1;
      if (!whole.aborted) onDelivery({ ...whole, id: delivery.id, handle: delivery });
      if (settled) this.#grant();
    });
    receiver.on('receiver_error', () => undefined);
    receiver.on('receiver_close', () => this.#gone(receiver.error));
    this.#session.on('session_error', () => undefined);
    this.#session.on('session_close', () => this.#gone(this.#session.error));
  }

  /** In portions: a flow frame for each message would be as many frames as messages. */
  #grant(): void {
    const { credit } = this.receiving;
    const wanted = credit - this.#unsettled - this.#credit;
    if (wanted <= 0 || (this.#credit > 0 && wanted < credit / 4)) return;
    this.#credit += wanted;
    this.#receiver.add_credit(wanted);
  }

  #gone(error: unknown): void {
    if (this.#state === 'ended') return;
    const opening = this.#state === 'opening';
    const { peer, awaiting, lost, told } = this.#context;
    const text = told(error);
    const { address } = this.receiving;
    const where = address === undefined ? 'a queue of this session' : JSON.stringify(address);
    if (opening) {
      awaiting(-1);
      this.fail(
        new StompctlError('BROKER_ERROR', 'subscribe', peer, `the broker refused ${where}: ${text}; see its log`),
      );
      this.#session.close();
      return;
    }
    const reason = `the broker ended the subscription to ${where}: ${text}; was it deleted, or has its node gone away?`;
    lost(new StompctlError('SESSION_LOST', 'session', peer, reason));
  }
}
