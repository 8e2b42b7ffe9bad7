import type { CommandFlag } from './option-command.js';

/** What the commands that talk to one broker log in with. A password itself is never an argument. */
const LOGIN_FLAGS: readonly CommandFlag[] = [
  { name: 'user', value: 'NAME', doc: 'user at the broker; needs --pass-file or --pass-env' },
  { name: 'pass-file', value: 'FILE', doc: 'file that holds the password' },
  { name: 'pass-env', value: 'VARIABLE', doc: 'variable of the environment that holds the password' },
  { name: 'ca', value: 'FILE', doc: 'the CA that signed the certificate of the broker; asks for TLS' },
  { name: 'cert', value: 'FILE', doc: 'certificate to show to the broker; asks for TLS' },
  { name: 'key', value: 'FILE', doc: 'its key, when that is a file of its own' },
];

const JSON_LINES = 'json-lines';

export const SEND_FLAGS: readonly CommandFlag[] = [
  { name: 'header', value: 'NAME=VALUE', repeats: true, doc: 'header of the message' },
  { name: JSON_LINES, doc: 'each line of the input is a message, as "stompctl queue export" writes them' },
  { name: 'skip', value: 'N', doc: 'with --json-lines: pass over the first N lines' },
  ...LOGIN_FLAGS,
];

export const RECEIVE_FLAGS: readonly CommandFlag[] = [
  { name: 'follow', doc: 'go on until stopped, or until --count messages came; connect again when the broker goes' },
  { name: 'no-ack', doc: 'leave the messages at the broker' },
  {
    name: 'timeout',
    value: 'SECONDS',
    doc: 'without --follow: end when no message came for so long (default: 5; with --count: 60)',
  },
  { name: JSON_LINES, doc: 'print each message as a line of JSON, headers and all, instead of its body' },
  { name: 'header', value: 'NAME=VALUE', repeats: true, doc: 'header of the subscription, such as selector' },
  ...LOGIN_FLAGS,
];

export const PEEK_FLAGS: readonly CommandFlag[] = [
  { name: 'timeout', value: 'SECONDS', doc: 'end when no message came for so long (default: 5)' },
  { name: JSON_LINES, doc: 'print each message as a line of JSON, headers and all, instead of its body' },
  { name: 'header', value: 'NAME=VALUE', repeats: true, doc: 'header of the subscription, such as selector' },
  ...LOGIN_FLAGS,
];

export const REQUEST_FLAGS: readonly CommandFlag[] = [
  { name: 'header', value: 'NAME=VALUE', repeats: true, doc: 'header of the request' },
  { name: 'timeout', value: 'SECONDS', doc: 'end with exit code 75 when no reply came in time (default: 30)' },
  { name: JSON_LINES, doc: 'print the reply as a line of JSON, headers and all, instead of its body' },
  ...LOGIN_FLAGS,
];

const SESSION_OPTIONS = [
  'config',
  'timeout-connect',
  'timeout-broker',
  'timeout-client',
  'timeout-server',
  'timeout-disconnect',
  'timeout-flush',
  'heart-beat',
  'max-message-size',
  'debug',
  'log-level',
  'log-format',
  'help',
];

/** The options of the table that the commands which send take. */
export const SENDING_OPTIONS: readonly string[] = [
  'outgoing-broker-auth',
  'outgoing-broker-connect',
  'outgoing-broker-content-length',
  'outgoing-broker-persistent',
  'outgoing-broker-protocol',
  'outgoing-broker-sockopts',
  'outgoing-broker-stomp-debug',
  'outgoing-broker-type',
  ...SESSION_OPTIONS,
];

/** The options of the table that the commands which receive take. */
export const RECEIVING_OPTIONS: readonly string[] = [
  'count',
  'duration',
  'window',
  'window-bytes',
  'prefetch',
  'max-rate',
  'max-rate-bytes',
  'incoming-broker-auth',
  'incoming-broker-connect',
  'incoming-broker-protocol',
  'incoming-broker-sockopts',
  'incoming-broker-stomp-debug',
  'incoming-broker-type',
  'reconnect-delay',
  'reconnect-max-delay',
  'reconnect-attempts',
  'timeout-linger',
  ...SESSION_OPTIONS,
];
