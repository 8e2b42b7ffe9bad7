import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SimpleQueue } from '../../src/dirq/simple-queue.js';
import { Message, newHeader } from '../../src/message/message.js';
import { namesOf } from '../support/queue-types.js';
import { runQueueHere } from '../support/run-main.js';
import { filesOf } from '../support/sample-messages.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

const ABSENT = '00000000/00000000000000';

interface Case {
  readonly name: string;
  /** FOLDER stands for a folder with a queue `q` of one message; NAME for that message */
  readonly args: readonly string[];
  readonly input?: string | Buffer;
  readonly code: number;
  readonly says: RegExp;
}

const Q = 'FOLDER/q';

const CASES: readonly Case[] = [
  { name: 'no command', args: [], code: 64, says: /command\(queue\): say what to do: add, list, / },
  { name: 'no such command', args: ['lst', Q], code: 64, says: /no such command: did you mean "list"\?/ },
  { name: 'no path', args: ['list'], code: 64, says: /needs PATH; see "stompctl queue list --help"/ },
  { name: 'too much', args: ['list', Q, 'x'], code: 64, says: /argument\(x\): is not expected here/ },
  { name: 'an unknown option', args: ['list', Q, '--jsn'], code: 64, says: /no such option: did you mean --json\?/ },
  { name: 'a missing value', args: ['list', Q, '--match'], code: 64, says: /option\(--match\): needs a value/ },
  { name: 'a wrong type', args: ['list', Q, '--type', 'DQX'], code: 64, says: /must be one of DQS, DQN, not "DQX"/ },
  {
    name: 'a count that is none',
    args: ['list', Q, '--count', '-1'],
    code: 64,
    says: /whole number from 0 on, not "-1"/,
  },
  { name: 'a header that is none', args: ['add', Q, '--header', 'a'], code: 64, says: /"a" is not NAME=VALUE/ },
  {
    name: 'a header twice',
    args: ['add', Q, '--header', 'a=1', '--header', 'a=2'],
    code: 64,
    says: /"a" is given twice/,
  },
  { name: 'text and binary', args: ['add', Q, '--text', '--binary'], code: 64, says: /--binary\): excludes --text/ },
  {
    name: 'text that is not UTF-8',
    args: ['add', Q, '--text'],
    input: Buffer.from([0xff]),
    code: 64,
    says: /the body is not UTF-8: use --binary/,
  },
  {
    name: 'a body that is not there',
    args: ['add', Q, 'FOLDER/none'],
    code: 66,
    says: /none\): there is no such file/,
  },
  {
    name: 'compression of type DQN',
    args: ['add', 'FOLDER/new', '--type', 'DQN', '--compression', 'zlib'],
    code: 64,
    says: /--compression\): is for queues of type DQS only/,
  },
  { name: 'the other type', args: ['add', Q, '--type', 'DQN'], code: 78, says: /is a queue of type DQS, not DQN/ },
  { name: 'an expression that is none', args: ['list', Q, '--match', 'a=('], code: 64, says: /Unterminated group/ },
  { name: 'a condition that is none', args: ['list', Q, '--match', 'a'], code: 64, says: /"a" is not HEADER=REGEX/ },
  {
    name: 'an expression that is too long',
    args: ['list', Q, '--match', `a=${'x'.repeat(1001)}`],
    code: 64,
    says: /has 1001 characters, of at most 1000/,
  },
  {
    name: 'an expression that takes for ever',
    args: ['retry', Q, '--to', 'FOLDER/to', '--match', 'x-slow=^(a+)+$'],
    code: 64,
    says: /takes more than \d+ ms on one message: write a simpler expression/,
  },
  {
    name: 'retry of what says no origin',
    args: ['retry', Q],
    code: 1,
    says: /does not say where it came from.*--to QUEUE.*--through CONFIG/,
  },
  { name: 'a move onto itself', args: ['move', Q, '--to', 'FOLDER/empty/../q/'], code: 64, says: /is the same queue/ },
  { name: 'no such name', args: ['show', Q, ABSENT], code: 66, says: /there is no such element in FOLDER\/q/ },
  { name: 'no name at all', args: ['show', Q, '../etc/passwd'], code: 64, says: /is not the name of an element/ },
  ...['show', 'remove', 'unlock'].flatMap((command) =>
    ['../NAME', '../../etc/passwd', '/etc/passwd', 'FOLDER/q/NAME', '00000000/../../file', 'NAME/../../../file'].map(
      (path) => ({
        name: `${command} of a path out of the queue, ${path}`,
        args: [command, Q, path],
        code: 64,
        says: /is not the name of an element/,
      }),
    ),
  ),
  { name: 'an empty queue', args: ['show', 'FOLDER/empty'], code: 66, says: /the queue is empty/ },
  { name: 'raw and header only', args: ['show', Q, '--raw', '--header-only'], code: 64, says: /excludes --raw/ },
  { name: 'removing nothing', args: ['remove', Q], code: 64, says: /say which messages/ },
  { name: 'removing in two ways', args: ['remove', Q, '--all', 'NAME'], code: 64, says: /say which messages/ },
  { name: 'removing what is not there', args: ['remove', Q, ABSENT], code: 66, says: /there is no such element/ },
  { name: 'removing what is locked', args: ['remove', Q, 'NAME'], code: 1, says: /another process has locked it/ },
  { name: 'unlocking nothing', args: ['unlock', Q], code: 64, says: /say which messages/ },
  { name: 'unlocking what is not there', args: ['unlock', Q, ABSENT], code: 66, says: /there is no such element/ },
  { name: 'a time that is none', args: ['purge', Q, '--maxlock', 'x'], code: 64, says: /must be a whole number/ },
  { name: 'a file that is there', args: ['export', Q, 'FOLDER/file'], code: 64, says: /is there already: use --force/ },
  { name: 'a folder that is not there', args: ['export', Q, 'FOLDER/no/file'], code: 75, says: /no such file or dir/i },
  {
    name: 'what is not compressed',
    args: ['import', 'FOLDER/new', 'FOLDER/file.gz'],
    code: 66,
    says: /read\(FOLDER\/file\.gz\): incorrect header check/,
  },
];

async function folderWithQueue(test: Cleaning): Promise<{ folder: string; name: string }> {
  const folder = await tempFolder(test);
  const queue = new SimpleQueue({ path: join(folder, 'q') });
  const header = newHeader({ 'x-slow': `${'a'.repeat(40)}!` });
  const name = await queue.addMessage(new Message(header, Buffer.from('body')));
  mkdirSync(join(folder, 'empty'));
  for (const file of ['file', 'file.gz']) writeFileSync(join(folder, file), 'not compressed');
  return { folder, name };
}

describe('stompctl queue refuses, and changes nothing', { concurrency: 2 }, () => {
  for (const { name, args, input = '', code, says } of CASES) {
    it(`${name}: exit ${code}`, async (test) => {
      const { folder, name: element } = await folderWithQueue(test);
      if (name.endsWith('locked')) await new SimpleQueue({ path: join(folder, 'q') }).lock(element);
      const before = filesOf(folder);
      const put = (text: string): string => text.replaceAll('FOLDER', folder).replace('NAME', element);
      const run = await runQueueHere(args.map(put), input);
      assert.equal(run.code, code, run.stderr);
      assert.match(run.stderr.replaceAll(folder, 'FOLDER'), says);
      assert.match(run.stderr, /^stompctl: [^\n]+\n$/);
      assert.deepEqual(filesOf(folder), before);
    });
  }

  for (const command of ['list', 'show', 'count', 'remove', 'unlock', 'purge', 'export', 'retry', 'move']) {
    it(`${command} of a queue that is not there: exit 66, and it is not made`, async (test) => {
      const folder = await tempFolder(test);
      const more = command === 'remove' || command === 'unlock' ? ['--all'] : [];
      const to = command === 'retry' || command === 'move' ? ['--to', join(folder, 'to')] : [];
      const run = await runQueueHere([command, join(folder, 'none'), ...more, ...to]);
      assert.deepEqual([run.code, run.stdout], [66, ''], run.stderr);
      assert.match(run.stderr, /open queue\(.*none\): there is no such folder/);
      assert.deepEqual(readdirSync(folder), []);
    });
  }
});

describe('a reader that goes away', () => {
  for (const [command, code] of [
    ['list', 0],
    ['show', 0],
    ['export', 75],
  ] as const) {
    it(`${command}: exit ${code}`, async (test) => {
      const folder = await tempFolder(test);
      const queue = new SimpleQueue({ path: join(folder, 'q') });
      for (let number = 0; number < 4; number += 1) {
        const header = newHeader({ destination: `/queue/${'long'.repeat(20_000)}` });
        await queue.addMessage(new Message(header, Buffer.from('body'), true));
      }
      const names = command === 'show' ? await namesOf(queue) : [];
      const script = '"$@" | head -c 1 >/dev/null; exit $PIPESTATUS';
      const run = ['-c', script, 'bash', process.execPath, STOMPCTL, 'queue', command, queue.path, ...names];
      const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
        execFile('bash', run, (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }));
      });
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, code === 0 ? /^$/ : /write\(standard output\): its reader has gone/);
      assert.equal(await queue.count(), 4);
    });
  }
});
