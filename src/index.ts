/** The public library: directory queues, messages, STOMP sessions. Documented in `docs/library.md`. */
export { type ErrorAction, type ErrorCode, StompctlError } from './base/errors.js';
export type { DirectoryQueue, ElementSummary, LibraryQueueOptions } from './dirq/directory-queue.js';
export { type ElementData, NormalQueue, type NormalQueueOptions, type Schema } from './dirq/normal-queue.js';
export type { PurgeReport } from './dirq/purge.js';
export { detectQueueType } from './dirq/queue-type.js';
export { SimpleQueue, type SimpleQueueOptions } from './dirq/simple-queue.js';
export { type Compression, decodeMessage, encodeMessage } from './message/json.js';
export { type Header, Message, newHeader } from './message/message.js';
export type { BrokerType, Dialect } from './stomp/client-dialects.js';
export type { Frame, FrameHeader, StompVersion } from './stomp/codec/frame.js';
export { type SendOptions, StompSession } from './stomp/session.js';
export type { SessionOptions } from './stomp/session-options.js';
export type { ReceivedMessage, SubscribeOptions, Subscription } from './stomp/subscription.js';
export { type CertificateFiles, readTlsFiles } from './stomp/transport/tls-files.js';
export type { Endpoint, SocketOptions, TlsOptions } from './stomp/transport/transport.js';
