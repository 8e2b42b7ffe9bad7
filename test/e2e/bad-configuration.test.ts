import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { runHere } from '../support/run-main.js';
import { Scene } from '../support/scene.js';
import { type ProcessOptions, runStompctl, WITHOUT_PRIVILEGES } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly file?: { readonly name: string; readonly text: string; readonly mode?: number };
  readonly options?: ProcessOptions;
  /** what is logged, not said, is seen from outside only */
  readonly logged?: true;
  readonly code: number;
  readonly says: RegExp;
}

const QUEUES = ['--incoming-queue', 'path=FOLDER/in', '--outgoing-queue', 'path=FOLDER/out'];
const QUEUES_IN_FILE = 'incoming-queue = path=FOLDER/in\noutgoing-queue = path=FOLDER/out\n';
const CONFIG = ['--config', 'FOLDER/bad.conf'];

function inFile(text: string, mode?: number): { name: string; text: string; mode?: number } {
  return { name: 'bad.conf', text, ...(mode === undefined ? {} : { mode }) };
}

const CASES: readonly Case[] = [
  {
    name: 'a configuration file that may not be read',
    args: CONFIG,
    file: inFile(QUEUES_IN_FILE, 0o000),
    options: { under: WITHOUT_PRIVILEGES },
    code: 66,
    says: /^stompctl: configuration\(FOLDER\/bad\.conf\): cannot be read: EACCES: permission denied/,
  },
  {
    name: 'a misspelt option in a file',
    args: CONFIG,
    file: inFile(`${QUEUES_IN_FILE}remvoe = true\n`),
    code: 78,
    says: /^stompctl: configuration\(FOLDER\/bad\.conf:3\): .*remvoe.*did you mean.*remove/,
  },
  {
    name: 'a misspelt command',
    args: ['stauts'],
    code: 64,
    says: /there is no such command.*did you mean.*status/,
  },
  {
    name: 'two ways in, on the command line',
    args: [...QUEUES, '--incoming-broker-uri', 'stomp://localhost', '--subscribe', 'destination=/queue/q'],
    code: 64,
    says: /incoming-queue and incoming-broker-uri exclude each other/,
  },
  {
    name: 'two ways in, in a file',
    args: CONFIG,
    file: inFile(`${QUEUES_IN_FILE}incoming-broker-uri = stomp://localhost\nsubscribe = destination=/queue/q\n`),
    code: 78,
    says: /bad\.conf:3\): incoming-queue and incoming-broker-uri exclude each other/,
  },
  {
    name: 'no way out',
    args: ['--incoming-queue', 'path=FOLDER/in'],
    code: 64,
    says: /nothing says where messages go: set outgoing-queue, outgoing-broker-uri, outgoing-folder or outgoing-command/,
  },
  {
    name: 'a file that is not complete',
    args: CONFIG,
    file: inFile('<incoming>\n<queue>\npath = FOLDER/in\n</queue>\n'),
    code: 78,
    says: /bad\.conf.*incoming/,
  },
  {
    name: 'a boolean that is none',
    args: CONFIG,
    file: inFile(`${QUEUES_IN_FILE}loop = perhaps\n`),
    code: 78,
    says: /bad\.conf:3\): loop.*true.*false/,
  },
  {
    name: 'a callback file that does not exist',
    args: [...QUEUES, '--callback-path', 'FOLDER/none.js'],
    code: 66,
    says: /FOLDER\/none\.js\): there is no such file/,
  },
  {
    name: 'a callback that cannot be read as JavaScript',
    args: [...QUEUES, '--callback-code', 'hdr.a = ', '--callback-language', 'javascript'],
    code: 78,
    logged: true,
    says: /"code":"CALLBACK_SYNTAX"/,
  },
  {
    name: 'metrics for everybody',
    args: [...QUEUES, '--metrics-listen', '0.0.0.0:9000'],
    code: 64,
    says: /metrics-listen: 0\.0\.0\.0 can be reached by other hosts, .*: set metrics-remote to allow that/,
  },
  {
    name: 'a failure queue that keeps nothing, in a file',
    args: CONFIG,
    file: inFile(
      'incoming-queue = path=FOLDER/in\noutgoing-queue = path=FOLDER/out\nfailure-queue = path=FOLDER/f type=NULL\n',
    ),
    code: 78,
    says: /bad\.conf:3\): failure-queue: "type" must be one of DQS, DQN, not "NULL"/,
  },
];

describe('a bad configuration', { concurrency: 2 }, () => {
  for (const { name, args, file, options, logged, code, says } of CASES) {
    it(`${name}: exit ${code}, nothing touched`, async (test) => {
      const folder = await tempFolder(test);
      const put = (text: string) => text.replaceAll('FOLDER', folder);
      if (file !== undefined) writeFileSync(`${folder}/${file.name}`, put(file.text), { mode: file.mode ?? 0o644 });
      const outside = options !== undefined || logged === true;
      const ended = await (outside ? runStompctl(args.map(put), options) : runHere(args.map(put)));
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr.replaceAll(folder, 'FOLDER'), says);
      assert.equal(ended.stdout, '');
      assert.deepEqual(readdirSync(folder), file === undefined ? [] : [file.name]);
    });
  }

  it('a password file that does not exist: exit 77', async (test) => {
    const scene = await Scene.set(test);
    const auth = `plain name=me pass-file=${scene.path('no.pass')}`;
    const ended = await scene.run(scene.sender('--outgoing-broker-auth', auth, '--reconnect-attempts', '2'));
    assert.equal(ended.code, 77, ended.stderr);
    assert.match(ended.stderr, /no\.pass/);
  });
});
