import { type Found, type Parcel, shaOf } from './corpus.js';
import type { Deliver } from './paths.js';

export type SinkName = 'sink' | 'second sink';
/** Where a message can be when everything has come to rest. */
export type Place = SinkName | 'failure queue' | 'source';

/** What became of all messages of one cell. */
export interface Verdict {
  readonly messages: number;
  readonly once: number;
  /** messages that the sink has more than once, or of two outputs both where one is enough; and how many copies too many there are */
  readonly repeated: number;
  readonly duplicates: number;
  readonly failed: number;
  readonly atSource: number;
  /** ids that are nowhere, or, where each sink is to have them, not in all */
  readonly lost: readonly string[];
  /** what is wrong with messages that are somewhere: altered, half-written, never put in */
  readonly spoilt: readonly string[];
}

/** Knows every message that was put in, and accounts for each. */
export class Account {
  readonly #parcels = new Map<string, Parcel>();
  /** ids that the harness itself may have put in more than once: how often at most */
  readonly #putAgain = new Map<string, number>();
  readonly #sinks: readonly SinkName[];
  readonly #seen: Record<Place, Map<string, number>> = {
    sink: new Map(),
    'second sink': new Map(),
    'failure queue': new Map(),
    source: new Map(),
  };
  readonly #spoilt: string[] = [];
  readonly #deliver: Deliver;

  /** `deliver`: a message must be in one of two sinks, or in both; of one sink it is the same. */
  constructor(sinks: readonly SinkName[] = ['sink'], deliver: Deliver = 'first') {
    this.#sinks = sinks;
    this.#deliver = deliver;
  }

  put(parcel: Parcel): void {
    if (this.#parcels.has(parcel.id)) this.#putAgain.set(parcel.id, (this.#putAgain.get(parcel.id) ?? 0) + 1);
    this.#parcels.set(parcel.id, parcel);
  }

  get size(): number {
    return this.#parcels.size;
  }

  /** A message was found; `where` is for the report. */
  found(place: Place, message: Found, where: string): void {
    const parcel = this.#parcels.get(message.id);
    if (parcel === undefined) {
      this.#spoilt.push(`${place}: "${message.id}" was never put in (${where})`);
      return;
    }
    const seen = this.#seen[place];
    seen.set(message.id, (seen.get(message.id) ?? 0) + 1);
    if (message.note !== parcel.note) {
      this.#spoilt.push(`${place}: header of ${parcel.id} is ${JSON.stringify(message.note)} (${where})`);
    }
    if (shaOf(message.body) !== parcel.sha) {
      this.#spoilt.push(`${place}: body of ${parcel.id} has ${message.body.length} bytes, not its own (${where})`);
    }
  }

  /** Something was found that is no message at all. */
  spoilt(place: Place, what: string): void {
    this.#spoilt.push(`${place}: ${what}`);
  }

  /** Every message is where it must be: in the sink, or in enough of them, or in the failure queue. */
  get complete(): boolean {
    return this.missing === 0;
  }

  get missing(): number {
    return [...this.#parcels.keys()].filter((id) => !this.#hasArrived(id) && !this.#seen['failure queue'].has(id))
      .length;
  }

  verdict(): Verdict {
    const { source } = this.#seen;
    const failed = this.#seen['failure queue'];
    const ids = [...this.#parcels.keys()];
    const extra = ids.map((id) => this.#copiesTooMany(id));
    const isNowhere = (id: string): boolean => !this.#hasArrived(id) && !failed.has(id);
    return {
      messages: ids.length,
      once: ids.filter((id, index) => this.#hasArrived(id) && extra[index] === 0).length,
      repeated: extra.filter((copies) => copies > 0).length,
      duplicates: extra.reduce((sum, copies) => sum + copies, 0),
      failed: ids.filter((id) => failed.has(id)).length,
      atSource: ids.filter((id) => source.has(id) && isNowhere(id)).length,
      lost: ids.filter((id) => !source.has(id) && isNowhere(id)),
      spoilt: [...this.#spoilt],
    };
  }

  /** It is in enough of the sinks. */
  #hasArrived(id: string): boolean {
    const isThere = (sink: SinkName): boolean => this.#seen[sink].has(id);
    return this.#deliver === 'every' ? this.#sinks.every(isThere) : this.#sinks.some(isThere);
  }

  /** Where each sink is to have it, those of each; otherwise those of all together. */
  #copiesTooMany(id: string): number {
    const counts = this.#sinks.map((sink) => this.#seen[sink].get(id) ?? 0);
    const whole = this.#deliver === 'every' ? counts : [counts.reduce((sum, count) => sum + count, 0)];
    const again = this.#putAgain.get(id) ?? 0;
    return whole.reduce((sum, count) => sum + Math.max(0, count - 1 - again), 0);
  }
}
