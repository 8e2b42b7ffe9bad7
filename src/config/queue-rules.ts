import { resolve } from 'node:path';
import { PathTemplate } from '../message/path-template.js';
import { invalid } from './formats/problem.js';
import type { Table } from './options/option-reader.js';
import { realFolder } from './real-folder.js';
import { originOf, type Rule } from './rule.js';

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

const pathsWithHeaders: Rule = {
  name: 'only the path of the outgoing queue has values of headers in it, and no other queue is among its queues',
  *check(context) {
    const problem = (name: string, text: string) => invalid(originOf(context, name), `${name}${text}`);
    const pathOf = (name: string) => String(((context.values.table(name) ?? {}) as Table).path ?? '');
    const template = PathTemplate.parse(pathOf('outgoing-queue'));
    const folder = template && realFolder(resolve(template.folder));
    for (const name of QUEUES.filter((queue) => queue !== 'outgoing-queue')) {
      const path = pathOf(name);
      if (PathTemplate.parse(path) !== undefined) {
        yield problem(name, ': "%{header:" means something in the path of outgoing-queue only');
      } else if (
        path !== '' &&
        folder !== undefined &&
        `${realFolder(resolve(path))}/`.startsWith(`${folder}/`.replace('//', '/'))
      ) {
        yield problem(
          name,
          ' is in the folder where outgoing-queue makes its queues: give these a folder of their own',
        );
      }
    }
  },
};

const queuesDiffer: Rule = {
  name: 'the queues differ',
  *check(context) {
    const seen = new Map<string, string>();
    for (const name of [...QUEUES, 'incoming-folder', 'outgoing-folder']) {
      const { path, type } = (context.values.table(name) ?? {}) as Table;
      if (path === undefined || type === 'NULL') continue;
      const folder = realFolder(resolve(String(path)));
      const same = seen.get(folder);
      if (same !== undefined) yield invalid(originOf(context, name), `${name} is the same folder as ${same}`);
      seen.set(folder, name);
    }
  },
};

/** What is wrong with queues, each by itself and beside the others. */
export const QUEUE_RULES: readonly Rule[] = [keysFitType, pathsWithHeaders, queuesDiffer];
