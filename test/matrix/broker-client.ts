import type { Found, Parcel } from './corpus.js';

export const ANSWER_MS = 30_000;

/** What was taken out, and what the report calls it. */
export interface Taken extends Found {
  readonly where: string;
}

/** A session of the harness with a broker, beside the proxy that the agents go through. After an error it is of no use. */
export interface BrokerClient {
  readonly closed: boolean;
  /** Resolves when the broker has confirmed each. */
  send(destination: string, all: readonly Parcel[]): Promise<void>;
  /** Begins to take everything out; once. */
  subscribe(destination: string): Promise<void>;
  /** Resolves when the broker gives it nothing more. */
  unsubscribe(): Promise<void>;
  /** The next message; undefined: none came for so long. */
  take(quietMs: number): Promise<Taken | undefined>;
  /** Ends it without a word. */
  destroy(): void;
}
