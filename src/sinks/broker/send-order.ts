import { SerialQueue } from '../../base/serial-queue.js';

/** Sends in the order of the calls, though some need something first: what follows one of these waits behind it. */
export class SendOrder {
  readonly #queue = new SerialQueue();
  #waiting = 0;

  /** May be sent at once what needs nothing? */
  get isFree(): boolean {
    return this.#waiting === 0;
  }

  /** `send`, with what `prepare` gives, behind all that waits. Resolves or rejects as these do. */
  async after<T>(prepare: () => Promise<T>, send: (prepared: T) => Promise<void>): Promise<void> {
    this.#waiting += 1;
    const { sent } = await this.#queue
      .run(async () => {
        const handed = send(await prepare());
        // who waits for it hears of it a turn later
        handed.catch(() => undefined);
        return { sent: handed };
      })
      .finally(() => {
        this.#waiting -= 1;
      });
    return sent;
  }

  /** Resolves when everything that waits now was sent, or could not be. */
  done(): Promise<void> {
    return this.#queue.done();
  }
}
