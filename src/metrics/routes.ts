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

export interface RouteParts {
  readonly clock: Clock;
  /** undefined: the run is not built yet */
  readonly health: () => HealthFacts | undefined;
  /** what is told of it: without secrets */
  readonly status: (facts: HealthFacts) => Verdict & Readonly<Record<string, unknown>>;
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  /** beside the status, for the page */
  readonly about: () => Readonly<Record<string, unknown>>;
  readonly options: () => readonly ShownOption[];
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
    '/healthz': async () => healthz(parts),
    '/readyz': async () => readyz(parts.health()),
    '/status': async () => json(statusOf(parts)),
    '/options': async () => json(parts.options()),
    '/': async () => (await import('./status-page.js')).statusPage(),
  };
  const last = new Map<string, { readonly atMs: number; readonly answer: Promise<Answer> }>();
  return async (path) => {
    const make = Object.hasOwn(made, path) ? made[path] : undefined;
    if (make === undefined) return undefined;
    const nowMs = parts.clock.monotonicMs();
    const known = last.get(path);
    if (known !== undefined && nowMs - known.atMs < SAME_ANSWER_MS) return known.answer;
    const answer = make();
    last.set(path, { atMs: nowMs, answer });
    return answer;
  };
}

function statusOf({ health, status, about }: RouteParts): Readonly<Record<string, unknown>> {
  const facts = health();
  return { ...about(), ...(facts === undefined ? { state: 'starting', reason: STARTING } : status(facts)) };
}

/** Is it well? Alive is not enough: a run that is stuck is not. */
function healthz({ health, status }: RouteParts): Answer {
  const facts = health();
  if (facts === undefined) return plain(503, STARTING);
  const { state, reason } = status(facts);
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

/** Are both ends open? One that opens at the first message only is ready when it is not wanted. */
function readyz(facts: HealthFacts | undefined): Answer {
  if (facts === undefined) return plain(503, STARTING);
  if (facts.stopping) return plain(503, 'stopping');
  const missing = facts.ends.find((end) => !isReady(end));
  return missing === undefined
    ? plain(200, 'ready: both ends are open')
    : plain(503, `${missing.role} ${missing.name} is not open (${missing.phase})`);
}

function isReady({ phase, lazy }: EndFacts): boolean {
  return phase === 'open' || (phase === 'closed' && lazy === true);
}

function json(value: unknown): Answer {
  return { status: 200, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}
