/** A broker for tests of programs that speak STOMP: `stompctl/testing`. Documented in `docs/in-process-broker.md`. */
export type { DestinationCounters } from './broker/broker-queue.js';
export type { Fault } from './broker/fault.js';
export * from './broker/faults.js';
export { InProcessBroker, type QueueDepth, type SeenFrame } from './broker/in-process-broker.js';
export type { BrokerOptions } from './broker/in-process-options.js';
export type { StompVersion } from './stomp/codec/frame.js';
