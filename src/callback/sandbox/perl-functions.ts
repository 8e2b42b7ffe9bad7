import { lengthOf } from './message.js';
import { type Box, Died, num, type Scalar, str, trimmed, warning } from './perl-values.js';

const ASTRAL = /[\ud800-\udfff]/;

/** Positions in Perl count characters; these turn them into UTF-16 units where the two differ. */
function units(text: string, characters: number): number {
  if (!ASTRAL.test(text)) return characters;
  let at = 0;
  for (const char of text) {
    if (characters <= 0) break;
    at += char.length;
    characters -= 1;
  }
  return at + characters;
}

function characters(text: string, at: number): number {
  return at < 0 || !ASTRAL.test(text) ? at : lengthOf(text.slice(0, at));
}

export function length(value: Scalar): Scalar {
  return value === undefined ? undefined : lengthOf(str(value));
}

interface Span {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

function span(value: Scalar, offset: Scalar, count: Scalar): Span | undefined {
  const text = str(value, 'substr');
  const size = lengthOf(text);
  const given = Math.trunc(num(offset, 'substr'));
  let from = given < 0 ? given + size : given;
  const wanted = count === undefined ? size - from : Math.trunc(num(count, 'substr'));
  let to = wanted < 0 ? size + wanted : from + wanted;
  if (from > size || (from < 0 && to < 0)) return undefined;
  from = Math.max(0, from);
  to = Math.min(size, Math.max(from, to));
  return { text, from: units(text, from), to: units(text, to) };
}

export function substr(value: Scalar, offset: Scalar, count?: Scalar): Scalar {
  const found = span(value, offset, count);
  if (found === undefined) return warning('substr outside of string');
  return found.text.slice(found.from, found.to);
}

/** Four-argument `substr` and assignment to `substr`: gives what was there. */
export function substrSet(box: Box, offset: Scalar, count: Scalar, replacement: Scalar): Scalar {
  const found = span(box.v, offset, count);
  if (found === undefined) throw new Died('substr outside of string');
  box.v = found.text.slice(0, found.from) + str(replacement, 'substr') + found.text.slice(found.to);
  return found.text.slice(found.from, found.to);
}

export function index(value: Scalar, part: Scalar, from: Scalar = 0): number {
  const text = str(value, 'index');
  return characters(text, text.indexOf(str(part, 'index'), units(text, Math.max(0, num(from)))));
}

export function rindex(value: Scalar, part: Scalar, from?: Scalar): number {
  const text = str(value, 'rindex');
  const limit = from === undefined ? Number.POSITIVE_INFINITY : units(text, num(from));
  if (limit < 0) return str(part) === '' ? 0 : -1;
  return characters(text, text.lastIndexOf(str(part, 'rindex'), limit));
}

export const lc = (value: Scalar): string => str(value, 'lc').toLowerCase();
export const uc = (value: Scalar): string => str(value, 'uc').toUpperCase();

export function ucfirst(value: Scalar): string {
  const [first = '', ...rest] = str(value, 'ucfirst');
  return first.toUpperCase() + rest.join('');
}

export function lcfirst(value: Scalar): string {
  const [first = '', ...rest] = str(value, 'lcfirst');
  return first.toLowerCase() + rest.join('');
}

export function chr(value: Scalar): string {
  const point = Math.trunc(num(value, 'chr'));
  return point < 0 || point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point);
}

export function ord(value: Scalar): number {
  return str(value, 'ord').codePointAt(0) ?? 0;
}

export function hex(value: Scalar): number {
  const text = str(value, 'hex')
    .replace(/^0?[xX]/, '')
    .replaceAll('_', '');
  if (!/^[\da-fA-F]*$/.test(text)) warning('Illegal hexadecimal digit ignored');
  return text === '' ? 0 : Number.parseInt(text, 16);
}

export function oct(value: Scalar): number {
  const text = str(value, 'oct').trim().replaceAll('_', '');
  if (/^0?[xX]/.test(text)) return hex(text);
  const binary = /^0?[bB]([01]*)$/.exec(text);
  if (binary !== null) return Number.parseInt(binary[1] || '0', 2);
  const digits = text.replace(/^0?[oO]/, '');
  if (/^[0-7]*[89]/.test(digits)) warning('Illegal octal digit ignored');
  return Number.parseInt(/^[0-7]*/.exec(digits)?.[0] || '0', 8);
}

export const int = (value: Scalar): number => Math.trunc(num(value, 'int')) + 0;
export const abs = (value: Scalar): number => Math.abs(num(value, 'abs'));

export function sqrt(value: Scalar): number {
  const given = num(value, 'sqrt');
  if (given < 0) throw new Died(`Can't take sqrt of ${given}`);
  return Math.sqrt(given);
}

export function log(value: Scalar): number {
  const given = num(value, 'log');
  if (given <= 0) throw new Died(`Can't take log of ${given}`);
  return Math.log(given);
}

export const sin = (value: Scalar): number => Math.sin(num(value));
export const cos = (value: Scalar): number => Math.cos(num(value));
export const exp = (value: Scalar): number => Math.exp(num(value));
export const atan2 = (y: Scalar, x: Scalar): number => Math.atan2(num(y), num(x));
export const rand = (most: Scalar = 1): number => Math.random() * (num(most) || 1);
export const time = (): number => Math.floor(Date.now() / 1000);

export function quotemeta(value: Scalar): string {
  return str(value, 'quotemeta').replace(/[^\w\x80-\u{10ffff}]/gu, '\\$&');
}

/** Takes one line end off; how many characters went. */
export function chomp(box: Box): number {
  if (box.v === undefined) warning('Use of uninitialized value in chomp');
  const text = str(box.v);
  if (!text.endsWith('\n')) return 0;
  box.v = text.slice(0, -1);
  return 1;
}

export function chop(box: Box): string {
  const all = [...str(box.v, 'chop')];
  const gone = all.pop() ?? '';
  box.v = all.join('');
  return gone;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The nine fields of `localtime` or `gmtime`. */
export function timeFields(value: Scalar, utc: boolean): number[] {
  const date = new Date((value === undefined ? time() : Math.floor(num(value, 'localtime'))) * 1000);
  // a date whose UTC fields are the local ones makes the rest the same for both
  const shown = utc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  const year = shown.getUTCFullYear();
  const day = Math.floor((shown.getTime() - Date.UTC(year, 0, 1)) / 86_400_000);
  const winter = Math.max(...[0, 6].map((month) => new Date(year, month, 1).getTimezoneOffset()));
  const summer = utc || date.getTimezoneOffset() === winter ? 0 : 1;
  const clock = [shown.getUTCSeconds(), shown.getUTCMinutes(), shown.getUTCHours()];
  return [...clock, shown.getUTCDate(), shown.getUTCMonth(), year - 1900, shown.getUTCDay(), day, summer];
}

/** `Thu Sep  9 01:46:40 1999`. */
export function timeText(value: Scalar, utc: boolean): string {
  const [second = 0, minute = 0, hour = 0, day = 0, month = 0, year = 0, weekday = 0] = timeFields(value, utc);
  const clock = [hour, minute, second].map((part) => String(part).padStart(2, '0')).join(':');
  return `${DAYS[weekday]} ${MONTHS[month]} ${String(day).padStart(2)} ${clock} ${year + 1900}`;
}

export function sprintf(format: Scalar, list: readonly Scalar[]): string {
  let next = 0;
  const take = (): Scalar => {
    if (next >= list.length) warning('Missing argument in sprintf');
    next += 1;
    return list[next - 1];
  };
  const text = str(format, 'sprintf').replace(
    /%(?:(\d+)\$)?([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d*))?(?:h|l|ll|q|L|V)?([a-zA-Z%])/g,
    (
      all,
      which: string | undefined,
      flags: string,
      wide: string | undefined,
      exact: string | undefined,
      kind: string,
    ) => {
      if (kind === '%') return '%';
      let width = wide === '*' ? Math.trunc(num(take(), 'sprintf')) : Number(wide ?? 0);
      const left = flags.includes('-') || width < 0;
      width = Math.abs(width);
      const precision =
        exact === '*' ? Math.trunc(num(take(), 'sprintf')) : exact === undefined ? undefined : Number(exact);
      const value = which === undefined ? take() : list[Number(which) - 1];
      const body = convert(kind, value, flags, precision);
      if (body === undefined) return warning(`Invalid conversion "${all}" in sprintf`) ?? all;
      const size = lengthOf(body);
      if (size >= width) return body;
      if (left) return body + ' '.repeat(width - size);
      const zeros = flags.includes('0') && !(precision !== undefined && 'diuxXob'.includes(kind));
      if (!zeros) return ' '.repeat(width - size) + body;
      const sign = kind === 's' ? '' : (/^[-+ ]?(?:0[xXbB])?/.exec(body)?.[0] ?? '');
      return sign + '0'.repeat(width - size) + body.slice(sign.length);
    },
  );
  if (next < list.length && !/%\d+\$/.test(str(format))) warning('Redundant argument in sprintf');
  return text;
}

function convert(kind: string, value: Scalar, flags: string, precision: number | undefined): string | undefined {
  if (kind === 's') {
    const text = str(value, 'sprintf');
    return precision === undefined ? text : [...text].slice(0, precision).join('');
  }
  if (kind === 'c') return chr(value);
  const number = num(value, 'sprintf');
  const plus = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  if (!Number.isFinite(number)) {
    return Number.isNaN(number) ? 'NaN' : `${number < 0 ? '-' : plus}Inf`;
  }
  if ('diuxXobB'.includes(kind)) return integer(kind, Math.trunc(number), flags, precision ?? 1, plus);
  if ('eEfFgG'.includes(kind)) {
    const sign = number < 0 || Object.is(number, -0) ? '-' : plus;
    const text = floating(kind.toLowerCase(), Math.abs(number), precision ?? 6);
    return sign + (kind < 'a' ? text.toUpperCase() : text);
  }
  return undefined;
}

function integer(kind: string, value: number, flags: string, digits: number, plus: string): string {
  const base = { x: 16, X: 16, o: 8, b: 2, B: 2 }[kind];
  if (base === undefined) {
    const text = BigInt(Math.abs(value)).toString().padStart(digits, '0');
    return (value < 0 ? '-' : kind === 'u' ? '' : plus) + text;
  }
  const text = BigInt.asUintN(64, BigInt(value)).toString(base).padStart(digits, '0');
  const prefix = flags.includes('#') && value !== 0 ? { x: '0x', X: '0x', o: '0', b: '0b', B: '0b' }[kind] : '';
  return kind === 'X' ? (prefix + text).toUpperCase() : prefix + text;
}

function floating(kind: string, value: number, precision: number): string {
  if (kind === 'f') return fixed(value, precision);
  if (kind === 'e') return exponent(value.toExponential(Math.min(100, precision)));
  const digits = Math.max(1, precision);
  const power = value === 0 ? 0 : Number(value.toExponential(Math.min(100, digits) - 1).split('e')[1]);
  if (power < -4 || power >= digits) return trimmed(value.toExponential(digits - 1));
  const text = fixed(value, digits - 1 - power);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Like `toFixed`, but a tie goes to the even digit, as C's printf has it. */
function fixed(value: number, precision: number): string {
  const digits = Math.min(100, Math.max(0, precision));
  const text = plainFixed(value, digits);
  if (value >= 1e15 || digits > 60) return text;
  const rest = value.toFixed(Math.min(100, digits + 40)).slice(-Math.min(100 - digits, 40));
  const odd = /[13579]$/.test(text);
  if (!odd || !/^50*$/.test(rest)) return text;
  return text.slice(0, -1) + String(Number(text.at(-1)) - 1);
}

function plainFixed(value: number, precision: number): string {
  return value < 1e21
    ? value.toFixed(Math.min(100, Math.max(0, precision)))
    : BigInt(value).toString() + (precision > 0 ? `.${'0'.repeat(precision)}` : '');
}

function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
