import { parse } from 'node:path';
import type { CommandWord } from '../../base/command-words.js';
import { reasonOf, StompctlError } from '../../base/errors.js';
import { type Header, newHeader } from '../../message/message.js';

export type HeaderTemplates = Readonly<Record<string, CommandWord>>;

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
  const header = newHeader();
  for (const [key, template] of Object.entries(templates)) {
    header[key] = template
      .map((part) => (typeof part === 'string' ? part : facts[part.header] || (part.otherwise ?? '')))
      .join('');
  }
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
