import type { Dialect } from '../../stomp/client-dialects.js';

/**
 * One subscription of a session, and how much of what the broker sends ahead to it is parked. Brokers count prefetch for each
 * subscription: one whose share is parked gets nothing more, while the others go on.
 */
export class SubscriptionShare {
  readonly destination: string;
  /** an ACK settles all earlier deliveries too: what is parked holds up all after it */
  readonly cumulative: boolean;
  readonly #limit: { readonly messages: number; readonly bytes: number };
  #parked = 0;
  #parkedBytes = 0;

  /** `header`: that of SUBSCRIBE. */
  constructor(header: Readonly<Record<string, string>>, dialect: Pick<Dialect, 'prefetch'>, cumulative: boolean) {
    this.destination = header.destination ?? '';
    this.cumulative = cumulative;
    this.#limit = limitOf(header, dialect);
  }

  get parked(): number {
    return this.#parked;
  }

  /** The broker sends no more to this subscription. */
  get silent(): boolean {
    return this.#parked >= this.#limit.messages || this.#parkedBytes >= this.#limit.bytes;
  }

  park(bytes: number): void {
    this.#parked += 1;
    this.#parkedBytes += bytes;
  }
}

/** What SUBSCRIBE asks for, in the unit of the broker; `MESSAGES,BYTES` for Apollo. Nothing, or none above zero, is no limit. */
function limitOf(
  header: Readonly<Record<string, string>>,
  { prefetch }: Pick<Dialect, 'prefetch'>,
): { messages: number; bytes: number } {
  const [first, second] = (prefetch === undefined ? '' : (header[prefetch.header] ?? '')).split(',', 2).map(positive);
  const none = Number.POSITIVE_INFINITY;
  if (prefetch?.unit === 'bytes') return { messages: none, bytes: first ?? none };
  return { messages: first ?? none, bytes: second ?? none };
}

function positive(text: string): number | undefined {
  return /^\s*\d{1,15}\s*$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}
