import { host, stringify } from './host.js';
import * as compare from './perl-compare.js';
import * as functions from './perl-functions.js';
import * as lists from './perl-lists.js';
import * as matching from './perl-match.js';
import * as messages from './perl-message.js';
import * as values from './perl-values.js';

/** Everything that translated Perl calls, as `P`. */
interface Box {
  v: values.Scalar;
}

/** A package variable: what `our` declares and `local *name` replaces. */
class Glob {
  s: Box = new values.Cell();
  a: values.Scalar[] = [];
  h: values.Hash = Object.create(null) as values.Hash;
  c: values.Sub | undefined;

  /** Makes the name stand for what a reference refers to; the function given back undoes it. */
  localize(reference: values.Scalar): () => void {
    const { s, a, h, c } = this;
    if (Array.isArray(reference)) this.a = reference;
    else if (typeof reference === 'function') this.c = reference as values.Sub;
    else if (values.isBox(reference)) this.s = reference;
    else this.h = lists.table(reference);
    return () => {
      Object.assign(this, { s, a, h, c });
    };
  }
}

const special: Record<string, values.Scalar> = {
  ',': undefined,
  '\\': undefined,
  '"': ' ',
  '|': 0,
  '0': 'stompctl',
  '/': '\n',
  '@': '',
};

function print(list: readonly values.Scalar[], to: string): values.Scalar {
  const separator = special[','] === undefined ? '' : values.str(special[',']);
  const text =
    list.map((item) => values.str(item, 'print')).join(separator) +
    (special['\\'] === undefined ? '' : values.str(special['\\']));
  if (/[^\0-\xff]/.test(text)) values.warning('Wide character in print; print bytes, or serialize the message');
  if (to === 'STDERR') host.log(stringify(['warn', messages.shown(text)]));
  else host.print(stringify(messages.shown(text)));
  return 1;
}

/** `die`: `place` is added unless the text ends its own line. */
function die(list: readonly values.Scalar[], place: string): never {
  const [only] = list;
  if (list.length === 1 && only !== null && (typeof only === 'object' || typeof only === 'function'))
    throw new values.Died(only);
  const text = list.map((item) => values.str(item, 'die')).join('') || 'Died';
  const error = new values.Died(text);
  throw text.endsWith('\n') ? error : new DiedAt(text, place);
}

class DiedAt extends values.Died {
  readonly placed: string;
  constructor(text: string, place: string) {
    super(text);
    this.placed = text + place;
  }
}

function warn(list: readonly values.Scalar[], place: string): values.Scalar {
  const text = list.map((item) => values.str(item, 'warn')).join('') || "Warning: something's wrong";
  host.log(stringify(['warn', text.endsWith('\n') ? text.slice(0, -1) : text + place.trimEnd()]));
  return 1;
}

/** `eval { … }`: what the block gives, or `otherwise` with `$@` set. */
function attempt<T>(code: () => T, otherwise: T): T {
  try {
    const result = code();
    special['@'] = '';
    return result;
  } catch (error) {
    if (error instanceof DiedAt) special['@'] = error.placed;
    else if (error instanceof values.Died) special['@'] = error.value;
    else if (error instanceof Error && error.message !== 'out of memory') special['@'] = `${error.message}.\n`;
    else throw error;
    return otherwise;
  }
}

/** Calls what a code reference refers to. */
function callValue(code: values.Scalar, args: values.Scalar[], want: 0 | 1): values.Scalar {
  if (typeof code !== 'function') throw new values.Died('Not a CODE reference');
  return (code as values.Sub)(args, want);
}

/** Changes what a place holds; gives the new value. */
function update(box: Box, change: (value: values.Scalar) => values.Scalar): values.Scalar {
  const value = change(box.v);
  box.v = value;
  return value;
}

/** Changes what a place holds; gives the old value, as a number unless it is a string that counts up. */
function updateAfter(box: Box, change: (value: values.Scalar) => values.Scalar): values.Scalar {
  const value = box.v;
  box.v = change(value);
  return value ?? 0;
}

function place(get: () => values.Scalar, set: (value: values.Scalar) => void): Box {
  return new values.Place(get, set);
}

function cell(value?: values.Scalar): Box {
  return new values.Cell(value);
}

/** The first of two values: the second is there for what it does. */
function first<T>(value: T, _after: unknown): T {
  return value;
}

/** A list or a value, as the caller wants. */
function give(value: values.Scalar, want: 0 | 1): values.Scalar {
  return want ? [value] : value;
}

/** `local`: the value for now; the function given back restores the old one. */
function localize(box: Box, value: values.Scalar): () => void {
  const outer = box.v;
  box.v = value;
  return () => {
    box.v = outer;
  };
}

function localTopic(value: values.Scalar): () => void {
  const outer = lists.topic.box;
  lists.topic.box = new values.Cell(value);
  return () => {
    lists.topic.box = outer;
  };
}

/** `sprintf(@list)`: the format is the first element. */
function sprintfAll(list: values.Scalar[]): string {
  return functions.sprintf(list[0], list.slice(1));
}

/** `pos`. */
function position(of: matching.Progress): values.Scalar {
  return of.text === undefined ? undefined : of.at;
}

function progress(): matching.Progress {
  return { text: undefined, at: 0 };
}

function glob(): Glob {
  return new Glob();
}

const runtime = {
  ...values,
  ...compare,
  ...functions,
  ...lists,
  ...matching,
  ...messages,
  ...{
    special,
    print,
    die,
    warn,
    attempt,
    callValue,
    update,
    updateAfter,
    place,
    cell,
    first,
    progress,
    glob,
    give,
    localize,
    localTopic,
    sprintfAll,
    position,
  },
};
Object.defineProperty(globalThis, 'P', { value: Object.freeze(runtime), configurable: false });
