import { createInterface, type Interface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { systemClock } from '../../base/clock.js';
import { StompctlError } from '../../base/errors.js';
import { Bell, withDeadline } from '../../base/wait.js';
import type { TextOutput } from '../command-line/io.js';

/** Somebody, or something, that answers questions. */
export interface Asker {
  /** undefined: it can only be given secrets, every other answer is an option */
  readonly asks: boolean;
  /** Resolves to one line. Rejects with INPUT_UNREADABLE when there is none any more. */
  answer(prompt: string, secret: boolean): Promise<string>;
  close(): void;
}

const ENDED = 'it ended before everything was answered: nothing was written';
/** Secrets from standard input: no more is read, */
const MOST_BYTES = 65_536;
/** and not for longer. */
const READ_MS = 60_000;

/** A person at a terminal; `interrupt` is what Ctrl-C does there. Secrets are not echoed. */
export class TerminalAsker implements Asker {
  readonly asks = true;
  readonly #lines: string[] = [];
  readonly #bell = new Bell();
  readonly #readline: Interface;
  readonly #out: TextOutput;
  #muted = false;
  #ended = false;
  #interrupted = false;

  constructor(input: Readable, out: TextOutput, interrupt: () => void) {
    this.#out = out;
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (!this.#muted) out.write(chunk);
        done();
      },
    });
    this.#readline = createInterface({ input, output, terminal: true, historySize: 0 });
    this.#readline.on('line', (line) => {
      this.#lines.push(line);
      this.#bell.ring();
    });
    this.#readline.on('close', () => {
      this.#ended = true;
      // who interrupts has no answer to wait for: the process is about to end
      if (!this.#interrupted) this.#bell.ring();
    });
    this.#readline.on('SIGINT', () => {
      this.#interrupted = true;
      this.close();
      out.write('\n');
      interrupt();
    });
    // the terminal must echo again, however this ends
    process.once('exit', this.#close);
  }

  async answer(prompt: string, secret: boolean): Promise<string> {
    this.#muted = false;
    this.#readline.setPrompt(prompt);
    this.#readline.prompt();
    this.#muted = secret;
    // for as long as the person takes: there is nothing open meanwhile
    while (this.#lines.length === 0 && !this.#ended) await this.#bell.rung();
    if (secret) this.#out.write('\n');
    this.#muted = false;
    const line = this.#lines.shift();
    if (line === undefined) throw new StompctlError('INPUT_UNREADABLE', 'read', 'terminal', ENDED);
    return line;
  }

  readonly #close = (): void => this.#readline.close();

  close(): void {
    process.off('exit', this.#close);
    this.#close();
  }
}

/** A script: the secrets are the lines of its standard input, in their order. */
export class ScriptAsker implements Asker {
  readonly asks = false;
  readonly #input: () => Readable;
  #lines: string[] | undefined;

  constructor(input: () => Readable) {
    this.#input = input;
  }

  async answer(): Promise<string> {
    this.#lines ??= await withDeadline(systemClock, READ_MS, readLines(this.#input()), () => {
      throw unreadable(`the password did not come within ${READ_MS / 1000} s: nothing was written`);
    });
    const line = this.#lines.shift();
    if (line === undefined) throw unreadable(`${ENDED}: give a password a line, or its file with --pass-file`);
    return line;
  }

  close(): void {}
}

async function readLines(input: Readable): Promise<string[]> {
  let text = '';
  for await (const chunk of input.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MOST_BYTES) throw unreadable(`more than ${MOST_BYTES} bytes, which no password has`);
  }
  return text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/);
}

function unreadable(reason: string): StompctlError {
  return new StompctlError('INPUT_UNREADABLE', 'read', 'standard input', reason);
}
