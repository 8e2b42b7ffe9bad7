import { Callback, type CallbackOptions } from '../../src/callback/callback.js';
import type { Outcome } from '../../src/flow/processor.js';
import { Message, newHeader } from '../../src/message/message.js';

/** A callback under test, with all that it said. */
export interface Said {
  readonly printed: string[];
  readonly logged: string[];
  readonly rebuilt: string[];
}

export type Given = Partial<CallbackOptions>;

/** Options for `code` that record what it prints and logs. */
export function callbackOptions(code: string, given: Given = {}): CallbackOptions & { readonly said: Said } {
  const said: Said = { printed: [], logged: [], rebuilt: [] };
  return {
    code,
    origin: { file: '/etc/sender.conf', line: 10 },
    fromPath: false,
    data: {},
    timeoutMs: 5000,
    memoryBytes: 64 * 1024 * 1024,
    onPrint: (printed) =>
      said.printed.push(typeof printed === 'string' ? printed : Buffer.from(printed).toString('latin1')),
    onLog: (level, text) => said.logged.push(`${level}: ${text}`),
    onRebuilt: (reason) => said.rebuilt.push(reason),
    said,
    ...given,
  };
}

/** Opens a callback, hands it to `use`, closes it whatever happens. */
export async function withCallback<T>(
  code: string,
  given: Given,
  use: (callback: Callback, said: Said) => Promise<T>,
): Promise<T> {
  const options = callbackOptions(code, given);
  const callback = await Callback.open(options);
  try {
    return await use(callback, options.said);
  } finally {
    await callback.close();
  }
}

export function textMessage(header: Record<string, string> = {}, body = ''): Message {
  return new Message(newHeader(header), Buffer.from(body), true);
}

export function bytesMessage(header: Record<string, string> = {}, body: Uint8Array = Buffer.alloc(0)): Message {
  return new Message(newHeader(header), Buffer.from(body), false);
}

/** An outcome in one comparable value: the message's parts, `drop: why` or `CODE: text`. */
export function summary(outcome: Outcome | undefined): unknown {
  if (outcome === undefined) return undefined;
  if (outcome.kind === 'drop') return `drop: ${outcome.reason}`;
  if (outcome.kind === 'reject') return `${outcome.error.code}: ${outcome.error.message}`;
  const { header, body, text } = outcome.message;
  return { header: { ...header }, body: text ? body.toString('utf8') : [...body], text };
}
