import { resolve } from 'node:path';
import { didYouMean } from '../base/closest-name.js';
import { PathTemplate } from '../message/path-template.js';
import { uriScheme } from './broker-uri.js';
import { placeOf } from './formats/config-node.js';
import { placeIn } from './formats/plain-tree.js';
import { invalid, type Problem } from './formats/problem.js';
import type { OptionValues } from './options/option-values.js';
import { MOST_OUTPUTS, OUTPUT_NAME, type Output } from './options/outputs.js';
import { namedOutputs } from './options/rewrite-option.js';
import { realFolder } from './real-folder.js';

const LONGEST_SHOWN = 100;

/** What is wrong with several outputs together, each of which is right by itself; and with a rule that names one. */
export function* outputProblems(values: OptionValues): Generator<Problem> {
  const { outputs } = values;
  const [, second] = outputs;
  if (second !== undefined && !values.has('deliver')) {
    yield invalid(second.origin, 'several outputs need deliver: first, every or route (docs/outputs.md)');
  }
  const beyond = outputs[MOST_OUTPUTS];
  if (beyond !== undefined) yield invalid(beyond.origin, `there are more than ${MOST_OUTPUTS} outputs`);
  yield* nameProblems(outputs);
  yield* placeProblems(outputs);
  yield* ruleProblems(values);
}

function* nameProblems(outputs: readonly Output[]): Generator<Problem> {
  const seen = new Map<string, Output>();
  for (const output of outputs) {
    const { name, kind, origin } = output;
    if (!OUTPUT_NAME.test(name)) {
      const shown = name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name;
      const reason = `the name of an output has 1 to 64 letters, digits, "_" and "-", not "${shown}"`;
      yield invalid(origin, `outgoing-${kind}: ${reason}`);
    }
    const before = seen.get(name);
    if (before !== undefined) {
      yield invalid(origin, `outgoing-${kind}: there is an output "${name}" already, at ${placeOf(before.origin)}`);
    }
    seen.set(name, output);
  }
}

/** Two outputs in one folder would take each other's files for their own. */
function* placeProblems(outputs: readonly Output[]): Generator<Problem> {
  const seen: { readonly output: Output; readonly folder: string; readonly within: boolean }[] = [];
  for (const output of outputs) {
    const { origin, kind, name } = output;
    const uri = output.options.get('outgoing-broker-uri')?.value;
    if (uriScheme(String(uri ?? '')) === 'udp') {
      yield invalid(origin, `outgoing-broker-uri: nothing is confirmed over UDP: it cannot be one of several outputs`);
    }
    const path = folderOf(output);
    if (path === undefined) continue;
    const template = PathTemplate.parse(path);
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
      yield invalid(origin, `outgoing-${kind}: output "${name}" ${what} output "${other.output.name}"`);
    }
    seen.push({ output, folder, within });
  }
}

function folderOf({ options }: Output): string | undefined {
  const value = options.get('outgoing-queue')?.value ?? options.get('outgoing-folder')?.value;
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
