import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import { Outstanding } from '../base/outstanding.js';
import { Bell } from '../base/wait.js';
import type { Sink } from '../flow/sink.js';
import type { Message } from '../message/message.js';
import type { Logger } from '../observe/logger.js';
import { asStompctlError, type ReconnectPolicy } from '../transfer/supervisor.js';
import type { MemberFacts } from '../transfer/verdict.js';
import { endsRun, factsOf, type MemberGroup } from './member-group.js';
import { type MemberChange, type MemberPlace, MemberWatch, type MemberWatchOptions } from './member-watch.js';
import { type MadeSink, SpreadMember } from './spread-member.js';

export interface SpreadSinkOptions<Place extends MemberPlace> {
  /** for logs: `broker stomp://mq.example.org:61613` */
  readonly name: string;
  readonly watch: Pick<MemberWatchOptions<Place>, 'lookUp' | 'intervalMs'>;
  /** Makes the sink of one member. Nothing is opened yet. */
  readonly make: (place: Place) => MadeSink;
  /** called at each opening of a member after its first */
  readonly onReopened: () => void;
  /** the longest that what was sent to a member that has left is waited for, and that its closing is */
  readonly lingerMs: number;
  readonly closeMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Sending {
  readonly message: Message;
  readonly id: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: StompctlError) => void;
  /** it was unsettled at a member that died */
  moved: boolean;
  /** `#recalls` when it was sent */
  readonly recalls: number;
}

/**
 * Sends to the members of an alias that are up, each message to the one that owes the fewest answers: so a slow one holds its part of
 * the window and no more. What was unsettled at a member that died goes to another, once; after that, and when a broker said ERROR,
 * who supervises this sink is told as if it were one broker: whether a message or a broker is at fault is found there.
 */
export class SpreadSink<Place extends MemberPlace> implements Sink, MemberGroup {
  readonly name: string;
  readonly #options: SpreadSinkOptions<Place>;
  readonly #watch: MemberWatch<Place>;
  /** by key; the one that was sent to last is the last */
  readonly #members = new Map<string, SpreadMember>();
  /** and when each is closed */
  readonly #leaving = new Map<SpreadMember, Promise<void>>();
  /** who has refused a message: it is sent there only when nobody else is up */
  readonly #refusedBy = new WeakMap<Message, Set<string>>();
  readonly #changed = new Bell();
  readonly #outstanding = new Outstanding();
  #lost: ((error: StompctlError) => void) | undefined;
  #fatal: StompctlError | undefined;
  #lastFailure: StompctlError | undefined;
  /** of reconnecting, when it was changed */
  #policy: ReconnectPolicy | undefined;
  /** grows when what is under way is given back */
  #recalls = 0;
  #closed = false;

  constructor(options: SpreadSinkOptions<Place>) {
    const { name, watch, clock, logger } = options;
    this.name = name;
    this.#options = options;
    this.#watch = new MemberWatch({ ...watch, name, clock, logger }, (change) => this.#apply(change));
  }

  get givenUp(): boolean {
    if (this.#fatal !== undefined) return true;
    return this.#members.size > 0 && [...this.#members.values()].every(({ failure }) => failure !== undefined);
  }

  facts(): MemberFacts[] {
    return this.#everyone.map((member) => ({ ...factsOf(member), leaving: this.#leaving.has(member) }));
  }

  waitingFor(): string[] {
    return [...this.#members.values()].flatMap(({ parts }) => parts.supervisor.waitingFor ?? []);
  }

  configure(policy: ReconnectPolicy): void {
    this.#policy = policy;
    for (const { parts } of this.#members.values()) parts.supervisor.configure(policy);
  }

  async secretsChanged(): Promise<boolean> {
    const changed = await Promise.all([...this.#members.values()].map(({ parts }) => parts.secretsChanged()));
    return changed.includes(true);
  }

  /** Resolves when a member is up; the others follow. Called again while some are, it leaves these be. */
  async open(lost?: (error: StompctlError) => void): Promise<void> {
    this.#lost = undefined;
    await this.#watch.start();
    while (!this.#closed && !this.givenUp && this.#up.length === 0) await this.#changed.rung();
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
    for (const member of this.#everyone) void member.flush();
    await this.#outstanding.none();
  }

  /** What was sent may still become safe; what did not is not moved to another member. */
  async recall(): Promise<void> {
    this.#recalls += 1;
    await Promise.all(this.#everyone.map((member) => member.recall()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#lost = undefined;
    this.#watch.stop();
    this.#changed.ring();
    const leaving = [...this.#leaving.values()];
    const results = await Promise.allSettled(this.#everyone.map((member) => member.close()));
    await Promise.all(leaving);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  get #everyone(): SpreadMember[] {
    return [...this.#members.values(), ...this.#leaving.keys()];
  }

  get #up(): SpreadMember[] {
    return [...this.#members.values()].filter(({ up }) => up);
  }

  #failure(): StompctlError {
    const none = () => new StompctlError('SESSION_CLOSED', 'send', this.name, 'no member is up');
    return this.#fatal ?? this.#lastFailure ?? none();
  }

  /** The one that owes the fewest answers; of several, the one whose turn was longest ago. */
  #choose(message: Message): SpreadMember | undefined {
    const refusedBy = this.#refusedBy.get(message);
    const up = this.#up;
    const others = refusedBy === undefined ? up : up.filter(({ key }) => !refusedBy.has(key));
    const from = others.length === 0 ? up : others;
    const [first, ...rest] = from;
    if (first === undefined) return undefined;
    const chosen = rest.reduce((best, member) => (member.inFlight < best.inFlight ? member : best), first);
    this.#members.delete(chosen.key);
    this.#members.set(chosen.key, chosen);
    return chosen;
  }

  #dispatch(sending: Sending): void {
    const member = this.#choose(sending.message);
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
    if (error.code === 'MESSAGE_REFUSED') this.#noteRefusal(sending.message, member);
    // as who supervises a single broker does: a refusal that names its message ends the session too
    if (error.action === 'reopen' || error.code === 'MESSAGE_REFUSED') member.lost(error);
    const isLoss = error.action === 'reopen' && error.code !== 'BROKER_ERROR';
    const moves = isLoss && !sending.moved && !this.#closed && sending.recalls === this.#recalls;
    if (!moves || this.#up.length === 0) {
      sending.reject(error);
      return;
    }
    sending.moved = true;
    this.#dispatch(sending);
  }

  #noteRefusal(message: Message, member: SpreadMember): void {
    const refusedBy = this.#refusedBy.get(message) ?? new Set();
    refusedBy.add(member.key);
    this.#refusedBy.set(message, refusedBy);
  }

  #apply({ joined, left }: MemberChange<Place>): void {
    const { make, onReopened } = this.#options;
    for (const place of joined) {
      const changed = (lost?: StompctlError) => this.#memberChanged(member, lost);
      const parts = make(place);
      if (this.#policy !== undefined) parts.supervisor.configure(this.#policy);
      const member: SpreadMember = new SpreadMember(place.key, parts, changed, onReopened);
      this.#members.set(place.key, member);
    }
    for (const key of left) this.#leave(key);
    this.#changed.ring();
  }

  #memberChanged(member: SpreadMember, lost: StompctlError | undefined): void {
    const { failure } = member;
    if (failure !== undefined && this.#members.get(member.key) === member) {
      this.#lastFailure = failure;
      if (endsRun(failure)) this.#fatal ??= failure;
      const text = `${failure.message}; this member is given up`;
      this.#options.logger.error('member-failed', text, { end: member.name, code: failure.code });
    }
    const gone = this.#fatal ?? lost;
    if (gone !== undefined && (this.#fatal !== undefined || this.#up.length === 0)) this.#tellLost(gone);
    this.#changed.ring();
  }

  /** At most once an opening. */
  #tellLost(error: StompctlError): void {
    const lost = this.#lost;
    this.#lost = undefined;
    lost?.(error);
  }

  #leave(key: string): void {
    const member = this.#members.get(key);
    if (member === undefined) return;
    this.#members.delete(key);
    const { logger } = this.#options;
    const failed = (why: string) => logger.warn('close-failed', `${member.name}: ${why}`, { end: member.name });
    const drained = member
      .drain(this.#options)
      .then(
        (late) => late && failed('was not closed in time, and is left behind'),
        (error: unknown) => failed(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => {
        this.#leaving.delete(member);
      });
    this.#leaving.set(member, drained);
    if (this.#up.length > 0) return;
    this.#tellLost(new StompctlError('SESSION_CLOSED', 'send', this.name, 'the last member that was up has left'));
  }
}
