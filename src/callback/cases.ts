import { StompctlError } from '../base/errors.js';
import { Message, newHeader } from '../message/message.js';
import type { CheckOutcome } from './outcome.js';

/** A message as a case file writes it: `body` for text, `base64` for bytes. */
export interface CaseMessage {
  readonly header?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly base64?: string;
  /** true unless `base64` is given */
  readonly text?: boolean;
}

/** One case of `stompctl test`: a message in, and exactly one of what must become of it. */
export interface Case {
  readonly name: string;
  readonly message: CaseMessage;
  /** the message that must come out; `same`: unchanged */
  readonly expect?: CaseMessage | 'same';
  /** the reason it must be dropped with; true: any */
  readonly drop?: string | true;
  /** the error code it must be rejected with; true: any */
  readonly reject?: string | true;
}

export interface CaseResult {
  readonly name: string;
  /** lines that tell expected (`-`) from found (`+`); none when the case holds */
  readonly difference: readonly string[];
}

/** What checks messages: a callback, or rules. */
export interface Checks {
  check(messages: readonly Message[]): Promise<CheckOutcome[]>;
}

/** Runs cases in order, in one go, as the messages of one batch would be. Resolves to a result a case. */
export async function runCases(cases: readonly Case[], checks: Checks): Promise<CaseResult[]> {
  const messages = cases.map(({ message }) => messageOf(message));
  const outcomes = await checks.check(messages);
  return cases.map((item, index) => {
    const before = messages[index] as Message;
    const wanted = describeWanted(item, before);
    const found = describeOutcome(outcomes[index], item);
    return { name: item.name, difference: differenceOf(wanted, found) };
  });
}

/** Reads the cases of a file, already parsed: a list, or a table with `cases`. CONFIG_INVALID names the case. */
export function readCases(value: unknown): Case[] {
  const list = typeof value === 'object' && value !== null && 'cases' in value ? value.cases : value;
  if (!Array.isArray(list)) throw invalid('cases', 'must be a list of cases');
  return list.map((item: unknown, index) => readCase(item, index + 1));
}

/** A case that holds now, from a real message and what became of it: for `test --record`. */
export function recordCase(name: string, message: Message, outcome: CheckOutcome): Case {
  const given = { name, message: caseMessageOf(message) };
  if (outcome.kind === 'drop') return { ...given, drop: outcome.reason };
  if (outcome.kind === 'reject') return { ...given, reject: outcome.error.code };
  return { ...given, expect: outcome.message === message ? 'same' : caseMessageOf(outcome.message) };
}

/** What a callback did to a message, line by line: for `run --dry-run`. Empty when it is unchanged. */
export function changesOf(before: Message, outcome: CheckOutcome): string[] {
  if (outcome.kind === 'pass') return differenceOf(describeMessage(before), describeMessage(outcome.message));
  return [outcome.kind === 'drop' ? `dropped: ${outcome.reason}` : `rejected: ${outcome.error.message}`];
}

function readCase(value: unknown, number: number): Case {
  const at = `case ${number}`;
  if (typeof value !== 'object' || value === null) throw invalid(at, 'must be a block of keys');
  const item = value as Record<string, unknown>;
  const known = ['name', 'message', 'expect', 'drop', 'reject'];
  const unknown = Object.keys(item).find((key) => !known.includes(key));
  if (unknown !== undefined) throw invalid(`${at}.${unknown}`, `unknown key; known are ${known.join(', ')}`);
  const ends = ['expect', 'drop', 'reject'].filter((key) => item[key] !== undefined);
  if (ends.length !== 1) throw invalid(at, 'needs exactly one of expect, drop, reject');
  const result: Record<string, unknown> = {
    name: typeof item.name === 'string' ? item.name : at,
    message: readCaseMessage(item.message, `${at}.message`),
  };
  if (item.expect !== undefined) {
    result.expect = item.expect === 'same' ? 'same' : readCaseMessage(item.expect, `${at}.expect`);
  }
  for (const key of ['drop', 'reject']) {
    const end = item[key];
    if (end === undefined) continue;
    if (typeof end !== 'string' && end !== true) throw invalid(`${at}.${key}`, 'must be a text, or true');
    result[key] = end;
  }
  return result as unknown as Case;
}

function readCaseMessage(value: unknown, at: string): CaseMessage {
  if (typeof value !== 'object' || value === null) throw invalid(at, 'must be a message: header, body or base64, text');
  const { header = {}, body, base64, text } = value as Record<string, unknown>;
  if (typeof header !== 'object' || header === null) throw invalid(`${at}.header`, 'must be a block of headers');
  const headers = Object.fromEntries(Object.entries(header).map(([name, item]) => [name, String(item)]));
  if (body !== undefined && base64 !== undefined) throw invalid(at, 'has both body and base64');
  return {
    header: headers,
    ...(body === undefined ? {} : { body: String(body) }),
    ...(base64 === undefined ? {} : { base64: String(base64) }),
    ...(text === undefined ? {} : { text: text === true }),
  };
}

function messageOf({ header, body, base64, text }: CaseMessage): Message {
  const bytes = base64 === undefined ? Buffer.from(body ?? '') : Buffer.from(base64, 'base64');
  return new Message(newHeader(header), bytes, text ?? base64 === undefined);
}

function caseMessageOf({ header, body, text }: Message): CaseMessage {
  const isText = text || body.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
  if (isText) return { header: { ...header }, body: body.toString('utf8'), text };
  return { header: { ...header }, base64: body.toString('base64') };
}

function describeWanted({ expect, drop, reject }: Case, before: Message): string[] {
  if (drop !== undefined) return [drop === true ? 'dropped' : `dropped: ${drop}`];
  if (reject !== undefined) return [reject === true ? 'rejected' : `rejected: ${reject}`];
  return describeMessage(expect === 'same' || expect === undefined ? before : messageOf(expect));
}

function describeOutcome(outcome: CheckOutcome | undefined, { drop, reject }: Case): string[] {
  if (outcome === undefined) return ['no outcome'];
  if (outcome.kind === 'pass') return describeMessage(outcome.message);
  if (outcome.kind === 'drop') return [drop === true ? 'dropped' : `dropped: ${outcome.reason}`];
  if (reject === true) return ['rejected'];
  if (reject !== undefined) return [`rejected: ${outcome.error.code}`];
  return [`rejected: ${outcome.error.message}`];
}

function describeMessage({ header, body, text }: Message): string[] {
  const names = Object.keys(header).sort();
  const lines = names.map((name) => `${name}: ${JSON.stringify(header[name])}`);
  const content = text ? body.toString('utf8') : body.toString('latin1');
  const shown = content.split('\n').map((line) => `| ${text ? line : JSON.stringify(line).slice(1, -1)}`);
  return [...lines, text ? 'text' : 'bytes', ...(content === '' ? [] : shown)];
}

/** Both as lines with the longest common part kept: `  ` common, `- ` wanted, `+ ` found. Empty when they are the same. */
function differenceOf(wanted: readonly string[], found: readonly string[]): string[] {
  if (wanted.length === found.length && wanted.every((line, index) => line === found[index])) return [];
  let start = 0;
  while (start < wanted.length && start < found.length && wanted[start] === found[start]) start += 1;
  let end = 0;
  const shorter = Math.min(wanted.length, found.length) - start;
  while (end < shorter && wanted.at(-1 - end) === found.at(-1 - end)) end += 1;
  const gone = wanted.slice(start, wanted.length - end);
  const come = found.slice(start, found.length - end);
  const kept = new Set(gone.filter((line) => come.includes(line)));
  const lines = [
    ...gone.filter((line) => !kept.has(line)).map((line) => `- ${line}`),
    ...come.filter((line) => !kept.has(line)).map((line) => `+ ${line}`),
  ];
  // the same lines in another order
  return lines.length > 0 ? lines : [...gone.map((line) => `- ${line}`), ...come.map((line) => `+ ${line}`)];
}

function invalid(at: string, reason: string): StompctlError {
  return new StompctlError('CONFIG_INVALID', 'test', at, reason);
}
