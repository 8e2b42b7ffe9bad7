import { host, parse } from './host.js';
import { giveToQueue, type Header, Message, newHeader } from './message.js';
import { array, box, table } from './perl-lists.js';
import { bool, Died, isHash, Place, type Scalar, str } from './perl-values.js';

const QUEUE = 'Messaging::Message::Queue';

/** `Messaging::Message::Queue`: messages given to it are added by the program, outside of the sandbox. */
class TapQueue {
  readonly path: string;
  readonly type: string;

  constructor(options: Record<string, Scalar>) {
    if (options.path === undefined) throw new Died(`${QUEUE}: missing option: path`);
    this.path = str(options.path);
    this.type = options.type === undefined ? 'DQS' : str(options.type);
  }

  add(message: Scalar): string {
    if (!Message.is(message)) throw new Died(`${QUEUE}::add_message(): not a message`);
    giveToQueue(this.path, this.type, message, (body) => str(body));
    return '';
  }
}

/** Calls a method; `name` may be called on a class, by name, or on what one gave. */
export function method(on: Scalar, name: string, args: Scalar[]): Scalar {
  if (Message.is(on)) return messageMethod(on, name, args);
  if (on instanceof TapQueue) return queueMethod(on, name, args);
  if (on === 'Messaging::Message' && name === 'new') return newMessage(optionsOf(args));
  if (on === QUEUE && name === 'new') return new TapQueue(optionsOf(args));
  if (on === undefined) throw new Died(`Can't call method "${name}" on an undefined value`);
  if (typeof on !== 'object') throw new Died(`Can't locate object method "${name}" via package "${str(on)}"`);
  throw new Died(`Can't call method "${name}" on unblessed reference`);
}

function messageMethod(message: Message, name: string, args: Scalar[]): Scalar {
  const [value] = args;
  const setting = args.length > 0;
  switch (name) {
    case 'header':
      if (!setting) return message.header;
      message.header = table(value) as Header;
      return message;
    case 'header_field':
      if (args.length < 2) return message.header[str(value, 'header_field')];
      message.header[str(value, 'header_field')] = str(args[1], 'header_field');
      return message;
    case 'body':
      if (!setting) return message.body;
      message.body = str(value, 'body');
      return message;
    case 'body_ref':
      if (!setting) return bodyRef(message);
      message.body = str(box(value).v, 'body_ref');
      return message;
    case 'text':
      if (!setting) return message.text ? 1 : 0;
      message.text = bool(value);
      return message;
    case 'size':
      return message.size();
    case 'copy':
      return message.copy();
    case 'stringify':
      return toJson(message);
    case 'serialize':
      return utf8Bytes(toJson(message));
    case 'isa':
      return value === 'Messaging::Message' ? 1 : '';
    default:
      throw new Died(`Can't locate object method "${name}" via package "Messaging::Message"`);
  }
}

function queueMethod(queue: TapQueue, name: string, args: Scalar[]): Scalar {
  if (name === 'add_message') return queue.add(args[0]);
  if (name === 'path') return queue.path;
  throw new Died(`method "${name}" of ${QUEUE} is not supported in callbacks; use add_message`);
}

/** `body_ref`: the body as a scalar that can be read and written. */
export function bodyRef(message: Message): Place {
  return new Place(
    () => message.body,
    (value) => {
      message.body = value as string;
    },
  );
}

function optionsOf(args: Scalar[]): Record<string, Scalar> {
  const [only] = args;
  if (args.length === 1 && isHash(only)) return only;
  const options = Object.create(null) as Record<string, Scalar>;
  for (let at = 0; at < args.length; at += 2) options[str(args[at])] = args[at + 1];
  return options;
}

function newMessage(options: Record<string, Scalar>): Message {
  for (const name in options) {
    if (!['header', 'body', 'body_ref', 'text'].includes(name))
      throw new Died(`Messaging::Message: unknown option: ${name}`);
  }
  const { header, body, body_ref: reference, text } = options;
  return new Message({
    header: header === undefined ? newHeader() : (table(header) as Header),
    body: reference === undefined ? str(body ?? '') : str(box(reference).v),
    text: bool(text),
  });
}

/** As the element of a DQS queue holds it; of a binary message each character of the body is a byte. */
function toJson(message: Message): string {
  return Message.toJson(message.header, str(message.body), Boolean(message.text));
}

export function utf8Bytes(text: string): string {
  if (!/[\x80-\u{10ffff}]/u.test(text)) return text;
  return encodeURIComponent(text).replace(/%(..)/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** What Perl writes are bytes: those that are UTF-8 are shown as the characters they mean. */
export function shown(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  const decoded = parse(host.decode(bytes.buffer)) as string;
  return decoded.includes('\ufffd') ? text : decoded;
}

/** What `check` returned, as the prelude wants it: a message, a reason, or something that is neither. */
export function verdict(value: Scalar): Scalar {
  if (Message.is(value) || typeof value === 'string') return value === '0' ? 0 : value;
  if (typeof value === 'number') return value === 0 ? 0 : str(value);
  return Array.isArray(value) ? array(value) : value;
}
