import { StompctlError } from '../../src/base/errors.js';
import { Callback } from '../../src/callback/callback.js';
import type { Outcome } from '../../src/flow/processor.js';
import { Message } from '../../src/message/message.js';
import { NullSink } from '../../src/sinks/queue/null-sink.js';
import type { Snippet, StepMessage } from './perl-corpus.js';
import { errorText, logText, normalStep, plain, type Result, type StepResult } from './perl-oracle.js';

const TIMEOUT_MS = 10_000;
const MEMORY_BYTES = 64 * 1024 * 1024;

/** What stompctl's own callback makes of a snippet, in the form that the oracle gives. Messages between calls of `idle` are one batch. */
export async function runInCallback(snippet: Snippet): Promise<Result> {
  const heard: Heard = { printed: [], logged: [] };
  let callback: Callback;
  try {
    callback = await open(snippet, heard);
  } catch (error) {
    if (!(error instanceof StompctlError)) throw error;
    return result(snippet, heard, { open: ownError(error), steps: [], stop: undefined });
  }
  const steps: StepResult[] = [];
  try {
    for (const part of parts(snippet)) {
      if (part === 'idle') {
        await callback.idle();
        const failure = hookFailure(heard, 'idle');
        steps.push(failure === undefined ? { kind: 'idle' } : { kind: 'reject', error: failure });
      } else {
        const messages = part.map(({ header, body, text }) => new Message(header, Buffer.from(body, 'base64'), text));
        const outcomes = await callback.process(messages);
        steps.push(...outcomes.map((outcome, at) => stepResult(outcome, messages[at])));
      }
    }
  } finally {
    await callback.close();
  }
  return result(snippet, heard, { open: undefined, steps, stop: hookFailure(heard, 'stop') });
}

interface Heard {
  readonly printed: Buffer[];
  logged: string[];
}

function open(snippet: Snippet, heard: Heard): Promise<Callback> {
  return Callback.open({
    code: snippet.code,
    origin: { file: '/etc/callback', line: 1 },
    fromPath: snippet.path,
    language: 'perl',
    data: snippet.data,
    timeoutMs: TIMEOUT_MS,
    memoryBytes: MEMORY_BYTES,
    onPrint: (printed) => heard.printed.push(Buffer.from(printed)),
    onLog: (_level, text) => {
      heard.logged.push(text);
    },
    openTap: async () => new NullSink(),
  });
}

function result(snippet: Snippet, heard: Heard, rest: Pick<Result, 'open' | 'steps' | 'stop'>): Result {
  const { open, steps, stop } = rest;
  const [printed, logged] = [plain(Buffer.concat(heard.printed).toString('utf8')), logText(heard.logged.join('\n'))];
  return { name: snippet.name, open, steps: steps.map(normalStep), stop, printed, logged };
}

function parts(snippet: Snippet): ('idle' | StepMessage[])[] {
  const all: ('idle' | StepMessage[])[] = [];
  for (const step of snippet.steps) {
    const last = all.at(-1);
    if (step === 'idle') all.push(step);
    else if (Array.isArray(last)) last.push(step);
    else all.push([step]);
  }
  return all;
}

function stepResult(outcome: Outcome, original: Message | undefined): StepResult {
  if (outcome.kind === 'drop') return { kind: 'drop', reason: outcome.reason };
  if (outcome.kind === 'reject') return { kind: 'reject', error: ownError(outcome.error) };
  const message = outcome.kind === 'pass' ? outcome.message : original;
  if (message === undefined) throw new Error('an outcome without a message');
  const { header, body, text } = message;
  return { kind: 'pass', header: { ...header }, body: body.toString('base64'), text };
}

/** The error as Perl said it: the place in front is ours. */
function ownError(error: Error): string {
  if (error instanceof StompctlError && error.code === 'CALLBACK_BAD_RESULT') return 'bad result';
  if (/missing function in callback: check\(\$\)/.test(error.message)) return 'no check';
  return errorText(error.message.replace(/^callback\([^)]*\): /, '').replace(/^(?:Perl)?(?:Syntax)?Error: /, ''));
}

/** Takes the line that says how `idle` or `stop` failed out of what was logged. */
function hookFailure(heard: Heard, hook: string): string | undefined {
  const at = heard.logged.findIndex((line) => line.startsWith(`${hook} failed: `));
  if (at === -1) return undefined;
  const [line = ''] = heard.logged.splice(at, 1);
  return ownError(new Error(line.slice(`${hook} failed: `.length)));
}
