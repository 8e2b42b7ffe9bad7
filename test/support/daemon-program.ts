import { existsSync } from 'node:fs';
import { installSignals } from '../../src/daemon/signals.js';

const signals = installSignals();
const { systemClock } = await import('../../src/base/clock.js');
const { StompctlError } = await import('../../src/base/errors.js');
const { daemonize, isDaemonChild, reportStarted } = await import('../../src/daemon/detach.js');
const { Pidfile } = await import('../../src/daemon/pidfile.js');

/** What a test can have done: see the cases of `main`. */
const [, , mode = '', path = '', ...words] = process.argv;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Keeps the process alive until something ends it. */
function stay(): NodeJS.Timeout {
  return setInterval(() => undefined, 1000);
}

async function acquire() {
  const onTakenOver = (pid: number | undefined) => say(`taken-over ${pid}`);
  return await Pidfile.acquire(path, { clock: systemClock, onTakenOver });
}

/** Holds the pidfile until told to quit or stopped. */
async function hold(): Promise<void> {
  const pidfile = await acquire();
  process.on('exit', () => pidfile.release());
  const end = (why: string) => {
    say(why);
    process.exit(0);
  };
  pidfile.watch({ onQuit: () => end('quit'), onLost: (error) => end(error.code) });
  if (!words.includes('stubborn')) signals.onStop(end);
  stay();
  reportStarted();
  say('holding');
}

/** Waits for the start signal of the race, so that all racers are loaded, then tries once and keeps what it won. */
async function race(): Promise<void> {
  stay();
  say('ready');
  await new Promise<void>((resolve) => signals.onReport(resolve));
  await acquire();
  say('won');
}

async function detach(): Promise<void> {
  if (isDaemonChild()) {
    if (words.includes('failing')) {
      process.stderr.write('no such thing\n');
      process.exit(66);
    }
    if (words.includes('killed')) process.kill(process.pid, 'SIGKILL');
    await hold();
    return;
  }
  const { stdout: out, stderr: err } = process;
  process.exitCode = await daemonize({ argv: process.argv.slice(1), out, err, signals });
}

/** Tells of every signal. `limited`: a stop, which it takes no notice of, has a limit; `late`: attaches its handlers only when there is a file at `path`. */
function signal(): void {
  if (words.includes('limited')) signals.limitStop({ limitMs: () => 100, late: () => say('overdue') });
  const attach = () => {
    signals.onStop((name) => say(`stop ${name}`));
    signals.onReload(() => say('reload'));
    signals.onReport(() => say('report'));
  };
  if (words.includes('late')) {
    const timer = setInterval(() => {
      if (!existsSync(path)) return;
      clearInterval(timer);
      attach();
    }, 10);
  } else attach();
  stay();
  say('listening');
}

/** Stays, with signals as Node has them. */
function idle(): void {
  signals.dispose();
  stay();
  say('idle');
}

async function main(): Promise<void> {
  if (mode === 'hold') await hold();
  if (mode === 'race') await race();
  if (mode === 'detach') await detach();
  if (mode === 'signal') signal();
  if (mode === 'idle') idle();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof StompctlError)) throw error;
  process.stderr.write(`${error.code} ${error.message}\n`);
  process.exit(error.exitCode);
}
