import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT, type Snippet } from './perl-corpus.js';

/** What became of one step. `end`: a false result, which stompclt takes for the end of its queue. */
export type StepResult =
  | {
      readonly kind: 'pass';
      readonly header: Readonly<Record<string, string>>;
      readonly body: string;
      readonly text: boolean;
    }
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'reject'; readonly error: string }
  | { readonly kind: 'idle' | 'end' | 'exit' };

/** What became of a snippet; errors, `printed` and `logged` in normal form. */
export interface Result {
  readonly name: string;
  /** why it could not be started */
  readonly open: string | undefined;
  readonly steps: readonly StepResult[];
  /** what `stop` died of */
  readonly stop: string | undefined;
  readonly printed: string;
  readonly logged: string;
}

interface Told {
  readonly name: string;
  readonly open?: string | null;
  readonly stop?: string | null;
  readonly steps: readonly StepResult[];
  /** Base64 */
  readonly printed: string;
  /** Base64 */
  readonly logged: string;
}

const ORACLE = path.join(ROOT, 'test/support/perl-oracle.pl');
const STAND_INS = path.join(ROOT, 'test/support/perl');
const LONGEST_MS = 600_000;
const MOST_OUTPUT_BYTES = 256 * 1024 * 1024;

/**
 * Runs the snippets in the `perl` of this machine, in one process that forks for each. Where `STOMPCTL_TEST_MESSAGING`
 * names a library folder, the real Messaging::Message there is used instead of the stand-in.
 */
export function runInPerl(snippets: readonly Snippet[]): Map<string, Result> {
  const library = process.env.STOMPCTL_TEST_MESSAGING?.split(':') ?? [STAND_INS];
  const { status, stdout, stderr, error } = spawnSync('perl', [...library.map((folder) => `-I${folder}`), ORACLE], {
    input: JSON.stringify(snippets),
    env: { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C', PERL_HASH_SEED: '0' },
    timeout: LONGEST_MS,
    maxBuffer: MOST_OUTPUT_BYTES,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`perl-oracle.pl: status ${status}: ${stderr.toString('utf8')}`);
  const told: Told[] = JSON.parse(stdout.toString('utf8'));
  return new Map(told.map((one) => [one.name, normalised(one)]));
}

function normalised({ name, open, stop, steps, printed, logged }: Told): Result {
  return {
    name,
    open: open == null ? undefined : errorText(open),
    steps: steps.map(normalStep),
    stop: stop == null ? undefined : errorText(stop),
    printed: plain(Buffer.from(printed, 'base64').toString('utf8')),
    logged: logText(Buffer.from(logged, 'base64').toString('utf8')),
  };
}

/** A step's outcome without what differs from run to run: addresses, and the place in the code that an error names. */
export function normalStep(step: StepResult): StepResult {
  switch (step.kind) {
    case 'pass': {
      const header = Object.entries(step.header).map(([name, value]) => [name, plain(value)]);
      const body = step.text ? plain(Buffer.from(step.body, 'base64').toString('utf8')) : step.body;
      return { kind: 'pass', header: Object.fromEntries(header.sort()), body, text: step.text };
    }
    case 'drop':
      return { kind: 'drop', reason: plain(step.reason).slice(0, LONGEST_REASON) };
    case 'reject':
      return { kind: 'reject', error: errorText(step.error) };
    default:
      return step;
  }
}

/** reasons and errors are cut here: an implementation may shorten what a log has to hold */
const LONGEST_REASON = 200;
const PLACE = / at (?:\(eval \d+\)|[^\s,()]*[^\s,().]) line \d+(?:, <[^>]*> (?:line|chunk) \d+)?/g;

export function plain(text: string): string {
  return text.replace(PLACE, ' at CODE line N').replace(/\b([A-Z]+)\(0x[0-9a-f]+\)/g, '$1(0x0)');
}

/** An error's first line, without its place. */
export function errorText(text: string): string {
  if (/^bad (?:result|header|body)$/.test(text)) return 'bad result';
  const bare = text.replace(PLACE, '').replace(/\b([A-Z]+)\(0x[0-9a-f]+\)/g, '$1(0x0)');
  return (bare.trim().split('\n')[0] ?? '').replace(/\.$/, '').trim().slice(0, LONGEST_REASON);
}

/** What went to standard error or the log: its lines, without empty ones. */
export function logText(text: string): string {
  const lines = plain(text).split('\n');
  return lines
    .map((line) => line.trim().replace(/\.$/, ''))
    .filter((line) => line !== '')
    .join('\n');
}

/** `found` with what need not be alike taken from `expected`: the words in which Messaging::Message refuses an argument. */
export function forgiving(found: Result, expected: Result | undefined): Result {
  const steps = found.steps.map((step, at): StepResult => {
    const other = expected?.steps[at];
    const refused = other?.kind === 'reject' && other.error.startsWith('bad argument');
    return refused && step.kind === 'reject' ? other : step;
  });
  return { ...found, steps };
}
