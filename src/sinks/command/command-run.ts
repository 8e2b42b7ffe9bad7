import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';
import { unlessAborted, withDeadline } from '../../base/wait.js';
import { type CommandEnd, endOf, notStarted } from '../../command/command-end.js';
import { ProcessGroup } from '../../command/process-group.js';

export interface CommandRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly input: Buffer;
  readonly timeoutMs: number;
  /** between TERM and KILL */
  readonly graceMs: number;
  /** the same when it is called off */
  readonly calledOffMs: number;
  readonly clock: Clock;
  /** ends it */
  readonly signal: AbortSignal;
  /** gets what it writes; false: that is too much, and it is ended */
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => boolean;
}

/** What was written before the end is there at once; who was left behind may go on writing for ever. */
const MOST_TURNS = 1000;

/**
 * Runs a command, in a process group of its own, until it has ended by itself or is ended: TERM to its group, then KILL. Never
 * rejects. What it left behind when it ended by itself goes on.
 */
export async function runCommand(run: CommandRun): Promise<CommandEnd> {
  let child: ChildProcessWithoutNullStreams;
  try {
    const options = { env: run.environment, detached: true, stdio: 'pipe' } as const;
    child = spawn(run.file, run.args, options);
  } catch (error) {
    return notStarted(error);
  }
  const ended = endOf(child);
  const { pid } = child;
  if (pid === undefined) return ended;
  const group = new ProcessGroup(pid);
  void ended.then(() => group.ended());
  const tooMuch = new AbortController();
  const pipes = new Pipes(child, run, () => tooMuch.abort());
  // it need not read what it is given: EPIPE says nothing, its exit code does
  child.stdin.on('error', () => undefined).end(run.input);
  const cut = AbortSignal.any([run.signal, tooMuch.signal]);
  const first = await withDeadline(run.clock, run.timeoutMs, unlessAborted(ended, cut), () => 'timed-out' as const);
  if (first === 'aborted' || first === 'timed-out') {
    await group.end(ended, run.clock, run.signal.aborted ? run.calledOffMs : run.graceMs);
    pipes.destroy();
    if (first === 'timed-out') return { kind: 'timed-out' };
    return { kind: run.signal.aborted ? 'called-off' : 'too-much' };
  }
  const leftBehind = await pipes.drained();
  pipes.destroy();
  if (tooMuch.signal.aborted) return { kind: 'too-much' };
  return first.kind === 'exited' ? { ...first, leftBehind } : first;
}

/** What a command writes. */
class Pipes {
  readonly #child: ChildProcessWithoutNullStreams;
  #bytes = 0;
  #closed = 0;

  constructor(child: ChildProcessWithoutNullStreams, { onOutput }: CommandRun, tooMuch: () => void) {
    this.#child = child;
    for (const name of ['stdout', 'stderr'] as const) {
      const pipe = child[name];
      pipe.on('data', (chunk: Buffer) => {
        this.#bytes += chunk.length;
        if (!onOutput(name, chunk)) tooMuch();
      });
      pipe.on('error', () => undefined);
      pipe.once('close', () => {
        this.#closed += 1;
      });
    }
  }

  /** Resolves when all is read that was written before the command ended; true: somebody still holds a pipe. */
  async drained(): Promise<boolean> {
    for (let turn = 0; turn < MOST_TURNS && this.#closed < 2; turn += 1) {
      const before = this.#bytes;
      // one turn of the event loop reads what is there; the next one tells that there is no more
      await nextTurn();
      await nextTurn();
      await nextTurn();
      if (this.#bytes === before && this.#closed < 2 && turn > 0) return true;
    }
    return this.#closed < 2;
  }

  destroy(): void {
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) pipe.destroy();
  }
}
