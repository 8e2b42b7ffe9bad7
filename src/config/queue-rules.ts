import { resolve } from 'node:path';
import { PathTemplate } from '../message/path-template.js';
import { invalid } from './formats/problem.js';
import type { Table } from './options/option-reader.js';
import { realFolder } from './real-folder.js';
import { originOf, type Rule, type RuleContext } from './rule.js';

const QUEUES = ['incoming-queue', 'outgoing-queue', 'failure-queue', 'tap-queue'];

const keysFitType: Rule = {
  name: 'the keys of a queue fit its type',
  *check(context) {
    for (const name of QUEUES) {
      const table = (context.values.table(name) ?? {}) as Table;
      if (table.compression !== undefined && table.type === 'DQN') {
        yield invalid(originOf(context, name), `${name}: compression needs type=DQS`);
      }
      if (table.deduplicate !== undefined && table.type !== undefined && table.type !== 'DQS') {
        yield invalid(originOf(context, name), `${name}: deduplicate needs type=DQS`);
      }
      if (table['deduplicate-by'] !== undefined && table.deduplicate === undefined) {
        yield invalid(originOf(context, name), `${name}: deduplicate-by needs deduplicate, as in "deduplicate=10000"`);
      }
    }
  },
};

/** A folder that is named somewhere, and what it is called when something is wrong with it. */
interface Place {
  /** the option */
  readonly name: string;
  readonly called: string;
  readonly path: string;
}

/** Where one of these options, and what goes with it, has the run read or write; but for a queue of nothing. */
function placesOf({ values }: RuleContext, names: readonly string[]): Place[] {
  return names.flatMap((name) => {
    const { path, type, 'move-to': moveTo } = (values.table(name) ?? {}) as Table;
    if (path === undefined || type === 'NULL') return [];
    const place = { name, called: name, path: String(path) };
    return moveTo === undefined ? [place] : [place, { name, called: `move-to of ${name}`, path: String(moveTo) }];
  });
}

const pathsWithHeaders: Rule = {
  name: 'only the path of the outgoing queue has values of headers in it, and no other queue or folder is among its queues',
  *check(context) {
    const [outgoing] = placesOf(context, ['outgoing-queue']);
    const template = outgoing && PathTemplate.parse(outgoing.path);
    const folder = template && realFolder(resolve(template.folder));
    const others = [...QUEUES.filter((queue) => queue !== 'outgoing-queue'), 'incoming-folder'];
    for (const { name, called, path } of placesOf(context, others)) {
      const problem = (text: string) => invalid(originOf(context, name), `${called}${text}`);
      if (PathTemplate.parse(path) !== undefined) {
        yield problem(': "%{header:" means something in the path of outgoing-queue only');
      } else if (folder !== undefined && `${realFolder(resolve(path))}/`.startsWith(`${folder}/`.replace('//', '/'))) {
        yield problem(' is in the folder where outgoing-queue makes its queues: give these a folder of their own');
      }
    }
  },
};

const queuesDiffer: Rule = {
  name: 'the queues differ',
  *check(context) {
    const seen = new Map<string, string>();
    for (const { name, called, path } of placesOf(context, [...QUEUES, 'incoming-folder', 'outgoing-folder'])) {
      const folder = realFolder(resolve(path));
      const same = seen.get(folder);
      // a folder whose files are moved to where they are is told of with its other keys
      if (same === name) continue;
      if (same !== undefined) yield invalid(originOf(context, name), `${called} is the same folder as ${same}`);
      seen.set(folder, called);
    }
  },
};

/** What is wrong with queues, each by itself and beside the others. */
export const QUEUE_RULES: readonly Rule[] = [keysFitType, pathsWithHeaders, queuesDiffer];
