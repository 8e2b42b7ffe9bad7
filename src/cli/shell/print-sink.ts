import type { Sink } from '../../flow/sink.js';
import type { Message } from '../../message/message.js';
import type { TextOutput } from '../command-line/io.js';
import { Output } from '../queue/output.js';
import { type PrintForm, printedMessage } from './printed-message.js';

/** Prints messages. One is safe when the system has taken its bytes: not before, and not when the reader has gone. */
export class PrintSink implements Sink {
  readonly name = 'standard output';
  readonly #output: Output;
  readonly #form: PrintForm;

  constructor(out: TextOutput, form: Pick<PrintForm, 'jsonLines' | 'exact'>) {
    this.#output = new Output(out);
    this.#form = { ...form, terminal: this.#output.isTerminal };
  }

  async open(): Promise<void> {}

  /** The order is kept: writes are handed over before anything is waited for. Rejects with OUTPUT_FAILED. */
  async send(message: Message): Promise<void> {
    await this.#output.write(printedMessage(message, this.#form));
    await this.#output.flush();
  }

  async flush(): Promise<void> {
    await this.#output.flush();
  }

  async close(): Promise<void> {}
}
