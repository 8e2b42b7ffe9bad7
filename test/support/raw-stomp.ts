import { connect as connectSocket, type Socket } from 'node:net';

/**
 * A STOMP client as small as can be, for telling what a broker does. It shares no code with `src/stomp/`, so that a
 * mistake there cannot hide itself here. Nothing is escaped, checked or answered for the caller.
 */
export interface RawFrame {
  readonly command: string;
  /** as they stand on the wire, in order, repetitions included */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export type RawHeaders = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

const DEADLINE_MS = 60_000;

/** The first value of a header; undefined when there is none. */
export function headerOf(frame: RawFrame, name: string): string | undefined {
  return frame.headers.find(([key]) => key === name)?.[1];
}

export class RawStomp {
  readonly #socket: Socket;
  readonly #frames: RawFrame[] = [];
  #pending: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #receipts = 0;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Opens a TCP connection, no more; rejects with the system's error. */
  static open(address: { readonly host: string; readonly port: number }): Promise<RawStomp> {
    return new Promise((resolve, reject) => {
      const socket = connectSocket(address.port, address.host);
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        // a connection that a test forgot must not keep its process alive; every wait below has a timer
        socket.unref();
        resolve(new RawStomp(socket));
      });
    });
  }

  /** The broker has ended the connection, or `destroy` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  frame(command: string, headers: RawHeaders = {}, body: string | Buffer = ''): void {
    const pairs = isPairs(headers) ? headers : Object.entries(headers);
    const head = `${command}\n${pairs.map(([name, value]) => `${name}:${value}\n`).join('')}\n`;
    this.write(Buffer.concat([Buffer.from(head), Buffer.from(body), Buffer.from([0])]));
  }

  /** The next frame; rejects when the connection ends first, or after `deadlineMs`. */
  async next(deadlineMs = DEADLINE_MS): Promise<RawFrame> {
    const frame = await this.anyNext(deadlineMs);
    if (frame === undefined) throw new Error(`next(): no frame within ${deadlineMs} ms; ${this.#state()}`);
    return frame;
  }

  /** The next frame; undefined when the connection ends first, or after `deadlineMs`. */
  async anyNext(deadlineMs = DEADLINE_MS): Promise<RawFrame | undefined> {
    return await this.#first(() => true, deadlineMs);
  }

  /** The next frame with that command; other frames keep their place in the line. */
  async nextOf(command: string, deadlineMs = DEADLINE_MS): Promise<RawFrame> {
    const frame = await this.#first((candidate) => candidate.command === command, deadlineMs);
    if (frame === undefined) throw new Error(`nextOf(${command}): none within ${deadlineMs} ms; ${this.#state()}`);
    return frame;
  }

  /** The next frame with that command, or undefined when none comes within `quietMs`: for what must not happen. */
  async noneOf(command: string, quietMs: number): Promise<RawFrame | undefined> {
    return await this.#first((candidate) => candidate.command === command, quietMs);
  }

  /** Sends the frame with a receipt; resolves to the RECEIPT, or to the ERROR that came instead. */
  async request(command: string, headers: RawHeaders = {}, body: string | Buffer = ''): Promise<RawFrame> {
    this.#receipts += 1;
    const id = `raw-${this.#receipts}`;
    const pairs = isPairs(headers) ? headers : Object.entries(headers);
    this.frame(command, [...pairs, ['receipt', id]], body);
    const wanted = (frame: RawFrame): boolean =>
      frame.command === 'ERROR' || (frame.command === 'RECEIPT' && headerOf(frame, 'receipt-id') === id);
    const frame = await this.#first(wanted, DEADLINE_MS);
    if (frame === undefined) throw new Error(`request(${command}): no answer; ${this.#state()}`);
    return frame;
  }

  /** Ends the connection without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  #state(): string {
    const commands = this.#frames.map((frame) => frame.command).join(' ');
    return `${this.#closed ? 'closed' : 'open'}, waiting frames: ${commands === '' ? 'none' : commands}`;
  }

  async #first(wanted: (frame: RawFrame) => boolean, waitMs: number): Promise<RawFrame | undefined> {
    const end = performance.now() + waitMs;
    while (true) {
      const at = this.#frames.findIndex(wanted);
      if (at >= 0) return this.#frames.splice(at, 1)[0];
      const leftMs = end - performance.now();
      if (this.#closed || leftMs <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #take(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#takeFrame());
    this.#wake();
  }

  #takeFrame(): boolean {
    let start = 0;
    while (this.#pending[start] === 10 || this.#pending[start] === 13) start += 1;
    const blank = this.#pending.indexOf('\n\n', start);
    if (blank < 0) return false;
    const [command = '', ...lines] = this.#pending.toString('utf8', start, blank).split('\n');
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    });
    const length = headers.find(([name]) => name === 'content-length')?.[1];
    const end = length === undefined ? this.#pending.indexOf(0, blank + 2) : blank + 2 + Number(length);
    if (end < 0 || end >= this.#pending.length) return false;
    this.#frames.push({ command, headers, body: Buffer.from(this.#pending.subarray(blank + 2, end)) });
    this.#pending = this.#pending.subarray(end + 1);
    return true;
  }
}

function isPairs(headers: RawHeaders): headers is readonly (readonly [string, string])[] {
  return Array.isArray(headers);
}
