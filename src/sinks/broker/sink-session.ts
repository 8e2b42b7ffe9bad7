import { StompctlError } from '../../base/errors.js';

/** What of a session is needed to open and end it, whatever protocol it speaks. */
interface Endable {
  /** at once, as if the connection had broken */
  abort(reason: string): void;
  /** with a farewell */
  close(): Promise<void>;
  /** resolves with why it was lost; undefined: it was closed. Absent: it cannot be lost */
  readonly ended?: Promise<StompctlError | undefined>;
}

/** The sessions of a broker sink, one at a time: how they are opened and ended. `Open` is a session, and what belongs to it. */
export class SinkSession<Open extends { readonly session: Endable }> {
  readonly #name: string;
  #open: Open | undefined;
  #opening: AbortController | undefined;

  /** `name`: of the sink, for errors */
  constructor(name: string) {
    this.#name = name;
  }

  get current(): Open | undefined {
    return this.#open;
  }

  /** `Sink.open`. `opened` is called with what `connect` gives, unless it was closed meanwhile. */
  async open(
    connect: (signal: AbortSignal) => Promise<Open>,
    opened: (open: Open) => void,
    lost: ((error: StompctlError) => void) | undefined,
  ): Promise<void> {
    this.#open?.session.abort('opened again');
    const opening = new AbortController();
    this.#opening = opening;
    const open = await connect(opening.signal);
    if (opening.signal.aborted) {
      open.session.abort('no longer wanted');
      throw new StompctlError('SESSION_CLOSED', 'open', this.#name, 'closed while opening');
    }
    this.#open = open;
    opened(open);
    void open.session.ended?.then((error) => {
      if (error !== undefined && this.#open === open) lost?.(error);
    });
  }

  /** What to send with. Throws SESSION_CLOSED when it is not open. */
  toSend(): Open {
    if (this.#open === undefined) throw new StompctlError('SESSION_CLOSED', 'send', this.#name, 'not open');
    return this.#open;
  }

  /** `flush` is called before the farewell. */
  async close(flush: (open: Open) => Promise<void>): Promise<void> {
    this.#opening?.abort();
    const open = this.#open;
    if (open === undefined) return;
    await flush(open);
    await open.session.close();
    this.#open = undefined;
  }
}
