import { isUtf8 } from 'node:buffer';
import { parse } from 'node:path';
import { StompctlError } from '../../base/errors.js';
import { numbersAsText } from '../../message/exact-numbers.js';
import { filledHeader, type HeaderTemplates } from '../../message/header-templates.js';
import { type Header, newHeader } from '../../message/message.js';
import { SIDECAR } from './claim-moves.js';
import type { FileContent } from './file-content.js';

/** bytes of the JSON beside a file */
export const LARGEST_SIDECAR = 1024 * 1024;

/** The headers that the templates make for a file, and those of the JSON beside it, which win. Throws ELEMENT_UNDECODABLE. */
export function headerOf(
  name: string,
  { size, mtimeNs }: { readonly size: bigint; readonly mtimeNs: bigint },
  templates: HeaderTemplates,
  beside: Buffer | undefined,
): Header {
  const { name: base, ext } = parse(name);
  const modified = new Date(Number(mtimeNs / 1_000_000n)).toISOString();
  const facts: Header = newHeader({ file: name, base, ext: ext.slice(1), size: String(size), modified });
  const header = filledHeader(templates, facts);
  if (beside !== undefined) Object.assign(header, headersIn(name, beside));
  return header;
}

/** A flat object of texts; numbers and booleans are the text of them. A byte order mark before it is passed over. */
function headersIn(name: string, bytes: Buffer): Header {
  if (!isUtf8(bytes)) throw unusable(name, 'is not UTF-8');
  let value: unknown;
  try {
    value = numbersAsText(bytes.toString('utf8').replace(/^\ufeff/, ''));
  } catch {
    // the text of the parser may quote what it read
    throw unusable(name, 'is not well-formed JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unusable(name, 'is no JSON object');
  const header = newHeader();
  for (const [key, field] of Object.entries(value)) {
    if (!['string', 'boolean'].includes(typeof field)) throw unusable(name, `"${key}" is no text`);
    header[key] = String(field);
  }
  return header;
}

function unusable(name: string, reason: string): StompctlError {
  const what = `${reason}; correct it or remove it, its file stays where it is until then`;
  return new StompctlError('ELEMENT_UNDECODABLE', 'read headers', `${name}${SIDECAR}`, what);
}

/** The JSON beside a file; undefined: there is none. Throws ELEMENT_UNDECODABLE. */
export function besideBytes(name: string, beside: FileContent | undefined): Buffer | undefined {
  if (beside === undefined || beside.kind === 'gone') return undefined;
  if (beside.kind === 'read') return beside.bytes;
  const reason =
    beside.kind === 'too-large' ? `has ${beside.size} bytes, more than ${LARGEST_SIDECAR}` : 'is no plain file';
  throw unusable(name, reason);
}
