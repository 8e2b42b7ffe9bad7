import { StompctlError } from '../base/errors.js';
import { withDeadline } from '../base/wait.js';
import type { Sink } from '../flow/sink.js';
import type { Message } from '../message/message.js';
import { asStompctlError } from '../transfer/supervisor.js';
import type { DrainLimits, MemberParts } from './member-group.js';

export interface MadeSink extends MemberParts {
  readonly sink: Sink;
}

/** One member of a sink that is spread: kept open by a supervisor of its own. */
export class SpreadMember {
  readonly key: string;
  readonly parts: MadeSink;
  /** sends that it has not answered */
  inFlight = 0;
  /** those that it has made safe */
  messages = 0;
  /** why it was given up; undefined: it was not */
  failure: StompctlError | undefined;
  /** an attempt to open it has failed */
  tried = false;
  readonly #changed: (lost?: StompctlError) => void;
  #up = false;
  #ended: Promise<StompctlError>;
  #end: (error: StompctlError) => void = () => undefined;

  /** `changed` is called when it was opened, not opened, lost (`lost` says why) or given up; `reopened` besides, at each opening after the first. */
  constructor(key: string, parts: MadeSink, changed: (lost?: StompctlError) => void, reopened: () => void) {
    this.key = key;
    this.parts = parts;
    this.#changed = changed;
    this.#ended = this.#newSession();
    void this.#keep(reopened);
  }

  get name(): string {
    return this.parts.sink.name;
  }

  /** Can be sent to. */
  get up(): boolean {
    return this.#up;
  }

  send(message: Message, id: string | undefined): Promise<void> {
    this.inFlight += 1;
    const sent = this.parts.sink.send(message, id);
    sent.then(this.#safe, this.#answered);
    return sent;
  }

  /** Its session is over, as who sends has seen: it is opened again. */
  lost(error: StompctlError): void {
    if (!this.#up) return;
    this.#up = false;
    this.#end(error);
    this.#changed(error);
  }

  flush(): Promise<void> {
    return this.parts.sink.flush();
  }

  async recall(): Promise<void> {
    await this.parts.sink.recall?.();
  }

  /** What it has not begun to make safe is given back. */
  retract(): void {
    this.parts.sink.retract?.();
  }

  /** Does this failure of a send say no more than that it was given back? */
  gaveBack(error: StompctlError): boolean {
    return error.code === 'SESSION_CLOSED' && this.parts.sink.retract !== undefined;
  }

  async close(): Promise<void> {
    this.#up = false;
    this.parts.supervisor.interrupt();
    this.#end(new StompctlError('SESSION_CLOSED', 'close', this.name, 'no longer wanted'));
    await this.parts.sink.close();
  }

  /** Sends nothing more, waits until all is safe that was sent, for `lingerMs` at most, and closes, for `closeMs` at most. */
  async drain({ clock, lingerMs, closeMs }: DrainLimits): Promise<'late' | undefined> {
    if (this.#up) await withDeadline(clock, lingerMs, this.flush(), () => undefined);
    const closing = this.close().then(() => undefined);
    return withDeadline(clock, closeMs, closing, () => 'late' as const);
  }

  /** Opens it, as often as it takes, until it is closed or given up. */
  async #keep(reopened: () => void): Promise<void> {
    const { supervisor } = this.parts;
    let lost: StompctlError | undefined;
    try {
      while (await supervisor.open({ name: this.name, open: () => this.#open() }, lost)) {
        this.#up = true;
        if (lost !== undefined) reopened();
        this.#changed();
        lost = await this.#ended;
        // lost before it was known to be open
        if (this.#up) {
          this.#up = false;
          this.#changed(lost);
        }
      }
    } catch (error) {
      this.failure = asStompctlError(error, this.name);
      this.#changed();
    }
  }

  async #open(): Promise<void> {
    const ended = this.#newSession();
    this.#ended = ended;
    const end = this.#end;
    const lost = (error: StompctlError): void => {
      end(error);
      // of this session, and not of one that came after it
      if (this.#ended === ended) this.lost(error);
    };
    try {
      await this.parts.sink.open(lost);
    } catch (error) {
      this.tried = true;
      this.#changed();
      throw error;
    }
  }

  #newSession(): Promise<StompctlError> {
    return new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  readonly #safe = (): void => {
    this.messages += 1;
    this.#answered();
  };

  readonly #answered = (): void => {
    this.inFlight -= 1;
  };
}
