import { StompctlError } from '../../base/errors.js';
import { type Header, newHeader } from '../../message/message.js';

/** The values of `--header NAME=VALUE`, taken as they are. Throws USAGE for what is none, and for a name given twice. */
export function readHeaders(texts: readonly string[]): Header {
  const header = newHeader();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const name = text.slice(0, Math.max(0, equals));
    if (name === '') throw new StompctlError('USAGE', 'option', '--header', `"${text}" is not NAME=VALUE`);
    if (Object.hasOwn(header, name)) throw new StompctlError('USAGE', 'option', '--header', `"${name}" is given twice`);
    header[name] = text.slice(equals + 1);
  }
  return header;
}
