/**
 * Decode + encode of MESSAGE/SEND frames: ours against the parser and serializer of @stomp/stompjs, side by side in one run.
 * Prints one line a body size; only the ratios mean anything on another machine.
 * Run: npm run build && node dist/bench/codec.js [seconds per measurement, default 1]
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FrameDecoder } from '../src/stomp/codec/decoder.js';
import { encodeFrame } from '../src/stomp/codec/encoder.js';
import { newFrameHeader } from '../src/stomp/codec/frame.js';
import { FrameWriter } from '../src/stomp/frame-writer.js';

/** The inside of stompjs that is measured; its package exports only the client. */
interface StompjsInside {
  readonly Parser: new (onFrame: (raw: object) => void, onPing: () => void) => { parseChunk(chunk: Uint8Array): void };
  readonly FrameImpl: {
    fromRawFrame(raw: object, withEscapes: boolean): { binaryBody: Uint8Array };
    marshall(frame: object): ArrayBuffer;
  };
}

async function loadStompjs(): Promise<StompjsInside> {
  const entry = createRequire(import.meta.url).resolve('@stomp/stompjs');
  const inside = (name: string) => import(pathToFileURL(join(dirname(entry), '..', 'esm6', name)).href);
  return { ...(await inside('parser.js')), ...(await inside('frame-impl.js')) } as StompjsInside;
}

const { Parser, FrameImpl } = await loadStompjs();
const SECONDS = Number(process.argv[2] ?? 1);
const CHUNK = 65_536;

const header = newFrameHeader({
  subscription: 'sub-1',
  destination: '/queue/myapp.data',
  'message-id': 'T_sub-1@@session-Dm1cMjuNbpTWRV2Pgfm4pA@@17',
  redelivered: 'false',
  ack: 'T_sub-1@@session-Dm1cMjuNbpTWRV2Pgfm4pA@@17',
  'content-type': 'application/octet-stream',
  persistent: 'true',
  'x-producer': 'host.example.org',
});

/** the same message forwarded: what belongs to its delivery stays behind */
const sendHeader = newFrameHeader({
  destination: '/queue/myapp.data',
  'content-type': 'application/octet-stream',
  persistent: 'true',
  'x-producer': 'host.example.org',
});

/** Enough whole frames to fill about 1 MB, each with ids of its own, cut as a socket would cut them. */
function stream(bodyBytes: number): { chunks: Buffer[]; frames: number } {
  const body = Buffer.alloc(bodyBytes, 'a');
  const frames = Math.max(1, Math.floor(1_000_000 / (bodyBytes + 350)));
  const all = Buffer.concat(
    Array.from({ length: frames }, (_, number) => {
      const id = `T_sub-1@@session-Dm1cMjuNbpTWRV2Pgfm4pA@@${number}`;
      return encodeFrame('MESSAGE', newFrameHeader({ ...header, 'message-id': id, ack: id }), body, '1.2');
    }),
  );
  const chunks: Buffer[] = [];
  for (let at = 0; at < all.length; at += CHUNK) chunks.push(Buffer.from(all.subarray(at, at + CHUNK)));
  return { chunks, frames };
}

/** Nanoseconds of one call of `run`, which handles `frames` frames, per frame; the best of five spells. */
function measure(frames: number, run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let spell = 0; spell < 5; spell++) {
    const start = process.hrtime.bigint();
    let rounds = 0;
    let elapsed = 0;
    do {
      run();
      rounds += 1;
      elapsed = Number(process.hrtime.bigint() - start);
    } while (elapsed < (SECONDS * 1e9) / 5);
    best = Math.min(best, elapsed / rounds / frames);
  }
  return best;
}

function ours(chunks: Buffer[], body: Buffer, frames: number): { decode: number; encode: number } {
  let seen = 0;
  const decoder = new FrameDecoder({ version: '1.2' });
  const decode = measure(frames, () => {
    for (const chunk of chunks) decoder.feed(chunk, (frame) => (seen += frame.body.length));
  });
  const writer = new FrameWriter({
    peer: 'nowhere',
    listen: nothing,
    write: (bytes, written) => {
      seen += bytes.length;
      written();
    },
    cork: nothing,
    uncork: nothing,
    pause: nothing,
    resume: nothing,
    end: nothing,
    destroy: nothing,
  });
  const encode = measure(100, () => {
    for (let count = 0; count < 100; count++) writer.frame('SEND', sendHeader, body, '1.2');
    writer.flush();
  });
  if (seen === 0) throw new Error('nothing was measured');
  return { decode, encode };
}

const nothing = () => undefined;

function theirs(chunks: Buffer[], body: Buffer, frames: number): { decode: number; encode: number } {
  let seen = 0;
  const parser = new Parser(
    (raw) => {
      seen += FrameImpl.fromRawFrame(raw, true).binaryBody.length;
    },
    () => undefined,
  );
  const decode = measure(frames, () => {
    for (const chunk of chunks) {
      parser.parseChunk(chunk);
    }
  });
  const encode = measure(1, () => {
    const frame = FrameImpl.marshall({
      command: 'SEND',
      headers: { ...sendHeader },
      binaryBody: body,
      escapeHeaderValues: true,
    });
    seen += frame.byteLength;
  });
  if (seen === 0) throw new Error('nothing was measured');
  return { decode, encode };
}

process.stdout.write('body      decode ns (ours, stompjs)   encode ns (ours, stompjs)   decode+encode: times faster\n');
for (const [name, bytes] of [
  ['100 B', 100],
  ['1 kB', 1000],
  ['64 kB', 65_536],
  ['1 MB', 1_048_576],
] as const) {
  const { chunks, frames } = stream(bytes);
  const body = Buffer.alloc(bytes, 'a');
  const a = ours(chunks, body, frames);
  const b = theirs(chunks, body, frames);
  const ratio = (b.decode + b.encode) / (a.decode + a.encode);
  const cells = [a.decode, b.decode, a.encode, b.encode].map((ns) => ns.toFixed(0).padStart(12));
  process.stdout.write(`${name.padEnd(6)}${cells.join(' ')}${ratio.toFixed(1).padStart(20)}\n`);
}
