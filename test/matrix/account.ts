import { type Found, type Parcel, shaOf } from './corpus.js';

/** Where a message can be when everything has come to rest. */
export type Place = 'sink' | 'failure queue' | 'source';

/** What became of all messages of one cell. */
export interface Verdict {
  readonly messages: number;
  readonly once: number;
  /** messages that the sink has more than once, and how many copies too many there are */
  readonly repeated: number;
  readonly duplicates: number;
  readonly failed: number;
  readonly atSource: number;
  /** ids that are nowhere */
  readonly lost: readonly string[];
  /** what is wrong with messages that are somewhere: altered, half-written, never put in */
  readonly spoilt: readonly string[];
}

/** Knows every message that was put in, and accounts for each. */
export class Account {
  readonly #parcels = new Map<string, Parcel>();
  /** ids that the harness itself may have put in more than once: how often at most */
  readonly #putAgain = new Map<string, number>();
  readonly #seen: Record<Place, Map<string, number>> = {
    sink: new Map(),
    'failure queue': new Map(),
    source: new Map(),
  };
  readonly #spoilt: string[] = [];

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

  /** Every message is in the sink or in the failure queue. */
  get complete(): boolean {
    return this.missing === 0;
  }

  get missing(): number {
    let missing = 0;
    for (const id of this.#parcels.keys()) {
      if (!this.#seen.sink.has(id) && !this.#seen['failure queue'].has(id)) missing += 1;
    }
    return missing;
  }

  get arrived(): number {
    return this.#seen.sink.size;
  }

  verdict(): Verdict {
    const { sink, source } = this.#seen;
    const failed = this.#seen['failure queue'];
    const ids = [...this.#parcels.keys()];
    const extra = ids.map((id) => Math.max(0, (sink.get(id) ?? 0) - 1 - (this.#putAgain.get(id) ?? 0)));
    return {
      messages: ids.length,
      once: ids.filter((id, index) => sink.has(id) && extra[index] === 0).length,
      repeated: extra.filter((copies) => copies > 0).length,
      duplicates: extra.reduce((sum, copies) => sum + copies, 0),
      failed: ids.filter((id) => failed.has(id)).length,
      atSource: ids.filter((id) => source.has(id) && !sink.has(id) && !failed.has(id)).length,
      lost: ids.filter((id) => !sink.has(id) && !failed.has(id) && !source.has(id)),
      spoilt: [...this.#spoilt],
    };
  }
}
