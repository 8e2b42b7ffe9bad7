import { StompctlError } from '../../base/errors.js';
import { systemFiles } from '../../base/file-system.js';
import { recoverJournals } from '../../dirq/journal/journal-recovery.js';
import { LockJournal } from '../../dirq/journal/lock-journal.js';
import { EXIT_CODES } from '../command-line/exit-codes.js';
import { Complaints, messages } from './complaints.js';
import { HeaderMatch } from './header-match.js';
import { checkNames, OpenQueue } from './open-queue.js';
import type { QueueContext } from './queue-context.js';
import { missing } from './show-command.js';
import { showProgress, stoppedText, sweep, sweptExitCode } from './sweep.js';

/** names that are written down before they are locked, at once */
const AT_ONCE = 100;

/** `stompctl queue remove`: by name, by `--match`, or `--all`. What another process has locked stays. */
export async function remove(context: QueueContext): Promise<number> {
  const { args } = context;
  const names = args.operands;
  const ways = [names.length > 0, args.has('all'), args.has('match')].filter((given) => given).length;
  if (ways !== 1 || (args.has('count') && names.length > 0)) {
    const reason = 'say which messages: by their names, by --match, or --all; --count goes with the last two';
    throw new StompctlError('USAGE', 'command', 'queue remove', reason);
  }
  checkNames(names);
  const match = new HeaderMatch(args.values('match'));
  const most = args.number('count') ?? Number.POSITIVE_INFINITY;
  const queue = new OpenQueue(args.path, args.type(), true);
  if (args.has('match')) return removeMatching(queue, match, most, context);
  return names.length > 0 ? removeNamed(queue, names, context) : removeAll(queue, most, context);
}

async function removeMatching(
  queue: OpenQueue,
  match: HeaderMatch,
  most: number,
  context: QueueContext,
): Promise<number> {
  const options = { queue, match, most, label: 'removed', carry: async () => undefined };
  const swept = await sweep(options, context);
  await context.output.write(`removed ${messages(swept.carried)}${stoppedText(swept.stopped)}\n`);
  return sweptExitCode(swept);
}

async function removeNamed(
  queue: OpenQueue,
  names: readonly string[],
  { output, complain }: QueueContext,
): Promise<number> {
  const remover = new Remover(queue);
  const complaints = new Complaints(complain);
  let worst: number = EXIT_CODES.ok;
  remover.begin(names);
  for (const name of names) {
    const problem = remover.remove(name);
    if (problem === undefined) continue;
    complaints.add(problem.message);
    worst = Math.max(worst, problem.exitCode);
  }
  await remover.end();
  complaints.finish();
  await output.write(`removed ${messages(remover.removed)}\n`);
  return worst;
}

/** Without reading them: what cannot be decoded goes too. */
async function removeAll(queue: OpenQueue, most: number, { output, complain, signals }: QueueContext): Promise<number> {
  const remover = new Remover(queue);
  // what is in hand is finished
  signals.onStop(() => undefined);
  const progress = await showProgress(queue, most, 'removed', () => remover.removed);
  let over = false;
  let locked = 0;
  let names: string[] = [];
  const carryOut = async (): Promise<void> => {
    remover.begin(names);
    for (const name of names) if (remover.remove(name)?.code === 'ELEMENT_LOCKED') locked += 1;
    await remover.end();
    names = [];
  };
  const takeAll = async (): Promise<void> => {
    for await (const name of queue.names()) {
      if (remover.removed + names.length >= most) {
        await carryOut();
        // some were locked: others may take their place
        if (remover.removed >= most) break;
      }
      names.push(name);
      if (names.length < AT_ONCE) continue;
      await carryOut();
      if (signals.stopped !== undefined) return;
    }
    over = true;
    await carryOut();
  };
  await takeAll().finally(() => progress.stop());
  const stopped = over ? undefined : signals.stopped;
  if (locked > 0) complain(`${messages(locked)} stayed: another process has locked them`);
  await output.write(`removed ${messages(remover.removed)}${stoppedText(stopped)}\n`);
  return sweptExitCode({ failed: 0, stopped });
}

/** Locks and removes elements, writing down first what it is about to lock. */
class Remover {
  removed = 0;
  readonly #queue: OpenQueue;
  readonly #journal: LockJournal;
  #time = 0;
  /** what removals left out of the way, and the folders that it came from */
  #aside: string[] = [];
  readonly #folders = new Set<string>();

  /** Gives back what dead processes of this machine had locked. Throws QUEUE_IO. */
  constructor(queue: OpenQueue) {
    this.#queue = queue;
    this.#journal = new LockJournal(queue.path, systemFiles);
    queue.attempt('recover', '', () => recoverJournals(queue.path, systemFiles, queue.kind.elements));
  }

  begin(names: readonly string[]): void {
    this.#time = Date.now() / 1000;
    this.#queue.attempt('remove', '', () => this.#journal.append(names, this.#time));
  }

  /** Resolves when nothing is left of what was removed. Rejects with QUEUE_IO. */
  async end(): Promise<void> {
    const { path, directory, kind } = this.#queue;
    // a power loss may bring elements back, but whole ones
    for (const folder of this.#folders) await directory.syncFolder(`${path}/${folder}`);
    this.#folders.clear();
    for (const aside of this.#aside) this.#queue.attempt('remove', aside, () => kind.elements.discard(aside));
    this.#aside = [];
    this.#queue.attempt('remove', '', () => this.#journal.drop());
  }

  /** Undefined: done; otherwise why not: ELEMENT_LOCKED or ELEMENT_MISSING. Throws QUEUE_IO. */
  remove(name: string): StompctlError | undefined {
    const { elements } = this.#queue.kind;
    return this.#queue.attempt('remove', name, () => {
      if (elements.lock(name, this.#time)) {
        const { done, aside } = elements.remove(name);
        if (done) this.removed += 1;
        if (aside !== undefined) {
          this.#aside.push(aside);
          this.#folders.add(name.slice(0, 8));
        }
        return undefined;
      }
      if (elements.inspect(name) === undefined) return missing(this.#queue, name);
      const reason = 'another process has locked it; if that is dead, unlock it first ("stompctl queue unlock")';
      return new StompctlError('ELEMENT_LOCKED', 'remove', name, reason);
    });
  }
}
