import { StompctlError } from '../../base/errors.js';

/** A file of an element, and what of a message is in it. */
export interface MessageField {
  readonly file: string;
  readonly optional: boolean;
  /** `body`: of characters, or of bytes; `header`: the value of this one; `headers`: all that have no file of their own */
  readonly holds:
    | { readonly kind: 'body'; readonly text: boolean }
    | { readonly kind: 'header'; readonly name: string }
    | { readonly kind: 'headers' };
}

/** The files of a DQN element. */
export type MessageFields = readonly MessageField[];

/** What a message has when nothing else is said, as Perl's and Python's messaging libraries have it. */
export const MESSAGE_FIELDS: MessageFields = [
  { file: 'header', optional: false, holds: { kind: 'headers' } },
  { file: 'text', optional: true, holds: { kind: 'body', text: true } },
  { file: 'binary', optional: true, holds: { kind: 'body', text: false } },
];

const WORD = /^([0-9a-zA-Z]+):(string|binary|table)(\??)(?::(.+))?$/;

/**
 * Reads a schema, words such as `body:string signer:string?`: a file, what it holds as Perl's and Python's Directory::Queue have it, `?` when it may
 * be missing, and after another colon `body` or the name of its header, where that is not the name of the file. Throws QUEUE_INVALID.
 */
export function parseSchema(text: string): MessageFields {
  const fields = text.split(/[\s,]+/).flatMap((word) => (word === '' ? [] : fieldOf(word)));
  const count = (kind: string) => fields.filter(({ holds }) => holds.kind === kind).length;
  const bodies = fields.flatMap(({ holds }) => (holds.kind === 'body' ? String(holds.text) : []));
  if (bodies.length === 0) throw invalid(text, 'no file is the body: call one "body", or write FILE:string:body');
  if (new Set(bodies).size < bodies.length) throw invalid(text, 'two files of one type are the body');
  const required = fields.find(({ holds, optional }) => holds.kind === 'body' && !optional);
  if (bodies.length > 1 && required !== undefined) {
    throw invalid(text, 'of two files that are the body, each may be missing: put a ? behind their types');
  }
  if (count('headers') > 1) throw invalid(text, 'more than one table');
  for (const names of [fields.map(({ file }) => file), fields.flatMap(headerName)]) {
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined) throw invalid(text, `"${twice}" is there twice`);
  }
  return fields;
}

function fieldOf(word: string): MessageField {
  const [matched, file = '', type, mark, name] = WORD.exec(word) ?? [];
  if (matched === undefined || file === 'locked') {
    throw invalid(word, 'is no FILE:TYPE: the file of letters and digits, the type string, binary or table');
  }
  const optional = mark === '?';
  if (type === 'table') {
    if (name !== undefined) throw invalid(word, 'a table holds all headers: leave the name out');
    return { file, optional, holds: { kind: 'headers' } };
  }
  if ((name ?? file) === 'body') return { file, optional, holds: { kind: 'body', text: type === 'string' } };
  if (type === 'binary') throw invalid(word, 'a header is a string');
  return { file, optional, holds: { kind: 'header', name: name ?? file } };
}

function invalid(argument: string, reason: string): StompctlError {
  return new StompctlError('QUEUE_INVALID', 'schema', argument, reason);
}

/** The header whose value the file is; none for other files. */
export function headerName({ holds }: MessageField): string | [] {
  return holds.kind === 'header' ? holds.name : [];
}

/** Have all headers a place? */
export function holdsAllHeaders(fields: MessageFields): boolean {
  return fields.some(({ holds }) => holds.kind === 'headers');
}
