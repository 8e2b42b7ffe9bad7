import fs from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Figures } from '../measure/command-run.js';
import { type Endpoint, framesFrom, measured, openRaw } from '../raw/raw-socket.js';
import { lock, newFiles, syncFolder, TOGETHER } from './system-calls.js';

/** What both ways have in common: bodies without NUL, no more than `window` of them under way. */
export interface BothOptions {
  readonly destination: string;
  readonly messages: number;
  readonly window: number;
  readonly synced: boolean;
}

const scratch = Buffer.alloc(4 << 20);

/**
 * The least that a transfer from a queue to a broker takes: each file is locked and read, sent as it is by one socket, and
 * removed when its receipt has come. Nothing is decoded, and nothing can go wrong.
 */
export async function callsThenSocket(endpoint: Endpoint, from: string, options: BothOptions): Promise<Figures> {
  const { destination, messages, window, synced } = options;
  const socket = await openRaw(endpoint);
  const waiting: string[] = [];
  let removed = 0;
  const send = (path: string): void => {
    lock(path);
    const fd = fs.openSync(path, 'r');
    const length = fs.readSync(fd, scratch, 0, scratch.length, 0);
    fs.closeSync(fd);
    const head = `SEND\ndestination:${destination}\npersistent:true\ncontent-length:${length}\nreceipt:r\n\n`;
    socket.write(Buffer.concat([Buffer.from(head), scratch.subarray(0, length), Buffer.from([0])]));
    waiting.push(path);
  };
  const remove = (count: number): void => {
    for (const path of waiting.splice(0, count)) for (const name of [path, `${path}.lck`]) fs.unlinkSync(name);
    removed += count;
  };
  try {
    return await measured(messages, async () => {
      const paths = fs
        .readdirSync(from)
        .sort()
        .flatMap((folder) => fs.readdirSync(join(from, folder)).map((name) => join(from, folder, name)));
      let sent = 0;
      const sendOn = (): void => {
        socket.cork();
        for (; sent < Math.min(removed + window, messages); sent += 1) send(paths[sent] ?? '');
        socket.uncork();
      };
      const receipts = framesFrom(socket, messages, (count) => {
        remove(count);
        sendOn();
      });
      sendOn();
      await receipts;
      if (synced) for (const folder of fs.readdirSync(from)) await syncFolder(join(from, folder));
    });
  } finally {
    socket.destroy();
  }
}

/**
 * The least that a transfer from a broker to a queue takes: the bodies that have come are stored as they are, with the syncs of a
 * queue or none, and the last of them acknowledged for all.
 */
export async function socketThenCalls(endpoint: Endpoint, to: string, options: BothOptions): Promise<Figures> {
  const { destination, messages, window, synced } = options;
  const socket = await openRaw(endpoint);
  const out = join(to, '5f000000');
  fs.mkdirSync(out, { recursive: true });
  const head = `SUBSCRIBE\nid:1\ndestination:${destination}\nack:client\n`;
  try {
    return await measured(messages, async () => {
      socket.write(`${head}prefetch-count:${window}\nactivemq.prefetchSize:${window}\n\n\0`);
      const frames = framesOf(socket);
      for (let stored = 0; stored < messages; ) {
        const batch = await frames.next(TOGETHER);
        const bodies = batch.map((frame) => frame.subarray(frame.indexOf('\n\n') + 2));
        await newFiles(out, stored, bodies, synced);
        stored += batch.length;
        const [, ack = ''] = /\nack:(.*)/.exec(batch.at(-1)?.toString('latin1') ?? '') ?? [];
        socket.write(`ACK\nid:${ack}\n\n\0`);
      }
      socket.write('DISCONNECT\nreceipt:end\n\n\0');
      await frames.next(1);
    });
  } finally {
    socket.destroy();
  }
}

/**
 * Cuts what comes at each NUL; what stands before a frame are the line ends behind the last one. `next` rejects when the connection has
 * ended, when nothing comes for 30 s, and at an ERROR frame.
 */
function framesOf(socket: Socket): { next(most: number): Promise<Buffer[]> } {
  let frames: Buffer[] = [];
  let rest: Buffer = Buffer.alloc(0);
  let ended: string | undefined;
  let wake: (() => void) | undefined;
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, from)) {
      frames.push(bytes.subarray(from, at));
      from = at + 1;
    }
    rest = bytes.subarray(from);
    wake?.();
  });
  const end = (reason: string) => (): void => {
    ended ??= reason;
    wake?.();
  };
  socket.setTimeout(30_000).once('timeout', end('nothing came for 30 s')).once('close', end('closed'));
  const next = async (most: number): Promise<Buffer[]> => {
    while (frames.length === 0) {
      if (ended !== undefined) throw new Error(`framesOf: ${ended}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const taken = frames.slice(0, most);
    frames = frames.slice(most);
    const error = taken.find((frame) => /^\s*ERROR\n/.test(frame.toString('latin1', 0, 16)));
    if (error !== undefined) throw new Error(`framesOf: ${error.toString()}`);
    return taken;
  };
  return { next };
}
