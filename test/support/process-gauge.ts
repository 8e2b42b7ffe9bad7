import { readdirSync, readFileSync } from 'node:fs';

const EVERY_MS = 250;

interface Reading {
  readonly rssMiB: number;
  readonly descriptors: number;
}

/** Reads, four times a second, how much memory and how many descriptors a process has (Linux). */
export class ProcessGauge {
  readonly #readings: Reading[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => this.#readings.push(read(pid)), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Of a part of the time since the start, 0 to 1: usual and most memory, and the descriptors open when it had the fewest. */
  between(from: number, to: number): { rssMiB: number; mostRssMiB: number; descriptors: number } {
    const part = this.#readings.slice(Math.floor(from * this.#readings.length), Math.ceil(to * this.#readings.length));
    const rss = part.map(({ rssMiB }) => rssMiB).sort((a, b) => a - b);
    return {
      rssMiB: rss[rss.length >> 1] ?? Number.NaN,
      mostRssMiB: rss.at(-1) ?? Number.NaN,
      // a batch of files that is being written takes many for an instant
      descriptors: Math.min(...part.map(({ descriptors }) => descriptors)),
    };
  }
}

function read(pid: number): Reading {
  const rss = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return { rssMiB: Number(rss) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}
