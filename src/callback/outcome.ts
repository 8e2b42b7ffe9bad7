import { isUtf8 } from 'node:buffer';
import { type ErrorCode, StompctlError } from '../base/errors.js';
import { Message, newHeader } from '../message/message.js';
import type { Compiled } from './compile.js';
import type { Thrown } from './protocol.js';
import { placeOf } from './script-map.js';

/** What became of one message. */
export type CheckOutcome =
  | { readonly kind: 'pass'; readonly message: Message }
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'reject'; readonly error: StompctlError };

const LONGEST_REASON = 300;

/** Turns what the sandbox wrote (`OUTCOME`) into outcomes. Trusts none of it: the sandbox runs code of others. */
export class OutcomeReader {
  readonly #compiled: Pick<Compiled, 'map'> & { readonly program: { readonly byteStrings: boolean } };
  readonly #origin: { readonly file: string; readonly line: number };

  constructor(compiled: Compiled, origin: { readonly file: string; readonly line: number }) {
    this.#compiled = compiled;
    this.#origin = origin;
  }

  /** `bytes`: the record that followed, when the outcome says that one does. */
  read(outcome: string, bytes: string | undefined, original: Message, timeoutMs: number): CheckOutcome {
    try {
      switch (outcome[0]) {
        case '=':
          return { kind: 'pass', message: original };
        case 'h':
          return { kind: 'pass', message: new Message(readHeader(outcome.slice(1)), original.body, original.text) };
        case 'm':
          return { kind: 'pass', message: this.#message(outcome, bytes, original) };
        case 'd':
          return { kind: 'drop', reason: String(JSON.parse(outcome.slice(1))) };
        case 't':
          return { kind: 'reject', error: this.thrown(JSON.parse(outcome.slice(1)) as Thrown, timeoutMs) };
        case 'i':
          return { kind: 'reject', error: this.timeout(timeoutMs) };
        case 'r':
          return this.#bad(String(JSON.parse(outcome.slice(1))));
        default:
          return this.#bad('the sandbox gave no outcome');
      }
    } catch (error) {
      if (error instanceof BadResult) return this.#bad(error.message);
      if (error instanceof SyntaxError) return this.#bad('the sandbox gave an outcome that cannot be read');
      throw error;
    }
  }

  timeout(timeoutMs: number): StompctlError {
    return this.error('CALLBACK_TIMEOUT', undefined, `took longer than ${timeoutMs} ms (callback-timeout)`);
  }

  memory(memoryBytes: number): StompctlError {
    const limit = `${Math.round(memoryBytes / 1024 / 1024)} MiB (callback-memory)`;
    return this.error('CALLBACK_MEMORY', undefined, `needed more memory than ${limit}`);
  }

  /** The error for an exception of the user's code, with the place it came from. */
  thrown(thrown: Thrown, timeoutMs: number, code: ErrorCode = 'CALLBACK_THREW'): StompctlError {
    if (thrown.name === 'InternalError' && thrown.message === 'interrupted') return this.timeout(timeoutMs);
    const name = thrown.name === '' || thrown.name === 'Error' ? '' : `${thrown.name}: `;
    return this.error(code, thrown.stack, `${name}${thrown.message}`);
  }

  error(code: ErrorCode, stack: string | undefined, reason: string): StompctlError {
    const place = placeOf(stack ?? '', this.#compiled.map);
    const { file, line } = this.#origin;
    const at = place === undefined ? `${file}:${line}` : `${file}:${place.line}:${place.column}`;
    const short = reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON)}…` : reason;
    return new StompctlError(code, 'callback', at, short.trimEnd());
  }

  #bad(reason: string): CheckOutcome {
    const advice = 'return the message, a new Message, or a non-empty string that says why it is dropped';
    const hint = reason.startsWith('check returned') ? `${reason}; ${advice}` : reason;
    return { kind: 'reject', error: this.error('CALLBACK_BAD_RESULT', undefined, hint) };
  }

  #message(outcome: string, bytes: string | undefined, original: Message): Message {
    const text = outcome[1] === '1';
    const rest = outcome.slice(3);
    if (outcome[2] === 's') {
      const end = rest.indexOf('\n');
      return new Message(readHeader(rest.slice(end + 1)), this.#encode(JSON.parse(rest.slice(0, end)), text), text);
    }
    let body = original.body;
    if (outcome[2] === 'b') {
      const changed = Buffer.from(bytes ?? '', 'latin1');
      if (!changed.equals(body)) body = changed;
    }
    if (text && !isUtf8(body)) throw new BadResult('the body of a text message is not UTF-8');
    if (body === original.body && text === original.text && rest === JSON.stringify(original.header)) return original;
    return new Message(readHeader(rest), body, text);
  }

  #encode(body: unknown, text: boolean): Buffer {
    if (typeof body !== 'string') throw new BadResult('the body is not a string');
    if (text || !this.#compiled.program.byteStrings) return Buffer.from(wellFormed(body, 'the body'), 'utf8');
    if (/[^\0-\xff]/.test(body)) throw new BadResult('the body is bytes but holds a wide character: encode it first');
    return Buffer.from(body, 'latin1');
  }
}

class BadResult extends Error {}

function readHeader(json: string): Readonly<Record<string, string>> {
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== 'object' || parsed === null) throw new BadResult('the header is not an object');
  const header = newHeader();
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value !== 'string') throw new BadResult(`header ${name} is not a string`);
    header[wellFormed(name, 'a header name')] = wellFormed(value, `header ${name}`);
  }
  return header;
}

/** Half a surrogate pair has no UTF-8: it would silently become another character on its way out. */
function wellFormed(text: string, what: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new BadResult(`${what} holds half a surrogate pair`);
  return text;
}
