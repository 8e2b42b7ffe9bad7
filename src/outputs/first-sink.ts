import { StompctlError } from '../base/errors.js';
import { Bell } from '../base/wait.js';
import type { Sink } from '../flow/sink.js';
import { endsRun, type MemberGroup } from '../members/member-group.js';
import { MemberSends } from '../members/member-sends.js';
import { SpreadMember } from '../members/spread-member.js';
import type { Message } from '../message/message.js';
import type { ReconnectPolicy } from '../transfer/supervisor.js';
import type { MemberFacts } from '../transfer/verdict.js';
import { nameOfAll, type OutputsOptions, outputFacts } from './output-parts.js';

/** not opened yet */
const NONE = { inFlight: 0, messages: 0 };

/**
 * Sends each message to the first output that is up, in the order of the configuration. What was unsettled at one that is lost goes
 * to the next one, and may be in both; new messages go to an earlier one again as soon as it is back, and so does what waits for room in
 * a later one. What an output says of a message alone, that it is too large for instance, counts: it is not tried elsewhere.
 */
export class FirstSink implements Sink, MemberGroup {
  readonly name: string;
  readonly #options: OutputsOptions;
  #members: readonly SpreadMember[] = [];
  readonly #changed = new Bell();
  readonly #sends = new MemberSends({
    everyone: () => this.#members,
    up: () => this.#members.filter(({ up }) => up),
    choose: (message) => this.#choose(message),
    unavailable: () => this.#failure(),
    failed: (...failure) => this.#failed(...failure),
  });
  /** by message, the outputs that have refused it: when it comes again, perhaps after they are back, the next one is asked */
  readonly #refusals = new WeakMap<Message, Set<SpreadMember>>();
  /** the output whose loss was the last */
  #lastLost: SpreadMember | undefined;
  #fatal: StompctlError | undefined;
  #lastFailure: StompctlError | undefined;
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
      return outputFacts(parts, member ?? NONE);
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
    this.#sends.listener();
    if (this.#members.length === 0 && !this.#closed) this.#members = this.#start();
    while (!this.#closed && !this.givenUp && !this.#isReady) await this.#changed.rung();
    if (this.#closed) throw new StompctlError('SESSION_CLOSED', 'open', this.name, 'closed while opening');
    if (this.givenUp) throw this.#failure();
    this.#sends.listener(lost);
  }

  /** What is not safe now was at the output that was lost last. */
  get together(): boolean {
    return this.#lastLost?.parts.sink.together === true;
  }

  send(message: Message, id?: string): Promise<void> {
    return this.#sends.send(message, id);
  }

  flush(): Promise<void> {
    return this.#sends.flush();
  }

  recall(): Promise<void> {
    return this.#sends.recall();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sends.close();
    this.#changed.ring();
    const results = await Promise.allSettled(this.#members.map((member) => member.close()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #start(): SpreadMember[] {
    const { outputs, onReopened } = this.#options;
    return outputs.map(({ name, end, ...parts }) => {
      const changed = (lost?: StompctlError) => this.#memberChanged(member, lost);
      const member = new SpreadMember(name, { ...parts, sink: end }, changed, onReopened);
      return member;
    });
  }

  /** What waits for room in an output behind this one, a full queue, has its place here: nobody else would end that wait. */
  #retractBehind(member: SpreadMember): void {
    for (const later of this.#members.slice(this.#members.indexOf(member) + 1)) if (later.up) later.retract();
  }

  get #first(): SpreadMember | undefined {
    return this.#members.find(({ up }) => up);
  }

  /** A queue is open in a moment, a broker before it takes longer: it is not passed over for that. */
  get #isReady(): boolean {
    const member = this.#members.find(({ up, failure, tried }) => up || (failure === undefined && !tried));
    return member?.up === true;
  }

  #failure(): StompctlError {
    const none = () => new StompctlError('SESSION_CLOSED', 'send', this.name, 'no output is up');
    return this.#fatal ?? this.#lastFailure ?? none();
  }

  #choose(message: Message): SpreadMember | undefined {
    const refusals = this.#refusals.get(message);
    return this.#members.find((member) => member.up && !refusals?.has(member)) ?? this.#first;
  }

  #failed(message: Message, member: SpreadMember, error: StompctlError, isOver: boolean): boolean {
    const ofMessage = error.action === 'reject' && error.code !== 'MESSAGE_REFUSED';
    if (ofMessage || isOver) return false;
    if (error.code === 'MESSAGE_REFUSED') {
      this.#refusals.set(message, (this.#refusals.get(message) ?? new Set()).add(member));
    }
    // whatever is wrong with this output, the next one may be well
    member.lost(error);
    // who supervises this sink finds out whose fault it is
    const blamed = error.code === 'BROKER_ERROR' || error.code === 'MESSAGE_REFUSED';
    return !blamed && !endsRun(error);
  }

  #memberChanged(member: SpreadMember, lost: StompctlError | undefined): void {
    const { failure } = member;
    if (failure !== undefined) {
      this.#lastFailure = failure;
      if (endsRun(failure)) this.#fatal ??= failure;
      const text = `${failure.message}; this output is given up`;
      this.#options.logger.error('output-failed', text, { end: member.name, output: member.key, code: failure.code });
    }
    if (lost !== undefined) this.#lastLost = member;
    if (member.up) this.#retractBehind(member);
    const gone = this.#fatal ?? lost;
    if (gone !== undefined && (this.#fatal !== undefined || this.#first === undefined)) this.#sends.tellLost(gone);
    this.#changed.ring();
  }
}
