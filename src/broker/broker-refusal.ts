export interface RefusalHow {
  /** whether the connection is closed; undefined: as the dialect does after an ERROR */
  readonly close?: boolean | undefined;
  /** whether ERROR has `receipt-id`; undefined: as the dialect does */
  readonly receiptId?: boolean | undefined;
  /** more headers of the ERROR */
  readonly header?: Readonly<Record<string, string>>;
}

/**
 * Why the broker answers a frame with ERROR. Not an error of the program: it is caught by the session, which writes it
 * to the client. `message` becomes the `message` header, `detail` the body.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly detail: string;
  readonly how: RefusalHow;

  constructor(message: string, detail = '', how: RefusalHow = {}) {
    super(message);
    this.detail = detail;
    this.how = how;
  }
}
