import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from './random.js';

/** A message as a producer thinks of it. */
export interface Sample {
  readonly number: number;
  readonly header: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly text: boolean;
}

const AWKWARD_HEADERS: Readonly<Record<string, string>> = {
  'x-colon': 'a:b::c:',
  'x:colon:in:name': 'v',
  'x-newline': 'first\nsecond\n',
  'x-backslash': 'C:\\new\\temp\\\\',
  'x-escapes-to-be': '\\n \\c \\r',
  'x-blanks': '  two before, two after  ',
  'x-empty': '',
  // nothing beyond U+FFFF: ActiveMQ spoils such characters in headers when it is restarted
  'x-utf8': 'žluťoučký kůň 日本語',
};

/** The samples 0 to `count` - 1 of a seed: from 0 B to 1 MB; ASCII, UTF-8, binary with NUL bytes. */
export function* sampleMessages(count: number, seed: number): Generator<Sample> {
  const random = new Random(seed);
  const noise = random.bytes(1 << 20);
  for (let number = 0; number < count; number += 1) yield sample(number, random, noise);
}

function sample(number: number, random: Random, noise: Buffer): Sample {
  const size = bodySize(number, random);
  const kind = random.pick(['ascii', 'utf8', 'binary'] as const);
  const header = {
    'x-number': String(number),
    ...(random.fraction() < 0.5 ? AWKWARD_HEADERS : {}),
    ...(kind === 'ascii' && random.fraction() < 0.5 ? { 'content-type': 'text/plain' } : {}),
  };
  if (kind === 'binary') {
    const start = random.between(0, noise.length - size);
    const body = Buffer.from(noise.subarray(start, start + size));
    if (size > 0) body[size >> 1] = 0;
    return { number, header, body, text: false };
  }
  const phrase = kind === 'ascii' ? `message ${number}\tsays "hello" \\ \n` : `zpráva č. ${number} říká „ahoj“ 🐎\n`;
  const body = Buffer.from(phrase.repeat(Math.ceil(size / Buffer.byteLength(phrase))));
  return { number, header, body: size === 0 ? Buffer.alloc(0) : body, text: true };
}

function bodySize(number: number, random: Random): number {
  if (number === 1) return 1_000_000;
  const dice = random.fraction();
  if (number === 0 || dice < 0.1) return 0;
  if (dice < 0.85) return random.between(1, 2048);
  if (dice < 0.98) return random.between(2049, 65_536);
  return random.between(65_537, 1_000_000);
}

/**
 * Puts samples into a directory queue the way a shell script would, with none of our code: a file under another name, then
 * `rename`. 500 elements an intermediate folder.
 */
export function produce(queue: string, samples: Iterable<Sample>): void {
  for (const one of samples) {
    const folder = join(queue, (0x5f000000 + Math.floor(one.number / 500)).toString(16));
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
    const name = `5f000000${one.number.toString(16).padStart(5, '0')}0`;
    const file = { header: one.header, ...jsonBody(one) };
    writeFileSync(join(folder, `${name}.tmp`), JSON.stringify(file));
    renameSync(join(folder, `${name}.tmp`), join(folder, name));
  }
}

function jsonBody({ body, text }: Sample): Record<string, string | boolean> {
  if (text) return { text: true, body: body.toString('utf8') };
  return { body: body.toString('base64'), encoding: 'base64' };
}

/** An element file as parsed, with no help of our code. */
export interface StoredMessage {
  readonly header: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly text: boolean;
}

/** Every element of a directory queue; other files are left out. */
export function* consume(queue: string): Generator<StoredMessage> {
  for (const path of elementPaths(queue)) {
    const file = JSON.parse(readFileSync(path, 'utf8')) as {
      header?: Record<string, string>;
      body?: string;
      text?: boolean;
      encoding?: string;
    };
    const { header = {}, body = '', text = false, encoding } = file;
    if (encoding !== undefined && encoding !== 'base64') throw new Error(`consume(${path}): encoding ${encoding}`);
    const bytes = encoding === 'base64' ? 'base64' : text ? 'utf8' : 'latin1';
    yield { header, body: Buffer.from(body, bytes), text };
  }
}

/** Paths of the elements of a directory queue, oldest first. */
export function elementPaths(queue: string): string[] {
  if (!existsSync(queue)) return [];
  const folders = readdirSync(queue).filter((name) => /^[0-9a-f]{8}$/.test(name));
  return folders.sort().flatMap((folder) => elementsIn(join(queue, folder)));
}

function elementsIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return []; // a purge removed it meanwhile
  }
  return names
    .filter((name) => /^[0-9a-f]{14}$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Paths of every file in a directory queue, journals and locks included. */
export function filesOf(queue: string): string[] {
  if (!existsSync(queue)) return [];
  const entries = readdirSync(queue, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}
