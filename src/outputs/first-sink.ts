import { StompctlError } from '../base/errors.js';
import { Outstanding } from '../base/outstanding.js';
import { Bell } from '../base/wait.js';
import type { Sink } from '../flow/sink.js';
import { endsRun, type MemberGroup } from '../members/member-group.js';
import { SpreadMember } from '../members/spread-member.js';
import type { Message } from '../message/message.js';
import { asStompctlError, type ReconnectPolicy } from '../transfer/supervisor.js';
import type { MemberFacts } from '../transfer/verdict.js';
import { nameOfAll, type OutputsOptions, outputFacts } from './output-parts.js';

interface Sending {
  readonly message: Message;
  readonly id: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: StompctlError) => void;
  /** it was unsettled at an output that was lost */
  moved: boolean;
  /** `#recalls` when it was sent */
  readonly recalls: number;
}

/**
 * Sends each message to the first output that is up, in the order of the configuration. What was unsettled at one that is lost goes
 * to the next one, and may be in both; new messages go to an earlier one again as soon as it is back. What an output says of a message
 * alone, that it is too large for instance, counts: it is not tried elsewhere.
 */
export class FirstSink implements Sink, MemberGroup {
  readonly name: string;
  readonly #options: OutputsOptions;
  #members: readonly SpreadMember[] = [];
  /** who could not be opened at an attempt, and need not be waited for */
  readonly #tried = new Set<string>();
  readonly #changed = new Bell();
  readonly #outstanding = new Outstanding();
  #lost: ((error: StompctlError) => void) | undefined;
  #fatal: StompctlError | undefined;
  #lastFailure: StompctlError | undefined;
  /** grows when what is under way is given back */
  #recalls = 0;
  #closed = false;

  constructor(options: OutputsOptions) {
    this.name = nameOfAll(options.outputs);
    this.#options = options;
  }

  get givenUp(): boolean {
    if (this.#fatal !== undefined) return true;
    return this.#members.length > 0 && this.#members.every(({ failure }) => failure !== undefined);
  }

  facts(): MemberFacts[] {
    return this.#options.outputs.map((parts) => {
      const member = this.#members.find(({ key }) => key === parts.name);
      return outputFacts(parts, member?.inFlight ?? 0);
    });
  }

  waitingFor(): string[] {
    return this.#options.outputs.flatMap((parts) => parts.waitingFor());
  }

  configure(policy: ReconnectPolicy): void {
    for (const parts of this.#options.outputs) parts.configure(policy);
  }

  async secretsChanged(): Promise<boolean> {
    return (await Promise.all(this.#options.outputs.map((parts) => parts.secretsChanged()))).includes(true);
  }

  tune(limits: { readonly maxAttempts: number }): void {
    for (const { end } of this.#options.outputs) end.tune?.(limits);
  }

  /** Resolves when one is up, and those before it have been tried. Called again while some are, it leaves these be. */
  async open(lost?: (error: StompctlError) => void): Promise<void> {
    this.#lost = undefined;
    if (this.#members.length === 0 && !this.#closed) this.#members = this.#start();
    while (!this.#closed && !this.givenUp && !this.#isReady) await this.#changed.rung();
    if (this.#closed) throw new StompctlError('SESSION_CLOSED', 'open', this.name, 'closed while opening');
    if (this.givenUp) throw this.#failure();
    this.#lost = lost;
  }

  send(message: Message, id?: string): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      this.#dispatch({ message, id, resolve, reject, moved: false, recalls: this.#recalls });
    });
    return this.#outstanding.add(sent);
  }

  async flush(): Promise<void> {
    if (this.#outstanding.count === 0) return;
    for (const member of this.#members) void member.flush();
    await this.#outstanding.none();
  }

  /** What was sent may still become safe; what did not is not moved to another output. */
  async recall(): Promise<void> {
    this.#recalls += 1;
    await Promise.all(this.#members.map((member) => member.recall()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#lost = undefined;
    this.#changed.ring();
    const results = await Promise.allSettled(this.#members.map((member) => member.close()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #start(): SpreadMember[] {
    const { outputs, onReopened } = this.#options;
    return outputs.map(({ name, end, ...parts }) => {
      const sink = noting(end, () => {
        this.#tried.add(name);
        this.#changed.ring();
      });
      const changed = (lost?: StompctlError) => this.#memberChanged(member, lost);
      const member = new SpreadMember(name, { ...parts, sink }, changed, onReopened);
      return member;
    });
  }

  get #first(): SpreadMember | undefined {
    return this.#members.find(({ up }) => up);
  }

  /** A queue is open in a moment, a broker before it takes longer: it is not passed over for that. */
  get #isReady(): boolean {
    const member = this.#members.find(({ up, key, failure }) => up || (failure === undefined && !this.#tried.has(key)));
    return member?.up === true;
  }

  #failure(): StompctlError {
    const none = () => new StompctlError('SESSION_CLOSED', 'send', this.name, 'no output is up');
    return this.#fatal ?? this.#lastFailure ?? none();
  }

  #dispatch(sending: Sending): void {
    const member = this.#first;
    if (member === undefined) {
      sending.reject(this.#failure());
      return;
    }
    member.send(sending.message, sending.id).then(
      () => {
        member.parts.supervisor.succeeded();
        sending.resolve();
      },
      (error: unknown) => this.#notSafe(sending, member, asStompctlError(error, member.name)),
    );
  }

  #notSafe(sending: Sending, member: SpreadMember, error: StompctlError): void {
    const ofMessage = error.action === 'reject' && error.code !== 'MESSAGE_REFUSED';
    if (ofMessage || this.#closed || sending.recalls !== this.#recalls) {
      sending.reject(error);
      return;
    }
    // whatever is wrong with this output, the next one may be well
    member.lost(error);
    // who supervises this sink finds out whose fault it is
    const blamed = error.code === 'BROKER_ERROR' || error.code === 'MESSAGE_REFUSED';
    if (sending.moved || blamed || endsRun(error) || this.#first === undefined) {
      sending.reject(error);
      return;
    }
    sending.moved = true;
    this.#dispatch(sending);
  }

  #memberChanged(member: SpreadMember, lost: StompctlError | undefined): void {
    const { failure } = member;
    if (failure !== undefined) {
      this.#lastFailure = failure;
      if (endsRun(failure)) this.#fatal ??= failure;
      const text = `${failure.message}; this output is given up`;
      this.#options.logger.error('output-failed', text, { end: member.name, output: member.key, code: failure.code });
    }
    const gone = this.#fatal ?? lost;
    if (gone !== undefined && (this.#fatal !== undefined || this.#first === undefined)) this.#tellLost(gone);
    this.#changed.ring();
  }

  /** At most once an opening. */
  #tellLost(error: StompctlError): void {
    const lost = this.#lost;
    this.#lost = undefined;
    lost?.(error);
  }
}

/** The same sink, which says when an attempt to open it has failed. */
function noting(sink: Sink, failed: () => void): Sink {
  return {
    name: sink.name,
    open: (lost) =>
      sink.open(lost).catch((error: unknown) => {
        failed();
        throw error;
      }),
    send: (message, id) => sink.send(message, id),
    flush: () => sink.flush(),
    recall: async () => sink.recall?.(),
    close: () => sink.close(),
  };
}
