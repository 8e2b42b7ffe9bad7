import { createHash } from 'node:crypto';
import type { Random } from '../support/random.js';

/** A message as the harness puts it in, and wants to find it again. */
export interface Parcel {
  readonly id: string;
  readonly sha: string;
  readonly note: string;
  readonly text: boolean;
  readonly body: Buffer;
}

/** What a place holds of a message: the headers that the harness gave it, unescaped, and its body. */
export interface Found {
  readonly id: string;
  readonly note: string;
  readonly body: Buffer;
}

/** Characters that a codec can get wrong; nothing beyond U+FFFF: ActiveMQ spoils that when it is restarted. */
const NOTES = ['', 'plain', 'a:b::c', 'first\nsecond', 'C:\\new\\table', 'kůň 日本語', '  two blanks  '] as const;

export function shaOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

/** The messages `first` to `first + count - 1`: empty, small, some of 64 kB, few of 250 kB; text and binary. */
export function parcels(random: Random, first: number, count: number): Parcel[] {
  return Array.from({ length: count }, (_, index) => parcel(random, first + index));
}

function parcel(random: Random, number: number): Parcel {
  const size = sizeOf(random);
  const text = random.fraction() < 0.5;
  const body = text ? textOf(number, size) : bytesOf(random, size);
  const id = `m${number}`;
  return { id, sha: shaOf(body), note: NOTES[number % NOTES.length] ?? '', text, body };
}

function sizeOf(random: Random): number {
  const dice = random.fraction();
  if (dice < 0.05) return 0;
  if (dice < 0.9) return random.between(1, 2048);
  if (dice < 0.99) return random.between(2049, 65_536);
  return random.between(65_537, 250_000);
}

function textOf(number: number, size: number): Buffer {
  const phrase = `message ${number} říká „ahoj“\n`;
  return Buffer.from(phrase.repeat(Math.ceil(size / phrase.length)).slice(0, size));
}

/** Never the same twice, and quick to make: a random block again and again, with its place written into it. */
function bytesOf(random: Random, size: number): Buffer {
  const block = random.bytes(Math.min(size, 256));
  const body = Buffer.alloc(size, block.length > 0 ? block : undefined);
  for (let at = 0; at + 4 <= size; at += 256) body.writeUInt32BE(at, at);
  return body;
}
