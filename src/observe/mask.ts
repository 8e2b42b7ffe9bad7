const MASK = '***';

/**
 * Names whose value is a secret, in headers, options, tables and log fields: what holds a word for a password or a token, and
 * the keys that open something (`api-key`, `AccessKey`), not those that name something (`routing-key`, `SSL_key_file`).
 */
const SECRET_NAME =
  /pass(?:word|wd|phrase|code)|secret|token|authorization|(?:^|[^a-z])(?:pass|pwd)(?:$|[^a-z])|[a-z]pass$|(?:api|access|private|auth|account|signing|encryption|shared|client|master)[-_.]?key/i;
const SOME_KEY = /[a-z0-9](?:[-_.]key|Key)$/;
const NAMING_KEY = /(?:routing|partition|group|sort|primary|foreign|public|order(?:ing)?|message)[-_.]?key$/i;
/** Not the secret itself, but where it is; and the names of files, which stand before a line number. */
const PLACE_NAME = /[-_.](?:file|path|env|credential|conf|cfg|ya?ml|json|ini|[cm]?js|pl|txt|pem|crt)$/i;

/** The password in the user info of a URI, in which `/` may stand: up to the last `@` before a blank or the next URI. */
const URI_PASSWORD = /(:\/\/[^\s/?#:@]*:)(?!\d{1,5}(?:[/?#,)\s]|$))(?:(?!:\/\/)\S)*(?=@)/g;
/** `pass=`, `"api-key": `, `passcode:` in a query, a credential or KEY=VALUE list, JSON, a frame. */
const NAME_AND_SIGN = /(?<![\w.-])([\w.-]+)["']?\s*[=:]\s*/g;
/** What stands behind it. */
const NAMED_VALUE = /(?!\*\*\*)(?:"[^"]*"|'[^']*'|[^\s&]+)/y;
/** What a text must have for one of its names to be a secret's: a plain search is cheaper than the expressions. */
const MAY_NAME_SECRET = /pass|pwd|secret|token|authorization|key/i;

/** Is a header, option, key or field of this name a secret? The one place that decides it. */
export function isSecretName(name: string): boolean {
  if (PLACE_NAME.test(name)) return false;
  return SECRET_NAME.test(name) || (SOME_KEY.test(name) && !NAMING_KEY.test(name));
}

/** A text with the secrets that can be recognised in it replaced: passwords in URIs, `pass=…`, `passcode:…`. */
export function maskText(text: string): string {
  let masked = text;
  if (masked.includes('://')) masked = masked.replace(URI_PASSWORD, `$1${MASK}`);
  return MAY_NAME_SECRET.test(masked) ? maskNamed(masked) : masked;
}

function maskNamed(text: string): string {
  const names = new RegExp(NAME_AND_SIGN);
  let masked = '';
  let end = 0;
  for (let found = names.exec(text); found !== null; found = names.exec(text)) {
    // what stands after another name may hold one itself, as in `uri=ws://h/?token=x`: only the sign is passed over
    if (!isSecretName(found[1] ?? '')) continue;
    NAMED_VALUE.lastIndex = names.lastIndex;
    if (!NAMED_VALUE.test(text)) continue;
    masked += `${text.slice(end, names.lastIndex)}${MASK}`;
    end = NAMED_VALUE.lastIndex;
    names.lastIndex = end;
  }
  return masked + text.slice(end);
}

const HOST_AND_PORT = String.raw`(?:[\w.-]*|\[[0-9A-Fa-f:.]*(?:%[\w.-]+)?\])(?::\d{1,5})?`;
const PLAIN_URI = new RegExp(String.raw`^(?:[a-z][a-z0-9+.-]*:\/\/)?${HOST_AND_PORT}(?:[/?#].*)?$`, 'is');
const AFTER_USER = new RegExp(`^${HOST_AND_PORT}(?:[/?#][^@]*)?$`, 's');

/**
 * What may be shown of the value of a URI option, valid or not: whatever may be a name and a password is left out, since people
 * write them there, with characters that end the authority and without a host as well.
 */
export function shownUri(text: string): string {
  const list = /^failover:(?:\/\/)?\(?([^()]*)\)?(?:\?.*)?$/is.exec(text);
  if (list !== null) {
    const safe = !text.includes('@') && (list[1] ?? '').split(',').every((uri) => PLAIN_URI.test(uri.trim()));
    return safe ? maskText(text) : `failover:(${MASK})`;
  }
  if (/^failover:/i.test(text)) return `failover:(${MASK})`;
  if (/^file:/i.test(text) && !text.includes('@')) return maskText(text);
  if (!text.includes('@') && PLAIN_URI.test(text)) return maskText(text);
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? '';
  const [, path = ''] = new RegExp(`^${HOST_AND_PORT}([/?#].*)$`, 's').exec(text.slice(scheme.length)) ?? [];
  // a host, a port, and an `@` only behind them
  if (scheme !== '' && path !== '') return maskText(text);
  const after = text.slice(text.lastIndexOf('@') + 1);
  if (!text.includes('@') || !AFTER_USER.test(after)) return `${scheme}${MASK}`;
  return `${scheme}${MASK}@${maskText(after)}`;
}

/** Plain data, as a parsed configuration is, with its secrets replaced, by the names of its parts and in its texts. */
export function maskTree(value: unknown, name = ''): unknown {
  if (isSecretName(name) && typeof value !== 'object') return MASK;
  // callback code would be garbled: it is shown as it is, as documented
  if (typeof value === 'string' && /(?:^|-)code$/i.test(name)) return value;
  if (typeof value === 'string') return /(?:^|-)uri$/i.test(name) ? shownUri(value) : maskText(value);
  if (Array.isArray(value)) return value.map((item) => maskTree(item, name));
  if (typeof value !== 'object' || value === null) return value;
  const masked = Object.create(null) as Record<string, unknown>;
  for (const [key, part] of Object.entries(value)) {
    // below a name that says secret, everything is
    masked[key] = maskTree(part, isSecretName(name) ? name : key);
  }
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
  if (typeof value === 'string') return shortText(value);
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
  const fields: Record<string, unknown> = { message: shortText(error.message) };
  if ('code' in error) fields.code = safeField(error.code, depth + 1);
  // an error of ours says where it comes from; any other one is a fault of the program, or a system error's detail
  else if (error.stack !== undefined) fields.stack = shortText(error.stack);
  if (error.cause !== undefined) fields.cause = safeField(error.cause, depth + 1);
  return fields;
}

/** A text masked as `maskText`, and cut where it is longer than `most` characters: in this order, or the cut would leave a part of a secret. */
export function shortText(text: string, most = MAX_TEXT): string {
  const masked = maskText(text);
  return masked.length <= most ? masked : `${masked.slice(0, most)}… (${text.length} characters)`;
}
