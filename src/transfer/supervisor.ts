import { BackOff } from '../base/back-off.js';
import type { Clock } from '../base/clock.js';
import { type ErrorCode, errnoOf, StompctlError } from '../base/errors.js';
import { unlessAborted, wait } from '../base/wait.js';
import type { Logger } from '../observe/logger.js';
import type { EndFacts } from './verdict.js';

/** How long, and how often. */
export interface ReconnectPolicy {
  /** longest delay before the first new attempt, in milliseconds */
  readonly delayMs: number;
  readonly maxDelayMs: number;
  /** what the longest delay is multiplied by after each attempt; default 2 */
  readonly factor?: number;
  /** attempts in a row before giving up; undefined: without end */
  readonly attempts: number | undefined;
  /** a run that ends by itself (one pass of a queue, `count`, …): what somebody must mend first ends it at once */
  readonly bounded: boolean;
}

export interface SupervisorOptions extends ReconnectPolicy {
  /** after a refused login: have all brokers of the list refused it by now? Without it there is only one */
  readonly allRefused?: () => boolean;
  /** of an end that stands for several brokers: has each been given up? Then no attempt will help */
  readonly givenUp?: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: () => number;
}

/** So many attempts in a row may follow each other as closely as was asked for; then they are FLOOR_MS apart. */
const CLOSE_ATTEMPTS = 10;
const FLOOR_MS = 100;
/** After this long without a loss the delays start small again. */
const HEALTHY_MS = 30_000;

/** Where nobody listens it is asked again after this at most, and after half of it at least. */
const KNOCK_MS = 3000;
/** The host answers these by itself, or the network: no broker suffers from who asks again. */
const NOBODY_LISTENS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH']);

/** An end that is lost so soon after its opening, without progress, was not open: it has been away all the time. */
const BRIEF_MS = 500;

/** What only somebody can mend, but can mend while the run goes on: rights, mounts, missing folders and commands. */
const MAY_COME_BACK: ReadonlySet<ErrorCode> = new Set([
  'QUEUE_PERMISSION',
  'QUEUE_CANNOT_CREATE',
  'QUEUE_MISSING',
  'COMMAND_UNUSABLE',
]);

/** Is it something that a run without end waits for, though a run that ends by itself ends because of it? */
export function mayComeBack(error: unknown): boolean {
  return error instanceof StompctlError && MAY_COME_BACK.has(error.code);
}

export type EndState = Omit<EndFacts, 'role' | 'name' | 'lazy' | 'session'>;

function nobodyListens({ code, cause }: StompctlError): boolean {
  return code === 'CONNECT_FAILED' && NOBODY_LISTENS.has(errnoOf(cause) ?? '');
}

interface Openable {
  readonly name: string;
  open(): Promise<void>;
}

/**
 * Who decides to reconnect: the one policy for both ends of a transfer, first connection included. Exponential back-off
 * with full jitter; `attempts` counts openings in a row without progress between. A run without end also waits for what
 * was taken away for a while: a folder without rights, a mount that is read-only or missing.
 *
 * While nobody listens at all it knocks every few seconds between the attempts, so that a broker is found soon after its
 * return, however long it was away. A knock is neither counted nor logged.
 */
export class Supervisor {
  #options: SupervisorOptions;
  #backOff: BackOff;
  #openedAtMs: number | undefined;
  #failures = 0;
  #opened = 0;
  /** something was accepted or received since it was opened */
  #progressed = false;
  #waitingFor: string | undefined;
  #phase: EndState['phase'] = 'closed';
  #awaySinceMs: number | undefined;
  /** since when it was away before it was opened last */
  #wasAwaySinceMs: number | undefined;
  #nextTryAtMs: number | undefined;
  /** when the attempt that was told of, and is counted, begins: until then it is knocked only */
  #attemptAtMs = 0;
  /** somebody answered since it was lost, if only with a refusal: then it is not knocked */
  #answered = false;
  #lastError: { code: string; message: string; atMs: number } | undefined;
  #interrupt = new AbortController();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#backOff = backOffOf(options);
  }

  /** Another policy from the next attempt on: the delays start small again. */
  configure(policy: ReconnectPolicy): void {
    this.#options = { ...this.#options, ...policy };
    this.#backOff = backOffOf(this.#options);
  }

  /** What is waited for now, for the state of the run; undefined: nothing. */
  get waitingFor(): string | undefined {
    return this.#waitingFor;
  }

  /** What the verdict is made of; the times are as of now. */
  get state(): EndState {
    const nowMs = this.#nowMs();
    const { code, message, atMs } = this.#lastError ?? { code: '', message: '', atMs: 0 };
    return {
      phase: this.#phase,
      attempt: this.#failures,
      opened: this.#opened,
      awayMs: this.#awaySinceMs === undefined ? undefined : nowMs - this.#awaySinceMs,
      nextTryMs: this.#nextTryAtMs === undefined ? undefined : Math.max(0, this.#nextTryAtMs - nowMs),
      lastError: this.#lastError && { code, message, agoMs: nowMs - atMs },
    };
  }

  /** Ends every wait now and for good: `open` and `pause` then resolve false. */
  interrupt(): void {
    this.#interrupt.abort();
  }

  get interrupted(): boolean {
    return this.#interrupt.signal.aborted;
  }

  /**
   * Opens `end`, as often as it takes. `lost` is why it must be opened again; absent for the first time. Resolves true once
   * open, false when interrupted. Rejects with the last error when no attempt will help or all are used up.
   */
  async open(end: Openable, lost?: StompctlError): Promise<boolean> {
    this.#phase = 'opening';
    this.#attemptAtMs = 0;
    this.#answered = false;
    this.#awaySinceMs = this.#wasOpen() ? this.#nowMs() : this.#wasAwaySinceMs;
    let open = false;
    try {
      open = await this.#open(end, lost);
      return open;
    } finally {
      this.#waitingFor = undefined;
      this.#phase = open ? 'open' : 'closed';
      if (open) this.#opened += 1;
      this.#wasAwaySinceMs = this.#awaySinceMs;
      this.#awaySinceMs = undefined;
    }
  }

  /** Was it open for more than a moment, or of use? */
  #wasOpen(): boolean {
    if (this.#openedAtMs === undefined || this.#wasAwaySinceMs === undefined || this.#progressed) return true;
    return this.#nowMs() - this.#openedAtMs >= BRIEF_MS;
  }

  async #open(end: Openable, lost?: StompctlError): Promise<boolean> {
    if (lost !== undefined) {
      const healthy = this.#openedAtMs !== undefined && this.#nowMs() - this.#openedAtMs >= HEALTHY_MS;
      if (healthy) this.succeeded();
      this.#openedAtMs = undefined;
      // a session that made progress is no failed attempt
      const counts = !this.#progressed;
      this.#progressed = false;
      if (!(await this.#failed(end, lost, counts))) return false;
    }
    while (!this.interrupted) {
      try {
        // whoever interrupts closes the end, which abandons the opening
        if ((await unlessAborted(end.open(), this.#interrupt.signal)) === 'aborted') return false;
        this.#openedAtMs = this.#nowMs();
        this.#progressed = false;
        return true;
      } catch (thrown) {
        const error = asStompctlError(thrown, end.name);
        this.#answered ||= !nobodyListens(error);
        const knocked = !this.#answered && this.#nowMs() < this.#attemptAtMs;
        if (!(await (knocked ? this.#knocked(error) : this.#failed(end, error, true)))) return false;
      }
    }
    return false;
  }

  /** The end makes progress: the next loss is met with small delays again, and all attempts. */
  succeeded(): void {
    this.#failures = 0;
    this.#progressed = true;
    this.#backOff.reset();
  }

  /** A certificate that is wrong from the first is told at once; one that was not is perhaps just being written. */
  #mayComeBack(error: StompctlError): boolean {
    return mayComeBack(error) || (error.code === 'CREDENTIAL_INVALID' && (this.#opened > 0 || this.#failures > 0));
  }

  /** What to log in with could never be read; what could be before is perhaps just being written. */
  #lacksLogin({ code }: StompctlError): boolean {
    return code === 'CREDENTIAL_UNREADABLE' && this.#opened === 0;
  }

  /** Waits before the next attempt; false when interrupted. Rejects when there is to be none. */
  async #failed(end: Openable, error: StompctlError, counts: boolean): Promise<boolean> {
    const { attempts, bounded, logger, maxDelayMs } = this.#options;
    if (this.interrupted) return false;
    this.#lastError = { code: error.code, message: error.message, atMs: this.#nowMs() };
    const waits = error.action === 'reopen' || error.action === 'wait' || (!bounded && this.#mayComeBack(error));
    if (!waits || this.#options.givenUp?.() === true) throw error;
    const refusedLogin = error.code === 'LOGIN_REFUSED';
    if (refusedLogin && !(this.#options.allRefused?.() ?? true)) {
      logger.warn('open-retry', `${error.message}; trying the next broker of the list`, {
        end: end.name,
        code: error.code,
      });
      return true;
    }
    if (counts) this.#failures += 1;
    if (
      (bounded && (refusedLogin || this.#lacksLogin(error))) ||
      (attempts !== undefined && this.#failures >= attempts)
    )
      throw error;
    const wantedMs = this.#delayMs(refusedLogin ? maxDelayMs : this.#backOff.nextMs());
    this.#attemptAtMs = this.#nowMs() + wantedMs;
    const delayMs = nobodyListens(error) && !this.#answered ? this.#knockMs(wantedMs) : wantedMs;
    this.#waitingFor = `${end.name}: ${error.message}`;
    logger.warn('open-retry', `${error.message}; next attempt in ${(delayMs / 1000).toFixed(1)} s`, {
      end: end.name,
      code: error.code,
      attempt: this.#failures,
      attempts: attempts ?? 'without end',
      delayMs: Math.round(delayMs),
    });
    return this.#pause(delayMs);
  }

  /** As `#failed`, of an attempt between two that are counted. */
  async #knocked(error: StompctlError): Promise<boolean> {
    if (this.interrupted) return false;
    const nowMs = this.#nowMs();
    this.#lastError = { code: error.code, message: error.message, atMs: nowMs };
    return this.#pause(this.#knockMs(this.#attemptAtMs - nowMs));
  }

  #knockMs(untilAttemptMs: number): number {
    const { random = Math.random } = this.#options;
    const delayMs = (KNOCK_MS / 2) * (1 + random());
    if (delayMs < untilAttemptMs) return delayMs;
    // the next one counts, also when its timer fires a little early
    this.#attemptAtMs = 0;
    return untilAttemptMs;
  }

  /** Delays of 0, and random parts near it, must not become a flood of connections that the broker suffers from. */
  #delayMs(wanted: number): number {
    return this.#failures > CLOSE_ATTEMPTS ? Math.max(wanted, FLOOR_MS) : wanted;
  }

  async #pause(delayMs: number): Promise<boolean> {
    const { clock } = this.#options;
    this.#phase = 'waiting';
    this.#nextTryAtMs = this.#nowMs() + delayMs;
    if ((await wait(clock, delayMs, { signal: this.#interrupt.signal })) !== 'elapsed') return false;
    this.#phase = 'opening';
    this.#nextTryAtMs = undefined;
    return true;
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

function backOffOf({ delayMs, maxDelayMs, factor = 2, random }: SupervisorOptions): BackOff {
  return new BackOff({ initialMs: delayMs, factor, maxMs: maxDelayMs, ...(random && { random }) });
}

/** Anything thrown, as one of our errors: what is not ours already is a fault in this program. */
export function asStompctlError(error: unknown, argument: string): StompctlError {
  if (error instanceof StompctlError) return error;
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const errno = errnoOf(error);
  return new StompctlError(
    'INTERNAL',
    'transfer',
    argument,
    errno === undefined ? reason : `${errno}: ${reason}`,
    error,
  );
}
