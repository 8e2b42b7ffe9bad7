import { StringDecoder } from 'node:string_decoder';
import { printable } from '../base/printable.js';

/** what is told of one run: a command that writes a gigabyte must not make a log of one */
const MOST_TOLD = 65_536;
const LONGEST_LINE = 2000;

/** Tells what a command writes line by line, cut to a size; what it writes beyond is counted and left out. */
export class OutputLines {
  readonly #tell: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #told = 0;
  #leftOut = 0;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  write(chunk: Buffer): void {
    const wanted = Math.max(0, MOST_TOLD - this.#told);
    this.#told += Math.min(wanted, chunk.length);
    this.#leftOut += Math.max(0, chunk.length - wanted);
    if (wanted === 0) return;
    const lines = (this.#rest + this.#decoder.write(chunk.subarray(0, wanted))).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  end(): void {
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
    if (this.#leftOut > 0) this.#tell(`… and ${this.#leftOut} bytes more, which are left out`);
  }

  #line(line: string): void {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    this.#tell(printable(text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text));
  }
}
