import type { Clock } from '../base/clock.js';
import { StompctlError } from '../base/errors.js';
import { wait } from '../base/wait.js';
import type { Logger } from '../observe/logger.js';
import { asStompctlError } from '../transfer/supervisor.js';

/** Where a member is. */
export interface MemberPlace {
  /** tells it from the others, the same at each look-up: `tcp://10.0.0.7:61613/` */
  readonly key: string;
}

/** What a look-up has found. */
export interface Found<Place extends MemberPlace> {
  readonly places: readonly Place[];
  /** why a part of it could not be looked up: then nobody leaves */
  readonly incomplete: StompctlError | undefined;
}

export interface MemberWatchOptions<Place extends MemberPlace> {
  /** for logs: `broker stomp://mq.example.org:61613` */
  readonly name: string;
  /** needs a time limit of its own; a rejection tells nobody to leave either */
  readonly lookUp: () => Promise<Found<Place>>;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface MemberChange<Place extends MemberPlace> {
  readonly joined: readonly Place[];
  /** keys */
  readonly left: readonly string[];
}

/** Says who the members of a set are, to whoever it was made for. */
export interface Membership {
  /** Resolves when somebody is known. May be called again. */
  start(): Promise<void>;
  stop(): void;
}

/** Members that are known from the start, and stay. */
export class FixedMembers<Place extends MemberPlace> implements Membership {
  readonly #places: readonly Place[];
  readonly #changed: (change: MemberChange<Place>) => void;
  #told = false;

  constructor(places: readonly Place[], changed: (change: MemberChange<Place>) => void) {
    this.#places = places;
    this.#changed = changed;
  }

  async start(): Promise<void> {
    if (this.#told) return;
    this.#told = true;
    this.#changed({ joined: this.#places, left: [] });
  }

  stop(): void {}
}

/** More are not spoken to: an alias with so many names something else. */
export const MOST_MEMBERS = 64;

/** Knows who is behind an alias, by looking it up again and again. */
export class MemberWatch<Place extends MemberPlace> implements Membership {
  readonly #options: MemberWatchOptions<Place>;
  readonly #changed: (change: MemberChange<Place>) => void;
  readonly #known = new Set<string>();
  readonly #stop = new AbortController();
  #leftOut = false;
  #looking: Promise<void> | undefined;
  #watching = false;
  /** what was told last of a look-up that went wrong */
  #told: string | undefined;

  constructor(options: MemberWatchOptions<Place>, changed: (change: MemberChange<Place>) => void) {
    this.#options = options;
    this.#changed = changed;
  }

  /**
   * Looks the alias up, and goes on doing so. Resolves when somebody is known to be behind it; rejects with HOST_UNKNOWN, or the
   * error of the look-up, when nobody is: may then be called again.
   */
  async start(): Promise<void> {
    await this.#look();
    if (this.#watching) return;
    this.#watching = true;
    void this.#watch();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #watch(): Promise<void> {
    const { clock, intervalMs } = this.#options;
    while ((await wait(clock, intervalMs, { signal: this.#stop.signal })) === 'elapsed') {
      // somebody is known by now, so that it does not reject
      await this.#look();
    }
  }

  /** One at a time. */
  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { name, lookUp, logger } = this.#options;
    const { places, incomplete } = await lookUp().catch((error: unknown) => ({
      places: [],
      incomplete: asStompctlError(error, name),
    }));
    if (this.#stop.signal.aborted) return;
    const trouble = incomplete ?? (places.length === 0 ? noAddress(name) : undefined);
    if (trouble !== undefined && places.length === 0 && this.#known.size === 0) throw trouble;
    if (trouble !== undefined && trouble.message !== this.#told) {
      logger.warn('members-unknown', `${trouble.message}; who is known stays`, { end: name, code: trouble.code });
    }
    this.#told = trouble?.message;
    this.#apply(places, trouble === undefined);
  }

  #apply(places: readonly Place[], complete: boolean): void {
    const wanted = new Map(places.map((place) => [place.key, place]));
    const left = complete ? [...this.#known].filter((key) => !wanted.has(key)) : [];
    for (const key of left) this.#known.delete(key);
    const joined: Place[] = [];
    let beyond = 0;
    for (const [key, place] of wanted) {
      if (this.#known.has(key)) continue;
      if (this.#known.size >= MOST_MEMBERS) {
        beyond += 1;
        continue;
      }
      this.#known.add(key);
      joined.push(place);
    }
    this.#tellLeftOut(beyond);
    if (left.length === 0 && joined.length === 0) return;
    this.#tell(joined, left);
    this.#changed({ joined, left });
  }

  /** Once, until nobody is left out any more. */
  #tellLeftOut(beyond: number): void {
    const { name, logger } = this.#options;
    if (beyond > 0 && !this.#leftOut) {
      const reason = `a session with ${MOST_MEMBERS} of them, the most there may be, and none with ${beyond} more`;
      const next = 'nothing goes to those or comes from them: name fewer, or divide them among several runs';
      logger.warn('members-left-out', `${name}: ${reason}; ${next}`, { end: name, members: beyond });
    }
    this.#leftOut = beyond > 0;
  }

  #tell(joined: readonly Place[], left: readonly string[]): void {
    const { name, logger } = this.#options;
    const parts = [`${this.#known.size} of ${name}`];
    if (joined.length > 0) parts.push(`new: ${joined.map(({ key }) => key).join(', ')}`);
    if (left.length > 0) parts.push(`left: ${left.join(', ')}`);
    logger.info('members', `members: ${parts.join('; ')}`, { end: name, members: this.#known.size });
  }
}

function noAddress(name: string): StompctlError {
  return new StompctlError('HOST_UNKNOWN', 'look up', name, 'the name has no address; is it right?');
}
