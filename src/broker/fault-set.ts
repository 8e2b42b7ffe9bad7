import type { Frame } from '../stomp/codec/frame.js';
import type { Fault, FaultPeer } from './fault.js';

/** The faults in force, asked in the order in which they were added; the first that deals with an event ends the round. */
export class FaultSet {
  #faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    this.#faults = [...faults];
  }

  get all(): readonly Fault[] {
    return this.#faults;
  }

  add(fault: Fault): void {
    this.#faults = [...this.#faults, fault];
  }

  remove(fault: Fault): void {
    this.#faults = this.#faults.filter((other) => other !== fault);
  }

  accepted(peer: FaultPeer): void {
    for (const fault of this.#faults) fault.hooks.accepted?.(peer, fault);
  }

  received(peer: FaultPeer, frame: Frame): boolean {
    for (const fault of this.#faults) {
      if (fault.hooks.received?.(peer, frame, fault) === true) return true;
    }
    return false;
  }

  sending(peer: FaultPeer, frame: Frame): boolean {
    for (const fault of this.#faults) {
      if (fault.hooks.sending?.(peer, frame, fault) === true) return true;
    }
    return false;
  }

  heartBeat(peer: FaultPeer): boolean {
    for (const fault of this.#faults) {
      if (fault.hooks.heartBeat?.(peer, fault) === true) return true;
    }
    return false;
  }

  closing(peer: FaultPeer): boolean {
    for (const fault of this.#faults) {
      if (fault.hooks.closing?.(peer, fault) === true) return true;
    }
    return false;
  }
}
