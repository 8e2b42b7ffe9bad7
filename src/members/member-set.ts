import { StompctlError } from '../base/errors.js';
import { Bell } from '../base/wait.js';
import type { Logger } from '../observe/logger.js';
import type { ReconnectPolicy } from '../transfer/supervisor.js';
import type { MemberFacts } from '../transfer/verdict.js';
import {
  type DrainLimits,
  endsRun,
  type Factual,
  factsOf,
  type MemberGroup,
  type MemberParts,
} from './member-group.js';
import {
  FixedMembers,
  type MemberChange,
  type MemberPlace,
  type Membership,
  MemberWatch,
  type MemberWatchOptions,
} from './member-watch.js';

export interface MemberSetOptions<Place extends MemberPlace> extends DrainLimits {
  /** for logs: `broker stomp://mq.example.org:61613` */
  readonly name: string;
  /** what is told of one is told of a broker behind a name, or of an input with a name of its own, which is its key */
  readonly called: 'member' | 'input';
  /** how it is known who they are */
  readonly watch: Pick<MemberWatchOptions<Place>, 'lookUp' | 'intervalMs'> | { readonly fixed: readonly Place[] };
  readonly logger: Logger;
}

/** What a set needs of a member. */
export interface SetMember extends Factual {
  readonly key: string;
  readonly parts: MemberParts;
  close(): Promise<void>;
  drain(limits: DrainLimits): Promise<'late' | undefined>;
}

/** Who the members are, who of them has left and is being closed, and who was given up. */
export abstract class MemberSet<Place extends MemberPlace, Member extends SetMember> implements MemberGroup {
  readonly name: string;
  /** by key; the one whose turn was last is the last */
  protected readonly members = new Map<string, Member>();
  protected readonly watch: Membership;
  /** rung when something has come of a member, one has joined, or all is over */
  protected readonly changed = new Bell();
  /** ends the run, whoever else is up */
  protected fatal: StompctlError | undefined;
  protected closed = false;
  readonly #options: MemberSetOptions<Place>;
  /** in the order in which they have joined: what is told of them does not change places with their turns */
  readonly #joined: Member[] = [];
  /** and when each is closed */
  readonly #leaving = new Map<Member, Promise<void>>();
  #lastFailure: StompctlError | undefined;
  /** of reconnecting, when it was changed */
  #policy: ReconnectPolicy | undefined;

  constructor(options: MemberSetOptions<Place>) {
    const { name, watch, clock, logger } = options;
    this.name = name;
    this.#options = options;
    const changed = (change: MemberChange<Place>) => this.#apply(change);
    this.watch =
      'fixed' in watch
        ? new FixedMembers(watch.fixed, changed)
        : new MemberWatch({ ...watch, name, clock, logger }, changed);
  }

  get givenUp(): boolean {
    return this.fatal !== undefined || (this.members.size > 0 && this.alive.length === 0);
  }

  facts(): MemberFacts[] {
    return this.#joined.map((member) => ({
      ...factsOf(member),
      ...(this.#options.called === 'input' && { name: `${member.key} (${member.name})`, called: member.key }),
      leaving: this.#leaving.has(member),
    }));
  }

  waitingFor(): string[] {
    return [...this.members.values()].flatMap(({ parts }) => parts.waitingFor());
  }

  configure(policy: ReconnectPolicy): void {
    this.#policy = policy;
    for (const { parts } of this.members.values()) parts.configure(policy);
  }

  async secretsChanged(): Promise<boolean> {
    const changed = await Promise.all([...this.members.values()].map(({ parts }) => parts.secretsChanged()));
    return changed.includes(true);
  }

  /** Closes all, those that are leaving too; then rejects as the first that did. */
  async close(): Promise<void> {
    this.closed = true;
    this.watch.stop();
    this.changed.ring();
    const leaving = [...this.#leaving.values()];
    const results = await Promise.allSettled(this.everyone.map((member) => member.close()));
    await Promise.all(leaving);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Makes the member that is at `place`. */
  protected abstract join(place: Place): Member;

  /** Somebody has joined or left. */
  protected abstract regrouped(): void;

  /** those that are leaving too */
  protected get everyone(): Member[] {
    return [...this.members.values(), ...this.#leaving.keys()];
  }

  /** those that were not given up */
  protected get alive(): Member[] {
    return [...this.members.values()].filter(({ failure }) => failure === undefined);
  }

  /** Parts with the policy that holds now: a member may begin to open as soon as it is made. */
  protected configured<Parts extends MemberParts>(parts: Parts): Parts {
    if (this.#policy !== undefined) parts.configure(this.#policy);
    return parts;
  }

  /** The next turns are those of others. */
  protected hadTurn(member: Member): void {
    this.members.delete(member.key);
    this.members.set(member.key, member);
  }

  /** Was it given up, as is told of it here? To be called once then. */
  protected gaveUp(member: Member): boolean {
    const { failure, name } = member;
    if (failure === undefined || this.members.get(member.key) !== member) return false;
    this.#lastFailure = failure;
    if (endsRun(failure)) this.fatal ??= failure;
    const { called, logger } = this.#options;
    const text = `${failure.message}; this ${called} is given up`;
    const { code } = failure;
    if (called === 'member') logger.error('member-failed', text, { end: name, code });
    else logger.error('input-failed', text, { end: name, input: member.key, code });
    return true;
  }

  /** Why nothing can be done just now. */
  protected unavailable(operation: string): StompctlError {
    const none = () => new StompctlError('SESSION_CLOSED', operation, this.name, `no ${this.#options.called} is up`);
    return this.fatal ?? this.#lastFailure ?? none();
  }

  #apply({ joined, left }: MemberChange<Place>): void {
    for (const place of joined) {
      const member = this.join(place);
      this.members.set(place.key, member);
      this.#joined.push(member);
    }
    for (const key of left) {
      const member = this.members.get(key);
      if (member === undefined) continue;
      this.members.delete(key);
      this.#leaving.set(member, this.leave(member));
    }
    this.regrouped();
    this.changed.ring();
  }

  /** Resolves when it is closed, or left behind. */
  protected async leave(member: Member): Promise<void> {
    const { logger } = this.#options;
    const failed = (why: string) => logger.warn('close-failed', `${member.name}: ${why}`, { end: member.name });
    try {
      if ((await member.drain(this.#options)) === 'late') failed('was not closed in time, and is left behind');
    } catch (error) {
      failed(error instanceof Error ? error.message : String(error));
    }
    this.#leaving.delete(member);
    this.#joined.splice(this.#joined.indexOf(member), 1);
  }
}
