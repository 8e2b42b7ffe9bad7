import { compareText } from './perl-compare.js';
import {
  type Box,
  bool,
  Cell,
  Died,
  type Hash,
  isBox,
  isHash,
  key,
  num,
  numberText,
  Place,
  refType,
  type Scalar,
  str,
  succText,
  warning,
} from './perl-values.js';

/** `$_` is `topic.box.v`; `$a` and `$b` of sort. */
export const topic: { box: Box; a: Scalar; b: Scalar } = { box: new Cell(), a: undefined, b: undefined };

export function hash(list: readonly Scalar[] = []): Hash {
  return setHash(Object.create(null) as Hash, list);
}

export function setHash(target: Hash, list: readonly Scalar[]): Hash {
  for (const name in target) delete target[name];
  if (list.length % 2 === 1) warning('Odd number of elements in hash assignment');
  for (let at = 0; at < list.length; at += 2) target[key(list[at])] = list[at + 1];
  return target;
}

export function setArray(target: Scalar[], list: readonly Scalar[]): Scalar[] {
  const copy = [...list];
  target.length = 0;
  for (const item of copy) target.push(item);
  return target;
}

/** All keys and values, as a hash gives in list context. */
export function pairs(table: Hash): Scalar[] {
  const list: Scalar[] = [];
  for (const name in table) list.push(name, table[name]);
  return list;
}

function refuse(value: Scalar, wanted: string): never {
  if (value === undefined) throw new Died(`Can't use an undefined value as ${wanted} reference`);
  if (typeof value !== 'object' && typeof value !== 'function') {
    throw new Died(`Can't use string as ${wanted} ref while "strict refs" in use`);
  }
  throw new Died(`Not ${wanted} reference`);
}

/** The array that a reference refers to. */
export function array(value: Scalar): Scalar[] {
  return Array.isArray(value) ? value : refuse(value, 'an ARRAY');
}

export function table(value: Scalar): Hash {
  return isHash(value) ? value : refuse(value, 'a HASH');
}

/** What a scalar reference refers to. */
export function box(value: Scalar): Box {
  return isBox(value) ? value : refuse(value, 'a SCALAR');
}

/** `place` springs into being as an array or hash when something is looked up below it. */
export function arrayIn(place: Box): Scalar[] {
  if (place.v === undefined) place.v = [];
  return array(place.v);
}

export function tableIn(place: Box): Hash {
  if (place.v === undefined) place.v = Object.create(null);
  return table(place.v);
}

export function hashPlace(of: Hash, name: string): Box {
  return new Place(
    () => of[name],
    (value) => {
      of[name] = value;
    },
  );
}

export function arrayPlace(of: Scalar[], index: Scalar): Box {
  const at = position(of, index);
  return new Place(
    () => of[at],
    (value) => {
      if (at < 0) throw new Died('Modification of non-creatable array value attempted');
      while (of.length < at) of.push(undefined);
      of[at] = value;
    },
  );
}

function position(of: readonly Scalar[], index: Scalar): number {
  const at = Math.trunc(num(index, 'array element'));
  return at < 0 ? at + of.length : at;
}

export function at(of: readonly Scalar[], index: Scalar): Scalar {
  return of[position(of, index)];
}

export function setAt(of: Scalar[], index: Scalar, value: Scalar): Scalar {
  arrayPlace(of, index).v = value;
  return value;
}

export function setLast(of: Scalar[], index: Scalar): Scalar {
  const length = Math.trunc(num(index)) + 1;
  while (of.length < length) of.push(undefined);
  of.length = Math.max(0, length);
  return index;
}

export function slice(of: readonly Scalar[], indexes: readonly Scalar[]): Scalar[] {
  return indexes.map((index) => at(of, index));
}

export function hashSlice(of: Hash, names: readonly Scalar[]): Scalar[] {
  return names.map((name) => of[key(name)]);
}

/** `(…)[…]`: empty when the list is. */
export function listSlice(list: readonly Scalar[], indexes: readonly Scalar[]): Scalar[] {
  return list.length === 0 ? [] : slice(list, indexes);
}

/** Assigns a list to places in turn; `rest` takes what remains. Gives the list back. */
export function assign(
  list: Scalar[],
  setters: readonly ((value: Scalar) => void)[],
  rest?: (list: Scalar[]) => void,
): Scalar[] {
  for (const [index, set] of setters.entries()) set(list[index]);
  rest?.(list.slice(setters.length));
  return list;
}

export function boxesOf(of: Scalar[]): Box[] {
  return of.map((_, index) => arrayPlace(of, index));
}

export function boxesOfValues(of: Hash): Box[] {
  return Object.keys(of).map((name) => hashPlace(of, name));
}

export function boxesOfList(list: readonly Scalar[]): Box[] {
  return list.map((value) => new Cell(value));
}

export function range(from: Scalar, to: Scalar): Scalar[] {
  const start = from ?? '';
  const end = to ?? '';
  const list: Scalar[] = [];
  if (typeof start === 'string' && start !== '' && (!/^\s*[-+]?\.?\d/.test(start) || /^0\d/.test(start))) {
    const last = str(end);
    if (!/^[a-zA-Z]*[0-9]*$/.test(start)) return [start];
    for (let text = start; text.length <= last.length; text = succText(text)) {
      list.push(text);
      if (text === last) break;
    }
    return list;
  }
  const last = Math.trunc(num(end, 'range (or flop)'));
  for (let value = Math.trunc(num(start, 'range (or flop)')); value <= last; value += 1) list.push(value);
  return list;
}

export function map(boxes: readonly Box[], code: () => Scalar[]): Scalar[] {
  const list: Scalar[] = [];
  const outer = topic.box;
  try {
    for (const item of boxes) {
      topic.box = item;
      for (const value of code()) list.push(value);
    }
  } finally {
    topic.box = outer;
  }
  return list;
}

export function grep(boxes: readonly Box[], code: () => Scalar): Scalar[] {
  return map(boxes, () => (bool(code()) ? [topic.box.v] : []));
}

export function sort(list: readonly Scalar[], compare?: () => Scalar): Scalar[] {
  if (compare === undefined) return [...list].sort((x, y) => compareText(str(x, 'sort'), str(y, 'sort')));
  const outer = [topic.a, topic.b];
  try {
    return [...list].sort((x, y) => {
      topic.a = x;
      topic.b = y;
      return num(compare(), 'sort');
    });
  } finally {
    [topic.a, topic.b] = outer;
  }
}

export function reverseText(list: readonly Scalar[]): string {
  return [...list.map((item) => str(item, 'reverse')).join('')].reverse().join('');
}

export function join(separator: Scalar, list: readonly Scalar[]): string {
  const between = list.length > 1 ? str(separator, 'join or string') : '';
  return list.map((item) => str(item, 'join or string')).join(between);
}

export function splice(of: Scalar[], offset: Scalar, length: Scalar, list: readonly Scalar[]): Scalar[] {
  const start = offset === undefined ? 0 : position(of, offset);
  if (start < 0) throw new Died('Modification of non-creatable array value attempted');
  if (start > of.length) warning('splice() offset past end of array');
  const wanted = length === undefined ? of.length - start : Math.trunc(num(length, 'splice'));
  const count = wanted < 0 ? Math.max(0, of.length - start + wanted) : wanted;
  return of.splice(start, count, ...list);
}

const iterators = new WeakMap<Hash, string[]>();

/** `each`: the next key and value; `keys` and `values` start it over. */
export function each(of: Hash): Scalar[] {
  let names = iterators.get(of);
  if (names === undefined) {
    names = Object.keys(of);
    iterators.set(of, names);
  }
  const name = names.shift();
  if (name !== undefined) return [name, of[name]];
  iterators.delete(of);
  return [];
}

export function keys(of: Hash): string[] {
  iterators.delete(of);
  return Object.keys(of);
}

export function values(of: Hash): Scalar[] {
  iterators.delete(of);
  return Object.values(of);
}

export function deleted(of: Hash, name: string): Scalar {
  const value = of[name];
  delete of[name];
  return value;
}

export function deletedSlice(of: Hash, names: readonly Scalar[]): Scalar[] {
  return names.map((name) => deleted(of, key(name)));
}

export function sizeText(of: Hash): Scalar {
  return Object.keys(of).length;
}

/** `ref` of anything; also what tells `eq` apart. */
export function ref(value: Scalar): string {
  return refType(value);
}

export { numberText };
