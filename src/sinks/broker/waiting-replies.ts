import type { ErrorCode, StompctlError } from '../../base/errors.js';
import { Bell } from '../../base/wait.js';

/** The session that replies come over. */
export interface ReplySession {
  readonly over: StompctlError | undefined;
  readonly ended: Promise<unknown>;
  abort(reason: string, code: ErrorCode): void;
}

/** Replies that came and nobody has looked at yet: the request itself may still wait for its confirmation. */
export class WaitingReplies<T> {
  readonly #session: ReplySession;
  readonly #most: number;
  readonly #waiting: T[] = [];
  readonly #change = new Bell();

  /** `most`: how many the broker may send ahead; one that sends more is broken, and its session ends with BROKER_ERROR. */
  constructor(session: ReplySession, most: number) {
    this.#session = session;
    this.#most = most;
    void session.ended.then(() => this.#change.ring());
  }

  readonly arrived = (reply: T): void => {
    if (this.#waiting.length >= this.#most) {
      const reason = `the broker sent more replies, before any was taken, than the ${this.#most} that it may send ahead; see its log`;
      this.#session.abort(reason, 'BROKER_ERROR');
      return;
    }
    this.#waiting.push(reply);
    this.#change.ring();
  };

  /** The earliest one. Rejects with what ended the session, once there is none. */
  async next(): Promise<T> {
    for (;;) {
      const reply = this.#waiting.shift();
      if (reply !== undefined) return reply;
      if (this.#session.over !== undefined) throw this.#session.over;
      await this.#change.rung();
    }
  }
}
