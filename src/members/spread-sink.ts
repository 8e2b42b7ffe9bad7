import { StompctlError } from '../base/errors.js';
import type { Sink } from '../flow/sink.js';
import type { Message } from '../message/message.js';
import { MemberSends } from './member-sends.js';
import { MemberSet, type MemberSetOptions } from './member-set.js';
import type { MemberPlace } from './member-watch.js';
import { type MadeSink, SpreadMember } from './spread-member.js';

export interface SpreadSinkOptions<Place extends MemberPlace> extends MemberSetOptions<Place> {
  /** Makes the sink of one member. Nothing is opened yet. */
  readonly make: (place: Place) => MadeSink;
  /** called at each opening of a member after its first */
  readonly onReopened: () => void;
}

/**
 * Sends to the members of an alias that are up, each message to the one that owes the fewest answers: so a slow one holds its part of
 * the window and no more. What was unsettled at a member that died goes to another, once; after that, and when a broker said ERROR,
 * who supervises this sink is told as if it were one broker: whether a message or a broker is at fault is found there.
 */
export class SpreadSink<Place extends MemberPlace> extends MemberSet<Place, SpreadMember> implements Sink {
  readonly #options: SpreadSinkOptions<Place>;
  /** who has refused a message: it is sent there only when nobody else is up */
  readonly #refusedBy = new WeakMap<Message, Set<string>>();
  readonly #sends = new MemberSends({
    everyone: () => this.everyone,
    up: () => this.#up,
    choose: (message) => this.#choose(message),
    unavailable: () => this.unavailable('send'),
    failed: (message, member, error) => this.#failed(message, member, error),
  });

  constructor(options: SpreadSinkOptions<Place>) {
    super(options);
    this.#options = options;
  }

  /** Resolves when a member is up; the others follow. Called again while some are, it leaves these be. */
  async open(lost?: (error: StompctlError) => void): Promise<void> {
    this.#sends.listener();
    await this.watch.start();
    while (!this.closed && !this.givenUp && this.#up.length === 0) await this.changed.rung();
    if (this.closed) throw new StompctlError('SESSION_CLOSED', 'open', this.name, 'closed while opening');
    if (this.givenUp) throw this.unavailable('open');
    this.#sends.listener(lost);
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

  override close(): Promise<void> {
    this.#sends.close();
    return super.close();
  }

  get #up(): SpreadMember[] {
    return [...this.members.values()].filter(({ up }) => up);
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
    this.hadTurn(chosen);
    return chosen;
  }

  #failed(message: Message, member: SpreadMember, error: StompctlError): boolean {
    if (error.code === 'MESSAGE_REFUSED') this.#noteRefusal(message, member);
    // as who supervises a single broker does: a refusal that names its message ends the session too
    if (error.action === 'reopen' || error.code === 'MESSAGE_REFUSED') member.lost(error);
    return error.action === 'reopen' && error.code !== 'BROKER_ERROR';
  }

  #noteRefusal(message: Message, member: SpreadMember): void {
    const refusedBy = this.#refusedBy.get(message) ?? new Set();
    refusedBy.add(member.key);
    this.#refusedBy.set(message, refusedBy);
  }

  protected override join(place: Place): SpreadMember {
    const { make, onReopened } = this.#options;
    const changed = (lost?: StompctlError) => this.#memberChanged(member, lost);
    const member: SpreadMember = new SpreadMember(place.key, this.configured(make(place)), changed, onReopened);
    return member;
  }

  protected override regrouped(): void {
    if (this.#up.length > 0) return;
    this.#sends.tellLost(
      new StompctlError('SESSION_CLOSED', 'send', this.name, 'the last member that was up has left'),
    );
  }

  #memberChanged(member: SpreadMember, lost: StompctlError | undefined): void {
    this.gaveUp(member);
    const gone = this.fatal ?? lost;
    if (gone !== undefined && (this.fatal !== undefined || this.#up.length === 0)) this.#sends.tellLost(gone);
    this.changed.ring();
  }
}
