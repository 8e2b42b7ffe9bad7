import { isUtf8 } from 'node:buffer';
import { type ErrorCode, reasonOf, StompctlError } from '../base/errors.js';
import type { Outcome } from '../flow/processor.js';
import { Message } from '../message/message.js';
import { FLAG, OUTCOME } from './border/engine-contract.js';
import { FieldReader, LENGTH_BYTES } from './border/fields.js';
import type { Thrown } from './border/protocol.js';
import { placeOf, type ScriptMap } from './border/script-map.js';
import { BadResult, kept, readCrossedHeader, readText } from './crossed.js';

/** of the name of an output: one that is longer is none */
const LONGEST_OUTPUT = 64;
/** of a reason or an error's text: a log line, not a body */
const LONGEST_REASON = 300;
/** the stack is looked through for the user's place */
const LONGEST_STACK = 16_000;

/** Turns what an engine settled (`OUTCOME`) into outcomes. Trusts none of it: the engine runs code of others. */
export class OutcomeReader {
  readonly #map: ScriptMap;
  readonly #origin: { readonly file: string; readonly line: number };
  readonly #timeoutMs: number;

  constructor(map: ScriptMap, origin: { readonly file: string; readonly line: number }, timeoutMs: number) {
    this.#map = map;
    this.#origin = origin;
    this.#timeoutMs = timeoutMs;
  }

  /** Whatever is wrong with the outcome rejects the message; never throws. */
  read(outcome: Buffer, original: Message): Outcome {
    try {
      return this.#read(outcome, original);
    } catch (error) {
      if (error instanceof BadResult) return this.bad(error.message);
      return this.bad(`the sandbox gave an outcome that cannot be read: ${reasonOf(error)}`);
    }
  }

  #read(outcome: Buffer, original: Message): Outcome {
    const kind = String.fromCharCode(outcome[0] ?? 0);
    if (kind === OUTCOME.same && outcome.length === 1) return { kind: 'pass', message: original };
    if (kind === OUTCOME.headerJson)
      return { kind: 'pass', message: withHeader(original, readCrossedHeader(outcome.subarray(1), true)) };
    const fields = new FieldReader(outcome, 1);
    switch (kind) {
      case OUTCOME.header: {
        const header = readCrossedHeader(fields.next(), false);
        fields.end();
        return { kind: 'pass', message: withHeader(original, header) };
      }
      case OUTCOME.message:
        return { kind: 'pass', message: messageOf(fields, original) };
      case OUTCOME.to:
        return this.#forOutput(fields, outcome, original);
      case OUTCOME.drop: {
        const reason = cut(lastText(fields, LONGEST_REASON));
        if (reason === '') throw new BadResult('check returned an empty string');
        return { kind: 'drop', reason };
      }
      case OUTCOME.bad:
        return this.bad(lastText(fields, LONGEST_REASON));
      case OUTCOME.threw: {
        const name = readText(fields.next(), LONGEST_REASON);
        const message = readText(fields.next(), LONGEST_REASON);
        return { kind: 'reject', error: this.thrown({ name, message, stack: lastText(fields, LONGEST_STACK) }) };
      }
      case OUTCOME.interrupted:
        fields.end();
        return { kind: 'reject', error: this.timeout() };
      default:
        throw new BadResult('the sandbox gave no outcome');
    }
  }

  #forOutput(fields: FieldReader, outcome: Buffer, original: Message): Outcome {
    const name = fields.next();
    const inner = outcome.subarray(1 + LENGTH_BYTES + name.length);
    if (inner[0] === outcome[0]) throw new BadResult('the sandbox gave two outputs');
    const to = readText(name, LONGEST_OUTPUT);
    if (to === '') throw new BadResult('check returned an output without a name');
    const passed = this.#read(inner, original);
    return passed.kind === 'pass' ? { ...passed, to } : passed;
  }

  timeout(): StompctlError {
    return this.error('CALLBACK_TIMEOUT', undefined, `took longer than ${this.#timeoutMs} ms (callback-timeout)`);
  }

  memory(memoryBytes: number): StompctlError {
    const limit = `${Math.round(memoryBytes / 1024 / 1024)} MiB (callback-memory)`;
    return this.error('CALLBACK_MEMORY', undefined, `needed more memory than ${limit}`);
  }

  /** The error for an exception of the user's code, with the place it came from. */
  thrown(thrown: Thrown, code: ErrorCode = 'CALLBACK_THREW'): StompctlError {
    if (thrown.name === 'InternalError' && thrown.message === 'interrupted') return this.timeout();
    const name = thrown.name === '' || thrown.name === 'Error' ? '' : `${thrown.name}: `;
    return this.error(code, thrown.stack, `${name}${thrown.message}`);
  }

  error(code: ErrorCode, stack: string | undefined, reason: string): StompctlError {
    const place = placeOf(stack ?? '', this.#map);
    const { file, line } = this.#origin;
    const column = place?.column === undefined ? '' : `:${place.column}`;
    const at = `${file}:${place?.line ?? line}${column}`;
    return new StompctlError(code, 'callback', at, cut(reason).trimEnd());
  }

  bad(reason: string): Outcome {
    const advice =
      'return the message, a new Message, { to: OUTPUT }, or a non-empty string that says why it is dropped';
    const hint = reason.startsWith('check returned') ? `${reason}; ${advice}` : reason;
    return { kind: 'reject', error: this.error('CALLBACK_BAD_RESULT', undefined, hint) };
  }
}

function withHeader({ body, text }: Message, header: Readonly<Record<string, string>>): Message {
  return new Message(header, body, text);
}

/** Flags, header and body; the body is taken from here only when it came along. */
function messageOf(fields: FieldReader, original: Message): Message {
  const [flags, ...more] = fields.next();
  if (flags === undefined || more.length > 0) throw new BadResult('the sandbox gave a message without flags');
  const header = readCrossedHeader(fields.next(), (flags & FLAG.json) !== 0);
  const given = fields.next();
  fields.end();
  const text = (flags & FLAG.text) !== 0;
  if ((flags & FLAG.noBody) !== 0 && given.length > 0) throw new BadResult('the sandbox gave two bodies');
  const body = (flags & FLAG.noBody) !== 0 ? original.body : kept(given);
  if (text && !isUtf8(body)) throw new BadResult('the body of a text message is not UTF-8');
  return new Message(header, body, text);
}

function lastText(fields: FieldReader, most: number): string {
  const field = fields.next();
  fields.end();
  return readText(field, most);
}

function cut(text: string): string {
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text;
}
