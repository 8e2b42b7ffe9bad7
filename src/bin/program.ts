import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { setFlagsFromString } from 'node:v8';
import { systemFault } from '../cli/command-line/system-fault.js';
import { installSignals } from '../daemon/signals.js';

// Before anything else is loaded: until there are listeners Node dies of HUP and opens its debugger on USR1.
const signals = installSignals();
// An old generation that grows in steps, by as much as it has, has fewer MB of garbage waiting than V8's own way; in smaller steps it is
// collected so often that a run to a broker took a seventh longer. The young one may grow: kept small, it is collected while
// most of what is in flight lives, and that took a sixth of the time from queue to queue. It grows to all that it may have at once, and is
// collected when it is full, not before: a fifth to a quarter less of garbage collection. A process with little to do has up to 14 MiB
// more for it at its peak, a busy one 3.
for (const flag of ['--heap-growing-percent=100', '--semi-space-growth-factor=16', '--no-minor-gc-task'])
  setFlagsFromString(flag);
const { stdout, stderr, env, argv } = process;
/** What threads are at, as Node names it: the reading of files, and the closing of one; the look-up of names and of addresses. */
const FILES = /^(FSReq|CloseReq|FileHandleCloseReq)/;
const NAMES = /^(GetAddrInfo|GetNameInfo)/;
/** At the end, threads and readers of the output get this long after a stop; without one, threads at a file, and at a name. */
const STOPPED_MS = 1000;
const FILE_MS = 3000;
const NAME_MS = 60_000;
/** they are looked at after 1 ms, 2, 4 and so on, and then this often */
const LOOK_MS = 50;
// Node sets the terminals that it was started on back at its exit, and dies of one that has gone away.
const terminals = [0, 1, 2].filter((fd) => isatty(fd));
process.on('exit', () => {
  for (const fd of terminals.filter((each) => !isatty(each))) {
    closeSync(fd);
    openSync('/dev/null', 'r+');
  }
});
const { errorText, EXIT_CODES, exitCodeOf, lostOutput, main } = await load().catch((error: unknown) => {
  const fault = systemFault(error);
  if (fault === undefined) throw error;
  stderr.write(`stompctl: ${fault.text}\n`);
  process.exit(fault.exit);
});
// A reader that goes away (`stompctl --help | head -1`) is no reason to die, least of all in the middle of a run.
stderr.on('error', () => undefined);
let outputError: Error | undefined;
stdout.on('error', (error) => {
  outputError ??= error;
});
// Left to itself Node exits with 1, which says that some messages were rejected.
process.on('uncaughtException', (error) => {
  stderr.write(errorText(error));
  leave(exitCodeOf(error));
});
// a terminal that does not tell its size has 0
const columns = stdout.isTTY ? stdout.columns || 80 : undefined;
const code = await main(argv.slice(2), env, { out: stdout, err: stderr, columns, signals });
// Everything is settled and closed; what is left are timers of libraries, and output on its way to a slow reader.
process.exitCode = code;
// Who stops it now has nothing to wait for, and is not kept waiting by a reader that does not read.
if (signals.stopped === undefined) signals.exitOnStop();
// it has told how it ended: that threads are still at something is no news of it
else signals.limitStop({ limitMs: () => STOPPED_MS, late: () => undefined });
await written(Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.write('', resolve)))));
// A full disk is told, unless what ended the command was that.
const lost = lostOutput(outputError, terminals.includes(1));
if (lost !== undefined && code !== lost.exitCode) {
  await written(new Promise((resolve) => stderr.write(errorText(lost), resolve)));
  if (code === EXIT_CODES.ok || code === EXIT_CODES.someMessagesLeft) process.exitCode = lost.exitCode;
}
// An exit waits for the threads that read files and look names up: one that hangs must not outlive a stop. One that is only slow gets
// more time where nobody asked to stop, for its end by a signal loses the exit code; a look-up of a name ends by itself, later than most.
const overMs = performance.now();
for (let waitMs = 1; threads().some((name) => performance.now() - overMs < patienceMs(name)); waitMs *= 2)
  await delay(Math.min(waitMs, LOOK_MS));
if (threads().length > 0) endStuck(code);
process.exit();

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** After a stop, what nobody reads is not waited for: an exit would be as if it had been read. */
async function written(writing: Promise<unknown>): Promise<void> {
  if (signals.stopped === undefined) await writing;
  else if ((await Promise.race([writing, delay(STOPPED_MS).then(() => 'late')])) === 'late') signals.end(code);
}

/** What the threads are at that an exit waits for, by the names that Node has for it. */
function threads(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => FILES.test(name) || NAMES.test(name));
}

function patienceMs(name: string): number {
  if (signals.stopped !== undefined) return STOPPED_MS;
  return NAMES.test(name) ? NAME_MS : FILE_MS;
}

function endStuck(code: number): void {
  if (signals.stopped === undefined) {
    const stuck = threads().some((name) => FILES.test(name))
      ? 'a file that it reads is stuck'
      : 'a name server is stuck';
    stderr.write(`stompctl: ${stuck}: ended by a signal, in place of exit code ${code}\n`);
  }
  signals.end(code);
}

/**
 * Exits once all is done that the threads were at; after three seconds, by a signal. Other transfers may go on meanwhile, and begin to
 * read more: where the threads get on, an exit does not wait for long.
 */
function leave(code: number): void {
  const startedMs = performance.now();
  const begun = new Set(threadRequests());
  const look = (): void => {
    if (!threadRequests().some((request) => begun.has(request))) process.exit(code);
    if (performance.now() - startedMs < FILE_MS) setImmediate(look);
    else endStuck(code);
  };
  look();
}

/** What the threads are at. The names alone (`getActiveResourcesInfo`) do not tell one that hangs from one that follows another. */
function threadRequests(): readonly object[] {
  const { _getActiveRequests } = process as unknown as { readonly _getActiveRequests: () => readonly object[] };
  return _getActiveRequests.call(process).filter(({ constructor: { name } }) => FILES.test(name) || NAMES.test(name));
}

/** Few open files suffice for what is above, not for what is loaded here. */
async function load() {
  const [{ errorText, main }, { EXIT_CODES, exitCodeOf }, { lostOutput }] = await Promise.all([
    import('../cli/main.js'),
    import('../cli/command-line/exit-codes.js'),
    import('../cli/command-line/io.js'),
  ]);
  return { errorText, EXIT_CODES, exitCodeOf, lostOutput, main };
}
