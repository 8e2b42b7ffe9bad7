import type { Frame, StompVersion } from '../stomp/codec/frame.js';

/** What a fault can see of a connection, and do to it. */
export interface FaultPeer {
  /** connections are numbered from 1, in the order of arrival */
  readonly number: number;
  /** undefined before CONNECT */
  readonly version: StompVersion | undefined;
  /** neither side has closed it */
  readonly open: boolean;
  /** Writes a frame past every fault. Nothing happens when the connection has gone. */
  send(frame: Frame): void;
  /** Writes bytes as they are. */
  write(bytes: Buffer): void;
  /** The frame as `send` would write it. */
  encode(frame: Frame): Buffer;
  /** Writes what is pending, then closes. */
  close(): void;
  /** Closes at once; what is pending is lost. */
  destroy(): void;
  /** From now on nothing is written and nothing that arrives is looked at; the connection stays open. */
  fallSilent(): void;
  /** Takes no more bytes from the socket, so that the peer's writes pile up. */
  stopReading(): void;
  resumeReading(): void;
}

/** Where a fault can strike. Hooks that return a boolean: true means that the fault has dealt with the event. */
export interface FaultHooks {
  accepted?(peer: FaultPeer, fault: Fault): void;
  /** a frame of the client, before the broker looks at it; may throw a Refusal to have it answered by ERROR */
  received?(peer: FaultPeer, frame: Frame, fault: Fault): boolean;
  /** a frame of the broker, before it is written */
  sending?(peer: FaultPeer, frame: Frame, fault: Fault): boolean;
  /** a heart-beat of the broker is due */
  heartBeat?(peer: FaultPeer, fault: Fault): boolean;
  /** the broker is about to close the connection, after DISCONNECT or ERROR */
  closing?(peer: FaultPeer, fault: Fault): boolean;
}

/** How often a fault strikes. Events are counted over all connections, so that a client that comes back finds it spent. */
export interface FaultLimits {
  /** events that pass before the first strike; default 0 */
  readonly after?: number;
  /** strikes; each fault has its default */
  readonly times?: number;
}

/** One misbehaviour of the broker, by name. Give it to `InProcessBroker.start` or `addFault`; made anew for each use. */
export class Fault {
  readonly name: string;
  readonly hooks: FaultHooks;
  readonly #after: number;
  readonly #times: number;
  #seen = 0;
  #fired = 0;

  constructor(name: string, limits: { readonly after: number; readonly times: number }, hooks: FaultHooks) {
    this.name = name;
    this.hooks = hooks;
    this.#after = limits.after;
    this.#times = limits.times;
  }

  /** how often it has struck */
  get fired(): number {
    return this.#fired;
  }

  /** Counts one event that the fault is about; true when it strikes this time. For hooks. */
  strikes(): boolean {
    if (this.#fired >= this.#times) return false;
    this.#seen += 1;
    if (this.#seen <= this.#after) return false;
    this.#fired += 1;
    return true;
  }
}
