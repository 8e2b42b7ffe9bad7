import { Message } from './message.js';

/**
 * Perl's scalars as JavaScript values: undef is undefined, strings and numbers are themselves, a reference is the thing
 * it refers to: an array, a null-prototype object (hash), a function, a Box (scalar), a message, a pattern.
 */
export type Scalar = unknown;
export type Hash = Record<string, Scalar>;
export type Sub = (args: Scalar[], want: 0 | 1) => Scalar;

/** A place that holds a scalar: what `\$x` refers to, and what a loop variable stands for. */
export interface Box {
  v: Scalar;
}

export class Cell implements Box {
  v: Scalar;
  constructor(v?: Scalar) {
    this.v = v;
  }
}

/** A place reached through functions: a variable, an element. */
export class Place implements Box {
  readonly #get: () => Scalar;
  readonly #set: (value: Scalar) => void;
  constructor(get: () => Scalar, set: (value: Scalar) => void) {
    this.#get = get;
    this.#set = set;
  }
  get v(): Scalar {
    return this.#get();
  }
  set v(value: Scalar) {
    this.#set(value);
  }
}

/** `qr/…/`. */
export class Pattern {
  readonly source: string;
  readonly flags: string;
  readonly regex: RegExp;
  constructor(source: string, flags: string, regex: RegExp) {
    this.source = source;
    this.flags = flags;
    this.regex = regex;
  }
}

/** What `die` throws: the value, or a text that ends with the place. */
export class Died extends Error {
  readonly value: Scalar;
  constructor(value: Scalar) {
    super(typeof value === 'string' ? value.replace(/\n$/, '') : describeRef(value));
    this.value = value;
    this.name = '';
  }
}

let silent = false;

/** `no warnings`. */
export function quiet(): void {
  silent = true;
}

/** stompclt makes warnings fatal, so they are errors here. */
export function warning(text: string): undefined {
  if (silent) return undefined;
  const error = new Error(text);
  error.name = '';
  throw error;
}

function uninitialized(where: string): string {
  return warning(`Use of uninitialized value in ${where}`) ?? '';
}

export function isBox(value: Scalar): value is Box {
  return value instanceof Cell || value instanceof Place;
}

export function isHash(value: Scalar): value is Hash {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}

export function bool(value: Scalar): boolean {
  return !(value === undefined || value === '' || value === '0' || value === 0 || value === false);
}

/** Perl's true and false. */
export function b(value: boolean): Scalar {
  return value ? 1 : '';
}

export function str(value: Scalar, where = 'string'): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  if (value === undefined) return uninitialized(where);
  if (typeof value === 'boolean') return value ? '1' : '';
  return describeRef(value);
}

/** Numbers print with 15 significant digits, whole ones below 2^63 in full. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) {
    if (Math.abs(value) < 1e15) return value === 0 ? '0' : String(value);
    if (Math.abs(value) < 2 ** 63) return String(BigInt(value));
  }
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : 'Inf';
  return trimmed(value.toPrecision(15));
}

/** `1.50000e+25` to `1.5e+25`, as `%g` writes it: an exponent of two digits at least. */
export function trimmed(text: string): string {
  const [mantissa = '', exponent] = text.split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  if (exponent !== undefined) return `${short}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  const tiny = /^(-?)0\.0000(0*)(\d+)$/.exec(short);
  if (tiny === null) return short;
  const digits = tiny[3] as string;
  const power = String((tiny[2] as string).length + 5).padStart(2, '0');
  return `${tiny[1]}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e-${power}`;
}

const NUMBER = /^\s*([+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|(?:inf(?:inity)?|nan)(?![a-z])))/i;
const ids = new WeakMap<object, number>();
let nextId = 0x55d0_0000_1000;

export function num(value: Scalar, where = 'numeric operation'): number {
  if (typeof value === 'number') return value;
  if (value === undefined) return Number(uninitialized(where));
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return idOf(value);
  // the false that comparisons give is empty and counts as 0 without a warning
  if (value === '') return 0;
  const text = NUMBER.exec(value)?.[0];
  if (text === undefined || value.slice(text.length).trim() !== '') warning(`Argument isn't numeric in ${where}`);
  if (text === undefined) return 0;
  const word = /[in]/i.exec(text);
  if (word !== null && !/\d/.test(text))
    return /n.n/i.test(text) ? Number.NaN : text.trim().startsWith('-') ? -Infinity : Infinity;
  return Number(text);
}

function idOf(value: Scalar): number {
  const object = value as object;
  let id = ids.get(object);
  if (id === undefined) {
    nextId += 24;
    id = nextId;
    ids.set(object, id);
  }
  return id;
}

export function refType(value: Scalar): string {
  if (typeof value === 'function') return 'CODE';
  if (typeof value !== 'object' || value === null) return '';
  if (Message.is(value)) return 'Messaging::Message';
  if (Array.isArray(value)) return 'ARRAY';
  if (isBox(value)) return typeof value.v === 'object' && value.v !== null ? 'REF' : 'SCALAR';
  if (value instanceof Pattern) return 'Regexp';
  return isHash(value) ? 'HASH' : 'Messaging::Message::Queue';
}

export function describeRef(value: Scalar): string {
  if (value instanceof Pattern) return `(?^${value.flags}:${value.source})`;
  const type = refType(value);
  const id = `(0x${idOf(value).toString(16)})`;
  return type.includes('::') ? `${type}=HASH${id}` : type + id;
}

/** A hash key. */
export function key(value: Scalar): string {
  return str(value, 'hash element');
}

export function cat(...parts: Scalar[]): string {
  let text = '';
  for (const part of parts) text += typeof part === 'string' ? part : str(part, 'concatenation (.) or string');
  return text;
}

export const add = (x: Scalar, y: Scalar): number => num(x, 'addition (+)') + num(y, 'addition (+)');
export const sub = (x: Scalar, y: Scalar): number => num(x, 'subtraction (-)') - num(y, 'subtraction (-)');
export const mul = (x: Scalar, y: Scalar): number => num(x, 'multiplication (*)') * num(y, 'multiplication (*)');
export const pow = (x: Scalar, y: Scalar): number => num(x, 'exponentiation (**)') ** num(y, 'exponentiation (**)');

export function div(x: Scalar, y: Scalar): number {
  const left = num(x, 'division (/)');
  const right = num(y, 'division (/)');
  if (right === 0) throw new Died('Illegal division by zero');
  return left / right;
}

/** The result has the sign of the right operand. */
export function mod(x: Scalar, y: Scalar): number {
  const left = Math.trunc(num(x, 'modulus (%)'));
  const right = Math.trunc(num(y, 'modulus (%)'));
  if (right === 0) throw new Died('Illegal modulus zero');
  const rest = left % right;
  return rest !== 0 && rest < 0 !== right < 0 ? rest + right : rest + 0;
}

export function neg(x: Scalar): Scalar {
  if (typeof x !== 'string' || x === '' || NUMBER.test(x)) return 0 - num(x, 'negation (-)');
  if (x.startsWith('-')) return `+${x.slice(1)}`;
  return x.startsWith('+') ? `-${x.slice(1)}` : /^[A-Za-z_]/.test(x) ? `-${x}` : 0 - num(x, 'negation (-)');
}

/** Integers of 64 bits, unsigned, as Perl's bit operators see them. */
function word(x: Scalar, where: string): bigint {
  const value = Math.trunc(num(x, where));
  if (!Number.isFinite(value)) return value > 0 ? MASK : 0n;
  // ~0 is rounded up to 2^64 on its way through a double
  return value >= 2 ** 64 ? MASK : BigInt(value) & MASK;
}

const MASK = (1n << 64n) - 1n;

export const bitAnd = (x: Scalar, y: Scalar): number => Number(word(x, 'bitwise and (&)') & word(y, 'bitwise and (&)'));
export const bitOr = (x: Scalar, y: Scalar): number => Number(word(x, 'bitwise or (|)') | word(y, 'bitwise or (|)'));
export const bitXor = (x: Scalar, y: Scalar): number => Number(word(x, 'bitwise xor (^)') ^ word(y, 'bitwise xor (^)'));
export const bitNot = (x: Scalar): number => Number(~word(x, "1's complement (~)") & MASK);

export function shl(x: Scalar, y: Scalar): number {
  return Number((word(x, 'left bitshift (<<)') << BigInt(Math.trunc(num(y)))) & MASK);
}

export function shr(x: Scalar, y: Scalar): number {
  return Number(word(x, 'right bitshift (>>)') >> BigInt(Math.trunc(num(y))));
}

export function repeat(x: Scalar, times: Scalar): string {
  const count = Math.trunc(num(times, 'repeat (x)'));
  if (count < 0) warning('Negative repeat count does nothing');
  return str(x, 'repeat (x) or string').repeat(Math.max(0, count));
}

export function repeatList(list: Scalar[], times: Scalar): Scalar[] {
  const count = Math.max(0, Math.trunc(num(times, 'repeat (x)')));
  return Array.from({ length: count }, () => list).flat();
}

/** `++`: a string of letters and digits counts up like a car's mileage (`az` → `ba`, `Zz` → `AAa`). */
export function succ(value: Scalar): Scalar {
  if (value === undefined) return 1;
  if (typeof value !== 'string' || value === '' || !/^[a-zA-Z]*[0-9]*$/.test(value) || /^\d+$/.test(value)) {
    return num(value, 'postincrement (++)') + 1;
  }
  return succText(value);
}

/** The next text of the same kind, digits included (`09` → `10`): what `++` and string ranges count with. */
export function succText(value: string): string {
  const last = { z: 'a', Z: 'A', '9': '0' } as Record<string, string>;
  let text = '';
  for (let at = value.length - 1; at >= 0; at -= 1) {
    const char = value[at] as string;
    const wrapped = last[char];
    if (wrapped === undefined) return value.slice(0, at) + String.fromCharCode(char.charCodeAt(0) + 1) + text;
    text = wrapped + text;
    if (at === 0) text = (char === '9' ? '1' : wrapped) + text;
  }
  return text;
}

export function pred(value: Scalar): number {
  return value === undefined ? -1 : num(value, 'postdecrement (--)') - 1;
}
