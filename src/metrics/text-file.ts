import { reasonOf, StompctlError } from '../base/errors.js';
import { removeLeftTemporaries, replaceFile } from '../base/replace-file.js';

/** The metrics as a file, for the textfile collector of the node exporter. */
export class TextFile {
  readonly #path: string;
  readonly #onTrouble: (error: StompctlError) => void;
  #told = false;
  #begun = false;

  /** `onTrouble` is told once why it cannot be written; it is tried again each time all the same. */
  constructor(path: string, onTrouble: (error: StompctlError) => void) {
    this.#path = path;
    this.#onTrouble = onTrouble;
  }

  write(text: string): void {
    if (!this.#begun) removeLeftTemporaries(this.#path);
    this.#begun = true;
    try {
      replaceFile(this.#path, text);
      this.#told = false;
    } catch (error) {
      if (this.#told) return;
      this.#told = true;
      const reason = `${reasonOf(error)}: the metrics are not written; let the user of stompctl write to the folder`;
      this.#onTrouble(new StompctlError('METRICS_UNWRITABLE', 'metrics-textfile', this.#path, reason, error));
    }
  }
}
