import { isUtf8 } from 'node:buffer';
import { StompctlError } from '../base/errors.js';
import type { FileSystem } from '../base/file-system.js';
import type { Header } from '../message/message.js';
import { DirectoryQueue, type LibraryQueueOptions } from './directory-queue.js';
import { decodeTable, encodeTable } from './fields/element-table.js';
import { LOCKED_FOLDER, type NormalElements } from './normal-elements.js';
import type { NormalWriter } from './normal-writer.js';
import { normalKind } from './queue-kind.js';

/** What a file of an element holds: bytes, text, or a table of strings; with `?` it may be missing. */
export type FieldType = 'binary' | 'string' | 'table' | 'binary?' | 'string?' | 'table?';
export type Schema = Readonly<Record<string, FieldType>>;
/** One element: a Buffer for `binary`, a string for `string`, an object of strings for `table`. */
export type ElementData = Readonly<Record<string, Buffer | string | Readonly<Header>>>;

export interface NormalQueueOptions extends LibraryQueueOptions {
  /** the files of an element; by default those of a message: a `header` table and a `text` or `binary` body */
  readonly schema?: Schema;
}

const MESSAGE_SCHEMA: Schema = { header: 'table', text: 'string?', binary: 'binary?' };
const FIELD_NAME = /^[0-9a-zA-Z]+$/;
const LARGEST_FILE = Number.MAX_SAFE_INTEGER;

/** A normal directory queue (DQN): one folder an element, its files described by a schema. */
export class NormalQueue extends DirectoryQueue<NormalElements, NormalWriter> {
  readonly #schema: Schema;

  constructor(options: NormalQueueOptions, files?: FileSystem) {
    super('DQN', options, normalKind, files);
    this.#schema = options.schema ?? MESSAGE_SCHEMA;
    for (const [name, type] of Object.entries(this.#schema)) {
      if (FIELD_NAME.test(name) && name !== LOCKED_FOLDER && /^(binary|string|table)\??$/.test(type)) continue;
      throw new StompctlError(
        'USAGE',
        'schema',
        name,
        `"${type}" is not a type, or the name not of letters and digits`,
      );
    }
  }

  /** Adds an element with these files and resolves to its name. Rejects with USAGE for what the schema does not say. */
  async add(data: ElementData): Promise<string> {
    const contents = new Map<string, Buffer>();
    for (const [name, value] of Object.entries(data)) contents.set(name, encodeField(name, value, this.#schema[name]));
    for (const [name, type] of Object.entries(this.#schema)) {
      if (!type.endsWith('?') && !contents.has(name)) throw new StompctlError('USAGE', 'add', name, 'is missing');
    }
    return this.addStaged((temporary) => this.kind.writer.stageFiles(contents, temporary));
  }

  /** The files of a locked element. Rejects with ELEMENT_NOT_LOCKED, or ELEMENT_UNDECODABLE when the schema differs. */
  async get(name: string): Promise<ElementData> {
    this.mustBeLocked('get', name);
    const data: Record<string, Buffer | string | Header> = {};
    for (const [field, type] of Object.entries(this.#schema)) {
      const bytes = this.attempt('get', name, () => this.kind.elements.read(`${name}/${field}`, LARGEST_FILE));
      if (bytes !== undefined) data[field] = decodeField(`${name}/${field}`, bytes, type);
      else if (!type.endsWith('?')) {
        throw new StompctlError('ELEMENT_UNDECODABLE', 'get', `${name}/${field}`, 'there is no such file');
      }
    }
    return data;
  }
}

function encodeField(name: string, value: ElementData[string], type: FieldType | undefined): Buffer {
  if (type?.startsWith('binary') && Buffer.isBuffer(value)) return value;
  if (type?.startsWith('string') && typeof value === 'string') return Buffer.from(value);
  if (type?.startsWith('table') && typeof value === 'object' && !Buffer.isBuffer(value)) return encodeTable(value);
  throw new StompctlError('USAGE', 'add', name, type === undefined ? 'is not in the schema' : `is not a ${type}`);
}

function decodeField(name: string, bytes: Buffer, type: FieldType): Buffer | string | Header {
  if (type.startsWith('binary')) return bytes;
  try {
    if (type.startsWith('table')) return decodeTable(bytes);
  } catch (error) {
    throw new StompctlError('ELEMENT_UNDECODABLE', 'get', name, 'is not a table', error);
  }
  if (!isUtf8(bytes)) throw new StompctlError('ELEMENT_UNDECODABLE', 'get', name, 'is not valid UTF-8');
  return bytes.toString('utf8');
}
