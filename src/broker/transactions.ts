import type { Frame } from '../stomp/codec/frame.js';
import { Refusal } from './broker-refusal.js';
import type { Incoming, Store } from './store.js';

const MAX_TRANSACTIONS = 1000;

interface Transaction {
  readonly incoming: Incoming[];
  readonly settle: (() => void)[];
  bytes: number;
}

/** The open transactions of one session. What they hold is carried out at COMMIT and forgotten at ABORT. */
export class Transactions {
  readonly #open = new Map<string, Transaction>();

  begin(frame: Frame): undefined {
    const name = nameOf(frame);
    if (this.#open.has(name)) throw new Refusal('Transaction exists', `${JSON.stringify(name)} has already begun`);
    if (this.#open.size >= MAX_TRANSACTIONS) throw new Refusal('Too many transactions');
    this.#open.set(name, { incoming: [], settle: [], bytes: 0 });
  }

  send(name: string, incoming: Incoming, store: Store): void {
    const transaction = this.#get(name);
    let held = 0;
    for (const other of this.#open.values()) held += other.bytes;
    store.requireRoom(held + incoming.body.length);
    transaction.bytes += incoming.body.length;
    transaction.incoming.push(incoming);
  }

  acknowledge(name: string, settle: () => void): void {
    this.#get(name).settle.push(settle);
  }

  /** Ends a transaction and hands over what it held; the store has room for it, or a Refusal is thrown. */
  commit(frame: Frame, store: Store): Transaction {
    const transaction = this.#get(nameOf(frame));
    this.#open.delete(nameOf(frame));
    store.requireRoom(transaction.bytes);
    return transaction;
  }

  abort(frame: Frame): undefined {
    this.#get(nameOf(frame));
    this.#open.delete(nameOf(frame));
  }

  #get(name: string): Transaction {
    const transaction = this.#open.get(name);
    if (transaction === undefined) throw new Refusal('Unknown transaction', `${JSON.stringify(name)} has not begun`);
    return transaction;
  }
}

function nameOf(frame: Frame): string {
  const { transaction } = frame.header;
  if (transaction === undefined) throw new Refusal('Header missing', `${frame.command} needs the header transaction`);
  return transaction;
}
