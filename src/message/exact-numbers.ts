/**
 * Numbers in a message file may stand where strings belong (a producer wrote `"id": 12345678901234567890`), and JSON.parse
 * rounds the large ones. When one was rounded, the text is parsed again with every number in quotes.
 * `value` is what JSON.parse made of `json`; the answer is the same, with exact digits.
 */
export function exactNumbers(value: unknown, json: string): unknown {
  return holdsRoundedNumber(value, 2) ? JSON.parse(quoteNumbers(json)) : value;
}

/** What JSON.parse makes of `json`, but each number is the text of it: `1.10`. Throws a SyntaxError. */
export function numbersAsText(json: string): unknown {
  // well-formed, or it throws
  JSON.parse(json);
  return JSON.parse(quoteNumbers(json));
}

function holdsRoundedNumber(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return Math.abs(value) > Number.MAX_SAFE_INTEGER;
  if (depth === 0 || typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  for (const name in fields) if (holdsRoundedNumber(fields[name], depth - 1)) return true;
  return false;
}

/** `json` is known to be valid, so outside strings only numbers hold digits. */
function quoteNumbers(json: string): string {
  const number = /-?\d[\d.eE+-]*/g;
  const parts: string[] = [];
  let from = 0;
  while (from < json.length) {
    const quote = json.indexOf('"', from);
    const end = quote < 0 ? json.length : quote;
    parts.push(json.slice(from, end).replace(number, '"$&"'));
    if (quote < 0) break;
    from = endOfString(json, quote);
    parts.push(json.slice(quote, from));
  }
  return parts.join('');
}

function endOfString(json: string, quote: number): number {
  let at = quote + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}
