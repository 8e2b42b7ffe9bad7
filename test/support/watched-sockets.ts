import net from 'node:net';
import { Readable } from 'node:stream';

type Done = (...args: unknown[]) => unknown;

/** What is told of the bytes that go over the sockets of this process. */
export interface SocketWatch {
  /** before they are written; what it gives is called instead of `done` once they are */
  out(bytes: Buffer, done: Done): Done;
  /** before anybody reads them; what it gives, if anything, is called when they were handed on */
  in(bytes: Buffer): (() => void) | undefined;
}

interface SocketCalls {
  _writeGeneric(writev: boolean, data: unknown, encoding: string, done: Done): void;
  push(chunk: unknown, encoding?: BufferEncoding): boolean;
}

/** Watches every socket of this process, for good: for modules that are preloaded into a process under test. */
export function watchSockets(watch: SocketWatch): void {
  const sockets = net.Socket.prototype as unknown as SocketCalls;
  const { _writeGeneric: write } = sockets;
  sockets._writeGeneric = function (this: SocketCalls, writev, data, encoding, done) {
    write.call(this, writev, data, encoding, watch.out(bytesOf(data), done));
  };
  const push: (this: unknown, chunk: unknown, encoding?: BufferEncoding) => boolean = Readable.prototype.push;
  sockets.push = function (this: SocketCalls, chunk, encoding) {
    const handedOn = watch.in(bytesOf(chunk));
    const result = push.call(this, chunk, encoding);
    handedOn?.();
    return result;
  };
}

function bytesOf(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (typeof data === 'string') return Buffer.from(data);
  if (!Array.isArray(data)) return Buffer.alloc(0);
  return Buffer.concat(data.map((piece: { chunk?: unknown }) => bytesOf(piece.chunk ?? piece)));
}
