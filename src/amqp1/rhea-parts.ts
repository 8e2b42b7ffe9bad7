import type { Connection, Delivery, Sender, Session } from 'rhea';
import { LONGEST_TIMER_MS } from '../base/clock.js';

/** What rhea has and its types do not tell: kept in one place, for the day it changes. */

/** Sent but for the credit, and what the broker has said of it. */
export interface Counting {
  readonly credit: number;
  /** deliveries that went out */
  readonly delivery_count: number;
}

export function counting(sender: Sender): Counting {
  return sender as unknown as Counting;
}

/**
 * The library would end the session itself when it hears nothing; whether reading is paused it does not know. It goes on with the signs
 * of life that the broker wants, by a timer for half their time.
 */
export function takeOverSilence(connection: Connection): void {
  const { local, remote } = connection as unknown as {
    readonly local: { readonly open: { idle_time_out: number | undefined } };
    readonly remote: { readonly open: { idle_time_out?: number | null } };
  };
  local.open.idle_time_out = undefined;
  const { idle_time_out: wanted } = remote.open;
  if (typeof wanted === 'number') remote.open.idle_time_out = Math.min(wanted, LONGEST_TIMER_MS);
}

/** The library writes in turns of its own, in which what it throws would end the process: `failed` is told instead. */
export function guardTurns(connection: Connection, failed: (error: unknown) => void): void {
  const parts = connection as unknown as { _process: () => void };
  const turn = parts._process.bind(connection);
  parts._process = () => {
    try {
      turn();
    } catch (error) {
      failed(error);
    }
  };
}

/** What the broker said when it opened the connection. */
export function remoteOpen(connection: Connection): {
  readonly idle_time_out?: number;
  readonly max_frame_size?: number | null;
  readonly properties?: Readonly<Record<string, unknown>>;
} {
  const { remote } = connection as unknown as { readonly remote: { readonly open?: object } };
  return remote.open ?? {};
}

/**
 * The library keeps a delivery until all before it are settled, and has room for so many: one that waits long would fill it. From
 * now on the delivery is kept by who has it, and can be settled all the same.
 */
export function forget(delivery: Delivery): void {
  (delivery as unknown as { settled: boolean }).settled = true;
}

/** Settles a delivery that was sent and that the broker has told its outcome of: it need not answer any more. */
export function settleSent(delivery: Delivery): void {
  if (delivery.remote_settled) return;
  delivery.update(true);
  (delivery as unknown as { remote_settled: boolean }).remote_settled = true;
}

/** What the broker said of a delivery that was sent. */
export function outcomeError(delivery: Delivery): unknown {
  const { remote_state: state } = delivery as unknown as { readonly remote_state?: { readonly error?: unknown } };
  return state?.error;
}

/** A session of AMQP, with room for so many deliveries that come in: the broker sends no more ahead. */
export function beginSession(connection: Connection, incoming?: number): Session {
  const session = connection.create_session(incoming === undefined ? undefined : { incoming });
  session.begin();
  return session;
}

/** Part 2, section 2.6.3: who refuses a link says so by a source or target that is missing, and then why. */
export function isMissing(terminus: unknown): boolean {
  return typeof terminus !== 'object' || terminus === null || !('address' in terminus);
}
