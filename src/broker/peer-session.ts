import { reasonOf, StompctlError } from '../base/errors.js';
import { type Frame, newFrameHeader, type StompVersion } from '../stomp/codec/frame.js';
import type { Dialect } from './broker-dialect.js';
import { Refusal } from './broker-refusal.js';
import { Channel } from './channel.js';
import type { FaultSet } from './fault-set.js';
import { handshake } from './handshake.js';
import type { BrokerSettings } from './in-process-options.js';
import { answer, type OutgoingFrame } from './outgoing-frame.js';
import type { Peer, PeerEvents } from './peer.js';
import type { Store } from './store.js';

/** What all sessions of a broker share. */
export interface SessionContext {
  readonly settings: BrokerSettings;
  readonly dialect: Dialect;
  readonly store: Store;
  readonly faults: FaultSet;
  /** every frame of a client, before it is looked at */
  seen(connection: number, frame: Frame): void;
  /** the connection is over */
  ended(session: Session): void;
}

/** One client, from the accepted connection to its end: CONNECT, receipts, ERROR, DISCONNECT. */
export class Session implements PeerEvents {
  readonly peer: Peer;
  readonly #shared: SessionContext;
  readonly #id: string;
  readonly #impatience: NodeJS.Timeout;
  #channel: Channel | undefined;
  #finished = false;

  constructor(peer: Peer, id: string, shared: SessionContext) {
    this.peer = peer;
    this.#id = id;
    this.#shared = shared;
    this.#impatience = setTimeout(() => this.#tooLate(), shared.settings.connectTimeoutMs);
    this.#impatience.unref();
  }

  frame(frame: Frame): void {
    if (this.#finished) return;
    const { faults } = this.#shared;
    this.#shared.seen(this.peer.number, frame);
    try {
      if (faults.all.length > 0 && faults.received(this.peer, frame)) return;
      this.#handle(frame);
    } catch (error) {
      this.#refuse(error, frame);
    }
  }

  malformed(error: unknown): void {
    // clients show the `message` header, and often nothing else: which limit it was belongs there
    const limit = error instanceof StompctlError && error.code === 'FRAME_TOO_LARGE';
    const message = limit ? `Malformed frame (${reasonOf(error).replace('decode(frame): ', '')})` : 'Malformed frame';
    this.#refuse(new Refusal(message, reasonOf(error), { close: true }), undefined);
  }

  drained(): void {
    this.#channel?.drained();
  }

  /** No more messages to this client, whose connection is about to be closed. */
  holdDeliveries(): void {
    this.#channel?.holdDeliveries();
  }

  closed(): void {
    this.#finish();
    this.#shared.ended(this);
  }

  #handle(frame: Frame): void {
    if (frame.command === 'CONNECT' || frame.command === 'STOMP') {
      this.#connect(frame);
      return;
    }
    if (this.#channel === undefined) throw new Refusal('Not connected', 'CONNECT comes first', { close: true });
    if (frame.command === 'DISCONNECT') {
      this.#receipt(frame);
      this.#close();
      return;
    }
    const afterwards = this.#channel.handle(frame);
    this.#receipt(frame);
    afterwards?.();
  }

  #connect(frame: Frame): void {
    const { settings, dialect } = this.#shared;
    if (this.#channel !== undefined) throw new Refusal('Already connected', '', { close: true });
    const terms = handshake(frame, settings, dialect, this.#id);
    clearTimeout(this.#impatience);
    this.#channel = this.#newChannel(terms.version);
    this.peer.answer(terms.connected);
    // CONNECTED of any version is read as it is; what follows is in the version it names.
    this.peer.speak(terms.version);
    this.peer.beat(terms.sendMs, terms.wantMs);
  }

  #newChannel(version: StompVersion): Channel {
    const { peer } = this;
    const { store, dialect } = this.#shared;
    return new Channel({
      store,
      dialect,
      version,
      session: this.#id,
      get congested() {
        return peer.congested;
      },
      answer: (frame: OutgoingFrame) => peer.answer(frame),
    });
  }

  #receipt(frame: Frame): void {
    const { receipt } = frame.header;
    if (receipt !== undefined) this.peer.answer(answer('RECEIPT', { 'receipt-id': receipt }));
  }

  #refuse(error: unknown, frame: Frame | undefined): void {
    const { dialect, settings } = this.#shared;
    const refusal = error instanceof Refusal ? error : new Refusal('Internal error', reasonOf(error), { close: true });
    const header = newFrameHeader({ message: refusal.message, 'content-type': 'text/plain', ...refusal.how.header });
    const receipt = frame?.header.receipt;
    if (receipt !== undefined && (refusal.how.receiptId ?? dialect.errorHasReceiptId)) header['receipt-id'] = receipt;
    this.peer.answer(answer('ERROR', header, Buffer.from(refusal.detail)));
    if (refusal.how.close ?? settings.closeAfterError ?? dialect.errorCloses) this.#close();
  }

  #tooLate(): void {
    if (this.peer.silent) return;
    this.#refuse(new Refusal('Too late', 'No CONNECT came in time', { close: true }), undefined);
  }

  /** The session ends here, even when a fault keeps the connection open. */
  #close(): void {
    const { faults } = this.#shared;
    this.#finish();
    if (faults.all.length > 0 && faults.closing(this.peer)) return;
    this.peer.close();
  }

  #finish(): void {
    this.#finished = true;
    clearTimeout(this.#impatience);
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.end();
  }
}
