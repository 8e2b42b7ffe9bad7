import { StompctlError } from '../base/errors.js';

type Part = { readonly text: string } | { readonly header: string };

/** bytes of a name on every file system that stompctl knows */
const MOST_NAME_BYTES = 255;

/**
 * The path of a queue with values of headers in it: `/var/spool/in/%{header:destination}`. A value makes one name, whatever is in it:
 * bytes other than letters, digits, `_`, `-` and a dot that is not the first are written as `%XX`, so that two values never make the same
 * name, and none leads out of its folder.
 */
export class PathTemplate {
  /** as written */
  readonly text: string;
  readonly #parts: readonly Part[];

  private constructor(text: string, parts: readonly Part[]) {
    this.text = text;
    this.#parts = parts;
  }

  /** Undefined: the path has no value of a header in it. */
  static parse(text: string): PathTemplate | undefined {
    const parts = text.split(/(%\{header:[^}]+\})/).map((part): Part => {
      const [, header] = /^%\{header:([^}]+)\}$/.exec(part) ?? [];
      return header === undefined ? { text: part } : { header };
    });
    return parts.length === 1 ? undefined : new PathTemplate(text, parts);
  }

  /** The folder that all queues are in. */
  get folder(): string {
    const fixed = this.text.slice(0, this.text.indexOf('%{header:'));
    const slash = fixed.lastIndexOf('/');
    return slash === 0 ? '/' : slash < 0 ? '.' : fixed.slice(0, slash);
  }

  /** The path for a message with this header. Throws MESSAGE_BAD_HEADER when a value names none. */
  pathFor(header: Readonly<Record<string, string>>): string {
    const path = this.#parts.map((part) => ('text' in part ? part.text : this.#nameOf(part.header, header))).join('');
    const long = path.split('/').find((name) => Buffer.byteLength(name) > MOST_NAME_BYTES);
    if (long !== undefined) throw this.#refused(`the name it makes is longer than ${MOST_NAME_BYTES} bytes`);
    return path;
  }

  #nameOf(name: string, header: Readonly<Record<string, string>>): string {
    const value = header[name];
    const which = `the header ${JSON.stringify(name)}, which names the queue,`;
    if (value === undefined || value === '') throw this.#refused(`${which} is missing or empty`);
    // its name would be harmless; a message that says so wants something else
    if (value.split(/[/\\]/).some((step) => step === '..')) throw this.#refused(`${which} has ".." in its path`);
    const bytes = [...Buffer.from(value, 'utf8')];
    return bytes.map((byte, index) => escaped(String.fromCharCode(byte), byte, index === 0)).join('');
  }

  #refused(reason: string): StompctlError {
    return new StompctlError(
      'MESSAGE_BAD_HEADER',
      'queue',
      this.text,
      `${reason}; correct the producer, or set it in a callback`,
    );
  }
}

function escaped(character: string, byte: number, isFirst: boolean): string {
  const safe = /[A-Za-z0-9_-]/.test(character) || (character === '.' && !isFirst);
  return safe ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
