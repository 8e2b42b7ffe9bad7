import { num, type Scalar, str } from './perl-values.js';

/** By character, not by UTF-16 unit: characters above U+FFFF come last. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const x = left.charCodeAt(at);
    const y = right.charCodeAt(at);
    if (x === y) continue;
    const high = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
    if (high(x) !== high(y)) return high(x) ? 1 : -1;
    return x < y ? -1 : 1;
  }
  return left.length < right.length ? -1 : 1;
}

const texts = (x: Scalar, y: Scalar, where: string): number => compareText(str(x, where), str(y, where));

export const sEq = (x: Scalar, y: Scalar): boolean => str(x, 'string eq') === str(y, 'string eq');
export const sNe = (x: Scalar, y: Scalar): boolean => str(x, 'string ne') !== str(y, 'string ne');
export const sLt = (x: Scalar, y: Scalar): boolean => texts(x, y, 'string lt') < 0;
export const sGt = (x: Scalar, y: Scalar): boolean => texts(x, y, 'string gt') > 0;
export const sLe = (x: Scalar, y: Scalar): boolean => texts(x, y, 'string le') <= 0;
export const sGe = (x: Scalar, y: Scalar): boolean => texts(x, y, 'string ge') >= 0;
export const sCmp = (x: Scalar, y: Scalar): number => texts(x, y, 'string comparison (cmp)');

export const nEq = (x: Scalar, y: Scalar): boolean => num(x, 'numeric eq (==)') === num(y, 'numeric eq (==)');
export const nNe = (x: Scalar, y: Scalar): boolean => num(x, 'numeric ne (!=)') !== num(y, 'numeric ne (!=)');
export const nLt = (x: Scalar, y: Scalar): boolean => num(x, 'numeric lt (<)') < num(y, 'numeric lt (<)');
export const nGt = (x: Scalar, y: Scalar): boolean => num(x, 'numeric gt (>)') > num(y, 'numeric gt (>)');
export const nLe = (x: Scalar, y: Scalar): boolean => num(x, 'numeric le (<=)') <= num(y, 'numeric le (<=)');
export const nGe = (x: Scalar, y: Scalar): boolean => num(x, 'numeric ge (>=)') >= num(y, 'numeric ge (>=)');

export function nCmp(x: Scalar, y: Scalar): Scalar {
  const left = num(x, 'numeric comparison (<=>)');
  const right = num(y, 'numeric comparison (<=>)');
  if (left === right) return 0;
  if (left < right) return -1;
  return left > right ? 1 : undefined;
}
