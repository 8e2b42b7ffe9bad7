/** Why a piece of Perl was not translated. */
export class PerlError extends Error {
  /** `syntax`: not Perl, or not recognised as such; `unsupported`: Perl outside the dialect */
  readonly kind: 'syntax' | 'unsupported';
  /** where it starts in the code, in UTF-16 units */
  readonly at: number;

  constructor(kind: 'syntax' | 'unsupported', at: number, message: string) {
    super(message);
    this.kind = kind;
    this.at = at;
  }
}

export function syntaxError(at: number, message: string): PerlError {
  return new PerlError('syntax', at, message);
}

/** `construct` as a reader would name it; `instead`: the JavaScript to write, or what else to do. */
export function unsupported(at: number, construct: string, instead: string): PerlError {
  return new PerlError('unsupported', at, `${construct} is not supported in callbacks; ${instead}`);
}
