import type { Message } from '../message/message.js';

/**
 * A message as a file of a directory queue, locked for who got it, and not read: to be given a name in another queue
 * (`Sink.move`), or read after all. Whose it is and what may be done with it (`mode`: the permissions alone) go with a file.
 */
export interface StoredElement {
  /** of the file */
  readonly path: string;
  /** bytes of the file */
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  /** Decoded, when first asked for. Throws as `bytes`, or ELEMENT_UNDECODABLE, MESSAGE_TOO_LARGE. */
  readonly message: Message;
  /** A copy of the file. Throws ELEMENT_UNREADABLE when it is another's by now, QUEUE_IO when its queue is not there. */
  bytes(): Buffer;
}
