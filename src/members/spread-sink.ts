import { StompctlError } from '../base/errors.js';
import { Outstanding } from '../base/outstanding.js';
import type { Sink } from '../flow/sink.js';
import type { Message } from '../message/message.js';
import { asStompctlError } from '../transfer/supervisor.js';
import { MemberSet, type MemberSetOptions } from './member-set.js';
import type { MemberPlace } from './member-watch.js';
import { type MadeSink, SpreadMember } from './spread-member.js';

export interface SpreadSinkOptions<Place extends MemberPlace> extends MemberSetOptions<Place> {
  /** Makes the sink of one member. Nothing is opened yet. */
  readonly make: (place: Place) => MadeSink;
  /** called at each opening of a member after its first */
  readonly onReopened: () => void;
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
export class SpreadSink<Place extends MemberPlace> extends MemberSet<Place, SpreadMember> implements Sink {
  readonly #options: SpreadSinkOptions<Place>;
  /** who has refused a message: it is sent there only when nobody else is up */
  readonly #refusedBy = new WeakMap<Message, Set<string>>();
  readonly #outstanding = new Outstanding();
  #lost: ((error: StompctlError) => void) | undefined;
  /** grows when what is under way is given back */
  #recalls = 0;

  constructor(options: SpreadSinkOptions<Place>) {
    super(options);
    this.#options = options;
  }

  /** Resolves when a member is up; the others follow. Called again while some are, it leaves these be. */
  async open(lost?: (error: StompctlError) => void): Promise<void> {
    this.#lost = undefined;
    await this.watch.start();
    while (!this.closed && !this.givenUp && this.#up.length === 0) await this.changed.rung();
    if (this.closed) throw new StompctlError('SESSION_CLOSED', 'open', this.name, 'closed while opening');
    if (this.givenUp) throw this.unavailable('open');
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
    for (const member of this.everyone) void member.flush();
    await this.#outstanding.none();
  }

  /** What was sent may still become safe; what did not is not moved to another member. */
  async recall(): Promise<void> {
    this.#recalls += 1;
    await Promise.all(this.everyone.map((member) => member.recall()));
  }

  override close(): Promise<void> {
    this.#lost = undefined;
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

  #dispatch(sending: Sending): void {
    const member = this.#choose(sending.message);
    if (member === undefined) {
      sending.reject(this.unavailable('send'));
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
    const moves = isLoss && !sending.moved && !this.closed && sending.recalls === this.#recalls;
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

  protected override join(place: Place): SpreadMember {
    const { make, onReopened } = this.#options;
    const changed = (lost?: StompctlError) => this.#memberChanged(member, lost);
    const member: SpreadMember = new SpreadMember(place.key, this.configured(make(place)), changed, onReopened);
    return member;
  }

  protected override regrouped(): void {
    if (this.#up.length > 0) return;
    this.#tellLost(new StompctlError('SESSION_CLOSED', 'send', this.name, 'the last member that was up has left'));
  }

  #memberChanged(member: SpreadMember, lost: StompctlError | undefined): void {
    this.gaveUp(member);
    const gone = this.fatal ?? lost;
    if (gone !== undefined && (this.fatal !== undefined || this.#up.length === 0)) this.#tellLost(gone);
    this.changed.ring();
  }

  /** At most once an opening. */
  #tellLost(error: StompctlError): void {
    const lost = this.#lost;
    this.#lost = undefined;
    lost?.(error);
  }
}
