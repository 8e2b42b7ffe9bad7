export const FOLDER_NAME = /^[0-9a-f]{8}$/;
export const ELEMENT_FILE = /^[0-9a-f]{14}$/;
export const ELEMENT_NAME = /^[0-9a-f]{8}\/[0-9a-f]{14}$/;

/** microseconds since the epoch of the last name made: the process's, so that two queues of one path keep in step */
let lastMicros = 0;

/** Never goes back, and never repeats within a process, also when the clock steps: first in, first out. */
function nextMicros(): number {
  const now = Date.now() * 1000 + (Math.floor(performance.now() * 1000) % 1000);
  lastMicros = Math.max(lastMicros + 1, now);
  return lastMicros;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** Makes element names `SSSSSSSSMMMMMR` and the names of the intermediate folders they go to. */
export class ElementNames {
  readonly #granularity: number;
  readonly #digit: string;
  #second = -1;
  #secondHex = '';

  /** `granularity` in seconds (0: a folder each second); `rndhex` 0 to 15, random for the process when not given */
  constructor(granularity: number, rndhex: number | undefined) {
    this.#granularity = Math.max(1, granularity);
    this.#digit = hex((rndhex ?? Math.floor(Math.random() * 16)) % 16, 1);
  }

  /** The intermediate folder for an element added now: 8 hex digits, seconds rounded down to the granularity. */
  folder(): string {
    const second = Math.floor(Math.max(lastMicros, Date.now() * 1000) / 1e6);
    return hex(second - (second % this.#granularity), 8);
  }

  /** A fresh element name: 14 hex digits, greater than every earlier one. */
  file(): string {
    const micros = nextMicros();
    const second = Math.floor(micros / 1e6);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondHex = hex(second, 8);
    }
    return this.#secondHex + hex(micros - second * 1e6, 5) + this.#digit;
  }
}
