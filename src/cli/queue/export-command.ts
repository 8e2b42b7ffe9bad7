import { StompctlError } from '../../base/errors.js';
import { encodeMessage } from '../../message/json.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { type Progress, startProgress } from '../command-line/progress.js';
import { Complaints, messages } from './complaints.js';
import { alreadyThere, exportTarget, writeInto, writeWhole } from './export-file.js';
import { HeaderMatch } from './header-match.js';
import { OpenQueue } from './open-queue.js';
import type { QueueContext } from './queue-context.js';

const LINE_END = Buffer.from('\n');
const CHUNK_BYTES = 65_536;

/**
 * `stompctl queue export`: each message as the line of JSON that is an element of type DQS. The queue is only read. A file
 * appears whole, or not at all; a device or a FIFO is written into.
 */
export async function exportLines(context: QueueContext): Promise<number> {
  const { args, output, complain } = context;
  const [file] = args.operands;
  const force = args.has('force');
  const lines = new ExportedLines(context, new Complaints(complain));
  const target = file === undefined || file === '-' ? undefined : exportTarget(file);
  if (file === undefined || target === undefined) {
    for await (const chunk of lines.chunks()) await output.write(chunk);
    await output.flush();
  } else {
    if (target.kind === 'sink') {
      await writeInto(file, lines.chunks());
    } else {
      if (!force && target.kind === 'file') throw alreadyThere(file);
      await writeWhole(target.path, force, lines.chunks());
    }
    await output.write(`exported ${messages(lines.written)} to ${file}\n`);
  }
  lines.complaints.finish();
  return lines.complaints.count === 0 ? EXIT_CODES.ok : EXIT_CODES.someMessagesLeft;
}

/** The messages asked for, as JSON lines, gathered into chunks. */
class ExportedLines {
  written = 0;
  readonly complaints: Complaints;
  readonly #queue: OpenQueue;
  readonly #match: HeaderMatch;
  readonly #most: number;

  constructor({ args }: QueueContext, complaints: Complaints) {
    this.complaints = complaints;
    this.#match = new HeaderMatch(args.values('match'));
    this.#most = args.number('count') ?? Number.POSITIVE_INFINITY;
    this.#queue = new OpenQueue(args.path, args.type(), false);
  }

  async *chunks(): AsyncGenerator<Buffer> {
    const progress = await this.#startProgress();
    let gathered: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const name of this.#queue.names()) {
        if (this.written >= this.#most) break;
        const line = this.#line(name);
        if (line === undefined) continue;
        this.written += 1;
        gathered.push(line, LINE_END);
        bytes += line.length;
        if (bytes < CHUNK_BYTES) continue;
        yield Buffer.concat(gathered);
        gathered = [];
        bytes = 0;
      }
      if (gathered.length > 0) yield Buffer.concat(gathered);
    } finally {
      progress?.stop();
    }
  }

  /** Undefined: not wanted, not readable, or gone. */
  #line(name: string): Buffer | undefined {
    try {
      const message = this.#queue.message(name);
      return message === undefined || !this.#match.matches(message) ? undefined : encodeMessage(message);
    } catch (error) {
      if (!(error instanceof StompctlError) || error.action !== 'reject') throw error;
      if (this.#match.isEmpty) this.complaints.add(error.message);
      return undefined;
    }
  }

  async #startProgress(): Promise<Progress | undefined> {
    if (!process.stderr.isTTY) return undefined;
    const total = Math.min(await this.#queue.count(), this.#most);
    return startProgress({ total, done: () => this.written, label: 'exported', stream: process.stderr });
  }
}
