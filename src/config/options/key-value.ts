/** A KEY=VALUE list that cannot be read; the message says why, and never quotes a value, which may be a secret. */
export class KeyValueError extends Error {}

/**
 * Parses a KEY=VALUE list: split at white space, then at the first `=`, both sides %-decoded.
 * Throws KeyValueError for a word without `=`, a key that comes twice, a bad %-escape.
 */
export function parseKeyValues(text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  const words = text.split(/\s+/).filter((part) => part !== '');
  for (const [index, word] of words.entries()) {
    const equals = word.indexOf('=');
    if (equals < 1) {
      const which = words.length === 1 ? 'it' : `word ${index + 1} of ${words.length}`;
      const lack = equals === 0 ? 'has no key before its "="' : 'has no "="';
      throw new KeyValueError(
        `${which} ${lack}: write KEY=VALUE pairs with blanks between, and %20 for a blank inside`,
      );
    }
    const key = percentDecode(word.slice(0, equals));
    if (pairs.has(key)) throw new KeyValueError(`"${key}" is given twice`);
    pairs.set(key, percentDecode(word.slice(equals + 1)));
  }
  return pairs;
}

/**
 * Reads `SCHEME key=value …`, values %-escaped, into the keys with `scheme` among them.
 * Throws KeyValueError, whose text never quotes a value.
 */
export function readCredential(text: string): Record<string, string> {
  const [scheme = '', ...rest] = text.trim().split(/\s+/);
  if (scheme === '' || scheme.includes('=')) {
    throw new KeyValueError('must start with its scheme, as in "plain name=guest pass=secret"');
  }
  const fields = parseKeyValues(rest.join(' '));
  if (fields.has('scheme')) throw new KeyValueError('"scheme" is given twice');
  return Object.assign(Object.create(null) as Record<string, string>, { scheme }, Object.fromEntries(fields));
}

/** how a credential is written, for whoever has written something else */
export const AUTH_EXAMPLE =
  'as in "auth = plain name=USER pass-file=PATH", or in YAML "auth: {scheme: plain, name: USER, pass-file: PATH}"';

/** no escape: two digits would have to follow */
const PERCENTAGE = /^\d+(?:\.\d+)?%$/;

/** %-escapes decoded as UTF-8; a percentage such as `10%` is none. Throws KeyValueError for a `%` without two hex digits, or bytes that are not UTF-8. */
export function percentDecode(text: string): string {
  if (!text.includes('%') || PERCENTAGE.test(text)) return text;
  if (/%(?![0-9a-fA-F]{2})/.test(text)) {
    throw new KeyValueError('a "%" must be followed by two hexadecimal digits: write %25 for a percent sign');
  }
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new KeyValueError('the %-escapes are not UTF-8', { cause: error });
  }
}
