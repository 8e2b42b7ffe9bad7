import type { Sink } from '../../flow/sink.js';

/** A queue of type NULL: everything sent to it is gone, and safe there. */
export class NullSink implements Sink {
  readonly name = 'queue of type NULL';

  async open(): Promise<void> {}

  async send(): Promise<void> {}

  async flush(): Promise<void> {}

  async close(): Promise<void> {}
}
