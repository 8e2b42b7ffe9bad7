export interface DecodeLimits {
  /** bytes a body may have once decoded */
  readonly maxMessageSize: number;
}

/** Why a message file cannot be read; `decodeMessage` says which file. */
export class DecodeError extends Error {
  readonly code: 'ELEMENT_UNDECODABLE' | 'MESSAGE_TOO_LARGE';
  /** it was never meant to be a message file */
  readonly isForeign: boolean;

  constructor(code: 'ELEMENT_UNDECODABLE' | 'MESSAGE_TOO_LARGE', reason: string, isForeign = false) {
    super(reason);
    this.code = code;
    this.isForeign = isForeign;
  }
}

export function undecodable(reason: string): DecodeError {
  return new DecodeError('ELEMENT_UNDECODABLE', reason);
}

/** For what is something else than a message file. */
export function foreign(reason: string): DecodeError {
  return new DecodeError('ELEMENT_UNDECODABLE', reason, true);
}

/** `what`: `the body has 5 bytes` */
export function tooLarge(what: string, limits: DecodeLimits): DecodeError {
  return new DecodeError('MESSAGE_TOO_LARGE', `${what}, over max-message-size (${limits.maxMessageSize})`);
}
