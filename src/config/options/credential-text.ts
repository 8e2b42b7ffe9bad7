import { KeyValueError, parseKeyValues } from './key-value.js';

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
