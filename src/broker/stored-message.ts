import type { Header } from '../message/message.js';

/** A message as the broker keeps it. */
export interface StoredMessage {
  /** its place in the order of arrival; unique in the store, kept when it is given back */
  readonly seq: number;
  readonly destination: string;
  /** what goes out with it, without the headers that each delivery makes anew */
  readonly header: Readonly<Header>;
  /** headers that repeat genuine ones and follow them, as RabbitMQ returns what a SEND carried (`dialect.ts`) */
  readonly repeated: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** survives `restart()` */
  readonly persistent: boolean;
  /** bytes of the body plus characters of the header: what the store's limit counts */
  readonly size: number;
  /** handed out before, and not acknowledged */
  redelivered: boolean;
}
