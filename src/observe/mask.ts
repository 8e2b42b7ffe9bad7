const MASK = '***';

/** Names whose value is a secret, in headers, options and log fields. */
const SECRET_NAME = /^(passcode|password|passphrase|passwd|pass|secret|token|authorization)$/i;
/** The password in the user info of a URI: everything from the colon to the last `@` before the path. */
const URI_PASSWORD = /(:\/\/[^\s/?#:@]*:)[^\s/?#]*(?=@)/g;
/** `pass=…`, `password=…` in a query or a credential text, `passcode:…` in a frame. */
const NAMED_SECRET =
  /\b(passcode|password|passphrase|passwd|pass)(\s*[=:]\s*)(?!\*\*\*)("[^"]*"|'[^']*'|[^\s&;,"')}]+)/gi;

/** Is a header, option or field of this name a secret? */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** A text with the secrets that can be recognised in it replaced: passwords in URIs, `pass=…`, `passcode:…`. */
export function maskText(text: string): string {
  // nearly every text has neither: two plain searches are cheaper than the expressions
  let masked = text;
  if (masked.includes('://')) masked = masked.replace(URI_PASSWORD, `$1${MASK}`);
  if (/pass/i.test(masked)) masked = masked.replace(NAMED_SECRET, `$1$2${MASK}`);
  return masked;
}

/** The deepest nesting that is logged; anything below is left out. */
const MAX_DEPTH = 4;
/** The longest text of a field. */
const MAX_TEXT = 2000;
/** The most members of a list or object. */
const MAX_MEMBERS = 50;

/**
 * A value made fit for a log line: secrets masked, bytes replaced by their number (a body must not get into a log), errors
 * spelled out with code and causes, everything bounded.
 */
export function safeField(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskText(shorten(value));
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return '(function)';
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '…';
  if (value instanceof Error) return errorFields(value, depth);
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '(no date)' : value.toISOString();
  if (value instanceof Map || value instanceof Set) return safeField([...value], depth);
  if (Array.isArray(value)) return value.slice(0, MAX_MEMBERS).map((member) => safeField(member, depth + 1));
  const fields: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value).slice(0, MAX_MEMBERS)) {
    fields[name] = isSecretName(name) && member !== undefined ? MASK : safeField(member, depth + 1);
  }
  return fields;
}

function errorFields(error: Error, depth: number): Record<string, unknown> {
  const fields: Record<string, unknown> = { message: maskText(shorten(error.message)) };
  if ('code' in error) fields.code = safeField(error.code, depth + 1);
  // an error of ours says where it comes from; any other one is a fault of the program, or a system error's detail
  else if (error.stack !== undefined) fields.stack = maskText(shorten(error.stack));
  if (error.cause !== undefined) fields.cause = safeField(error.cause, depth + 1);
  return fields;
}

function shorten(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}… (${text.length} characters)`;
}
