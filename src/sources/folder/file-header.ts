import { parse } from 'node:path';
import { reasonOf, StompctlError } from '../../base/errors.js';
import { filledHeader, type HeaderTemplates } from '../../message/header-templates.js';
import { type Header, newHeader } from '../../message/message.js';
import type { FileContent } from './file-content.js';
import { SIDECAR } from './folder-claims.js';

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

/** A flat object of texts; numbers and booleans are taken as text. */
function headersIn(name: string, bytes: Buffer): Header {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw undecodable(name, reasonOf(error));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw undecodable(name, 'is no JSON object');
  const header = newHeader();
  for (const [key, field] of Object.entries(value)) {
    if (!['string', 'number', 'boolean'].includes(typeof field)) throw undecodable(name, `"${key}" is no text`);
    header[key] = String(field);
  }
  return header;
}

function undecodable(name: string, reason: string): StompctlError {
  // the text of a parser may quote what it read
  const safe = /JSON/.test(reason) && !/no JSON/.test(reason) ? 'is not well-formed JSON' : reason;
  return new StompctlError('ELEMENT_UNDECODABLE', 'read headers', `${name}.json`, safe);
}

/** The JSON beside a file; undefined: there is none. Throws ELEMENT_UNDECODABLE. */
export function besideBytes(name: string, beside: FileContent | undefined): Buffer | undefined {
  if (beside === undefined || beside.kind === 'gone') return undefined;
  if (beside.kind === 'read') return beside.bytes;
  const reason =
    beside.kind === 'too-large' ? `has ${beside.size} bytes, more than ${LARGEST_SIDECAR}` : 'is no plain file';
  throw new StompctlError('ELEMENT_UNDECODABLE', 'read headers', `${name}${SIDECAR}`, reason);
}
