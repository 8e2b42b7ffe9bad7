/** What is held against one message. */
export interface Trial {
  /** all refusals, for people */
  refusals: number;
  /** those that count */
  against: number;
  /** refused, then others accepted, then refused again */
  confirmed: boolean;
  /** how many messages had been accepted at its last refusal */
  acceptedBefore: number;
}

export function newTrial(): Trial {
  return { refusals: 0, against: 0, confirmed: false, acceptedBefore: 0 };
}

/**
 * Tells a message at fault from a broker at fault: docs/errors.md has the table. A refusal counts against its message when
 * the broker took others meanwhile; once that has happened, also when nothing else was there to be taken. While messages
 * that nothing speaks against are refused as well, the broker is at fault, and nothing counts against anybody.
 */
export class Evidence {
  maxAttempts: number;
  #accepted = 0;
  /** those refused since a message was accepted */
  readonly #row = new Set<Trial>();

  constructor(maxAttempts: number) {
    this.maxAttempts = maxAttempts;
  }

  /** How many different messages were refused since one was accepted. */
  get refusedInARow(): number {
    return this.#row.size;
  }

  accepted(): void {
    this.#accepted += 1;
    this.#row.clear();
  }

  /** One refusal: `message`: it counts, the message is at fault; `unclear`: it may be the broker. */
  refused(trial: Trial): 'message' | 'unclear' {
    const othersAccepted = trial.refusals > 0 && this.#accepted > trial.acceptedBefore;
    trial.refusals += 1;
    trial.acceptedBefore = this.#accepted;
    this.#row.add(trial);
    if (othersAccepted) trial.confirmed = true;
    const counts = othersAccepted || (trial.confirmed && [...this.#row].every(({ confirmed }) => confirmed));
    if (counts || trial.refusals === 1) trial.against += 1;
    return counts ? 'message' : 'unclear';
  }

  /** Is the message to be rejected? */
  isFinal({ confirmed, against }: Trial): boolean {
    return confirmed && against >= this.maxAttempts;
  }

  /** The message is gone, whatever became of it. */
  forget(trial: Trial): void {
    this.#row.delete(trial);
  }
}
