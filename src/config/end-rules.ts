import { resolve } from 'node:path';
import { didYouMean } from '../base/closest-name.js';
import { PathTemplate } from '../message/path-template.js';
import { uriScheme } from './broker-uri.js';
import { placeOf } from './formats/config-node.js';
import { placeIn } from './formats/plain-tree.js';
import { invalid, type Problem } from './formats/problem.js';
import { SIDE_WORDS } from './options/end-kinds.js';
import { MOST_ENDS, type NamedEnd, nameProblem } from './options/named-ends.js';
import type { OptionValues } from './options/option-values.js';
import { namedOutputs } from './options/rewrite-option.js';
import { realFolder } from './real-folder.js';

/**
 * What is wrong with several inputs, or several outputs, together, each of which is right by itself; and with a rule that names an
 * output.
 */
export function* endProblems(values: OptionValues): Generator<Problem> {
  const { inputs, outputs } = values;
  const [, second] = outputs;
  if (second !== undefined && !values.has('deliver')) {
    yield invalid(second.origin, 'several outputs need deliver: first, every or route (docs/outputs.md)');
  }
  for (const ends of [inputs, outputs]) {
    const beyond = ends[MOST_ENDS];
    if (beyond !== undefined) {
      yield invalid(beyond.origin, `there are more than ${MOST_ENDS} ${SIDE_WORDS[beyond.side]}s`);
    }
    yield* nameProblems(ends);
    yield* placeProblems(ends);
  }
  yield* overUdp(outputs);
  yield* movedIntoAnother(inputs);
  yield* ruleProblems(values);
}

function* nameProblems(ends: readonly NamedEnd[]): Generator<Problem> {
  const seen = new Map<string, NamedEnd>();
  for (const end of ends) {
    const { name, side, kind, origin } = end;
    const problem = nameProblem(end);
    if (problem !== undefined) yield problem;
    const before = seen.get(name);
    if (before !== undefined) {
      const reason = `there is an ${SIDE_WORDS[side]} "${name}" already, at ${placeOf(before.origin)}`;
      yield invalid(origin, `${side}-${kind}: ${reason}`);
    }
    seen.set(name, end);
  }
}

/** Two outputs in one folder would take each other's files for their own, and two inputs would lock each other's. */
function* placeProblems(ends: readonly NamedEnd[]): Generator<Problem> {
  const seen: { readonly end: NamedEnd; readonly folder: string; readonly within: boolean }[] = [];
  for (const end of ends) {
    const { origin, side, kind, name } = end;
    const path = folderOf(end);
    if (path === undefined) continue;
    const template = side === 'outgoing' ? PathTemplate.parse(path) : undefined;
    const folder = realFolder(resolve(template?.folder ?? path));
    const within = template !== undefined;
    const other = seen.find(
      (each) =>
        each.folder === folder ||
        (each.within && isInside(folder, each.folder)) ||
        (within && isInside(each.folder, folder)),
    );
    if (other !== undefined) {
      const what =
        other.folder === folder && !within && !other.within ? 'is the same folder as' : 'shares folders with';
      const word = SIDE_WORDS[side];
      yield invalid(origin, `${side}-${kind}: ${word} "${name}" ${what} ${word} "${other.end.name}"`);
    }
    seen.push({ end, folder, within });
  }
}

function* overUdp(outputs: readonly NamedEnd[]): Generator<Problem> {
  for (const { origin, options } of outputs) {
    if (uriScheme(String(options.get('outgoing-broker-uri')?.value ?? '')) !== 'udp') continue;
    yield invalid(origin, 'outgoing-broker-uri: nothing is confirmed over UDP: it cannot be one of several outputs');
  }
}

/** Each file would be sent twice. */
function* movedIntoAnother(inputs: readonly NamedEnd[]): Generator<Problem> {
  for (const { origin, options, name } of inputs) {
    const table = options.get('incoming-folder')?.value;
    if (typeof table !== 'object' || !('move-to' in table)) continue;
    const to = realFolder(resolve(String(table['move-to'])));
    const into = inputs.find((other) => {
      const path = folderOf(other);
      return path !== undefined && realFolder(resolve(path)) === to;
    });
    if (into === undefined) continue;
    yield invalid(origin, `incoming-folder: "move-to" of input "${name}" is the folder of input "${into.name}"`);
  }
}

function folderOf({ side, options }: NamedEnd): string | undefined {
  const value = options.get(`${side}-queue`)?.value ?? options.get(`${side}-folder`)?.value;
  if (typeof value !== 'object' || !('path' in value) || ('type' in value && value.type === 'NULL')) return undefined;
  return String(value.path);
}

function isInside(path: string, folder: string): boolean {
  return `${path}/`.startsWith(`${folder}/`.replace('//', '/'));
}

/** A name that there is none of would have every message rejected that the rule applies to. */
function* ruleProblems(values: OptionValues): Generator<Problem> {
  const option = values.given.get('rewrite');
  const list = values.rules('rewrite');
  if (option === undefined || list === undefined) return;
  const names = values.outputs.map(({ name }) => name);
  for (const { name, at } of namedOutputs(list)) {
    const origin = placeIn(option.places, at) ?? option.origin;
    if (values.text('deliver') !== 'route')
      yield invalid(origin, `${at}: needs outputs with names, and deliver = route`);
    else if (!names.includes(name)) {
      yield invalid(origin, `${at}: there is no output "${name}", but ${names.join(', ')}${didYouMean(name, names)}`);
    }
  }
}
