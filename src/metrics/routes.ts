import type { Clock } from '../base/clock.js';
import { unreachable } from '../base/errors.js';
import type { EndFacts, HealthFacts, Verdict } from '../transfer/verdict.js';
import { type Answer, plain } from './metrics-server.js';

/** One option in effect, as it may be shown. */
export interface ShownOption {
  readonly name: string;
  readonly value: string;
  readonly source: string;
}

/** What is shown of a process, as of now. */
export interface Monitored {
  /** the verdict and what it is made of: without secrets */
  status(): Verdict & Readonly<Record<string, unknown>>;
  /** why it is not ready; undefined: it is */
  unready(): string | undefined;
  /** the configuration in effect, secrets masked; of this transfer, where there are several. Undefined: there is no such one */
  options(transfer: string | undefined): readonly ShownOption[] | undefined;
}

export interface RouteParts {
  readonly clock: Clock;
  /** undefined: nothing runs yet */
  readonly shown: () => Monitored | undefined;
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  /** beside the status, for the page */
  readonly about: () => Readonly<Record<string, unknown>>;
}

const STARTING = 'starting: nothing is known yet';
/** However often it is asked, so often is an answer made: who asks all the time must not slow messages down */
const SAME_ANSWER_MS = 200;

/** What is at each path of `metrics-listen`. */
export function routes(parts: RouteParts): (path: string) => Promise<Answer | undefined> {
  const made: Readonly<Record<string, () => Promise<Answer>>> = {
    '/metrics': async () => {
      const { type, text } = await parts.metrics();
      return { status: 200, type, body: text };
    },
    '/healthz': async () => healthz(parts.shown()),
    '/readyz': async () => readyz(parts.shown()),
    '/status': async () => json(statusOf(parts)),
    '/options': async () => json(parts.shown()?.options(undefined) ?? []),
    '/': async () => (await import('./status-page.js')).statusPage(),
  };
  const last = new Map<string, { readonly atMs: number; readonly answer: Promise<Answer> }>();
  return async (given) => {
    // one answer is kept however its name is written: there are very many ways to encode one
    const path = decoded(given);
    const nowMs = parts.clock.monotonicMs();
    for (const [key, { atMs }] of last) if (nowMs - atMs >= SAME_ANSWER_MS) last.delete(key);
    const known = path === undefined ? undefined : last.get(path);
    if (path === undefined || known !== undefined) return known?.answer;
    const make = Object.hasOwn(made, path) ? made[path] : optionsOf(path, parts);
    if (make === undefined) return undefined;
    const answer = make();
    last.set(path, { atMs: nowMs, answer });
    return answer;
  };
}

/** Undefined: a `%` in it encodes nothing. */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** `/options/NAME`, of one of several transfers. */
function optionsOf(path: string, { shown }: RouteParts): (() => Promise<Answer>) | undefined {
  const [, name] = /^\/options\/(.+)$/s.exec(path) ?? [];
  const options = name === undefined ? undefined : shown()?.options(name);
  return options && (async () => json(options));
}

function statusOf({ shown, about }: RouteParts): Readonly<Record<string, unknown>> {
  return { ...about(), ...(shown()?.status() ?? { state: 'starting', reason: STARTING }) };
}

/** Is it well? Alive is not enough: a run that is stuck is not. */
function healthz(shown: Monitored | undefined): Answer {
  if (shown === undefined) return plain(503, STARTING);
  const { state, reason } = shown.status();
  const text = `${state}: ${reason}`.replace(/\p{Cc}/gu, ' ');
  switch (state) {
    case 'moving':
    case 'idle':
    case 'stopping':
      return plain(200, text);
    case 'stuck':
      return plain(503, text);
    default:
      return unreachable(state);
  }
}

function readyz(shown: Monitored | undefined): Answer {
  const why = shown === undefined ? STARTING : shown.unready();
  return why === undefined ? plain(200, 'ready: both ends are open') : plain(503, why.replace(/\p{Cc}/gu, ' '));
}

/** Why a transfer is not ready: both of its ends are to be open. One that opens at the first message only is ready when it is not wanted. */
export function unreadyOf({ stopping, ends }: HealthFacts): string | undefined {
  if (stopping) return 'stopping';
  const missing = ends.filter((end) => !isReady(end));
  // one that is opened after another is closed until then: the other is what is waited for
  const [end] = [...missing.filter(({ phase }) => phase !== 'closed'), ...missing];
  if (end === undefined) return undefined;
  const why = end.lastError === undefined ? '' : `: ${end.lastError.message}`;
  return `${end.role} ${end.name} is not open (${end.phase})${why}`;
}

function isReady({ phase, lazy }: EndFacts): boolean {
  return phase === 'open' || (phase === 'closed' && lazy === true);
}

function json(value: unknown): Answer {
  return { status: 200, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}
