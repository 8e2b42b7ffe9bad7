import type { Outcome } from './disk-model.js';

/** A message as it can be read from a disk. */
export interface StoredMessage {
  readonly path: string;
  /** undefined: there is something under the name of an element that is no whole message */
  readonly id: string | undefined;
  readonly body: Buffer;
}

const SIMPLE = /^(\w+)\/[0-9a-f]{8}\/[0-9a-f]{14}$/;
const NORMAL = /^(\w+)\/[0-9a-f]{8}\/[0-9a-f]{14}\/(header|text|binary)$/;
const parsed = new WeakMap<Buffer, Omit<StoredMessage, 'path'>>();

/** Every element of every queue on a disk, of either type, read with none of the code under test. */
export function storedMessages(outcome: Outcome): StoredMessage[] {
  const found: StoredMessage[] = [];
  const folders = new Map<string, Map<string, Buffer>>();
  for (const [path, bytes] of outcome) {
    if (SIMPLE.test(path)) found.push({ path, ...fromJson(bytes) });
    else if (NORMAL.test(path)) {
      const slash = path.lastIndexOf('/');
      const element = path.slice(0, slash);
      const files = folders.get(element) ?? new Map<string, Buffer>();
      folders.set(element, files.set(path.slice(slash + 1), bytes));
    }
  }
  for (const [path, files] of folders) {
    const table = files.get('header')?.toString() ?? '';
    const id = /^x-id\t(.*)$/m.exec(table)?.[1];
    // a folder that holds nothing of a message is what a removal leaves
    if (!['header', 'text', 'binary'].some((name) => files.has(name))) continue;
    found.push({ path, id, body: files.get('text') ?? files.get('binary') ?? Buffer.alloc(0) });
  }
  return found;
}

function fromJson(bytes: Buffer): Omit<StoredMessage, 'path'> {
  const known = parsed.get(bytes);
  if (known !== undefined) return known;
  const message = parse(bytes);
  parsed.set(bytes, message);
  return message;
}

function parse(bytes: Buffer): Omit<StoredMessage, 'path'> {
  try {
    const {
      header,
      body = '',
      encoding,
    } = JSON.parse(bytes.toString()) as {
      header?: Record<string, string>;
      body?: string;
      encoding?: string;
    };
    return { id: header?.['x-id'], body: Buffer.from(body, encoding === 'base64' ? 'base64' : 'utf8') };
  } catch {
    return { id: undefined, body: bytes };
  }
}
