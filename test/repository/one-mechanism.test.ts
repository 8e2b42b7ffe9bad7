import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SRC = join(import.meta.dirname, '../../../src');
const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function filesWith(pattern: RegExp): string[] {
  return FILES.filter((file) => pattern.test(readFileSync(join(SRC, file), 'utf8'))).sort();
}

test('who waits for a time takes wait, withDeadline or unlessCalledOff, but where docs/design.md says why not', () => {
  const byHand = [
    'stomp/connection.ts',
    'stomp/transport/tcp-transport.ts',
    'stomp/transport/tls-transport.ts',
    'stomp/transport/web-socket-transport.ts',
  ];
  // a promise with a timer of the clock within it: what is written there is indented deeper than where it begins
  assert.deepEqual(filesWith(/^( *).*new Promise\b.*(?:\.after\(|\n(?:\1 .*\n)*?\1 .*\.after\()/m), [
    'base/wait.ts',
    ...byHand,
  ]);
});

test('one piece of work after the other is the task of SerialQueue', () => {
  assert.deepEqual(filesWith(/(\S+) = \1\s*\.then\(|= this\.#\w+\.then\((?:work|run)\)/), ['base/serial-queue.ts']);
});

const DECLARED_ONCE = [
  { type: /'1\.0' \| '1\.1'/, where: 'stomp/codec/frame.ts' },
  { type: /'ActiveMQ' \| 'Apollo'/, where: 'stomp/client-dialects.ts' },
  { type: /'trace' \| 'debug'/, where: 'observe/log-level.ts' },
  { type: /'DQS' \| 'DQN'/, where: 'dirq/queue-options.ts' },
  { type: /'batch' \| 'message' \| 'none'/, where: 'dirq/queue-options.ts' },
  { type: /export type (?:Outcome =|\{ Outcome)/, where: 'flow/processor.ts' },
];

for (const { type, where } of DECLARED_ONCE) {
  test(`the type ${type.source} is declared once`, () => assert.deepEqual(filesWith(type), [where]));
}

test('a place that asks for two kinds, one after the other, asks for all of them', () => {
  // `if (x.kind === …) …` twice in a row is a switch that a new kind slips through
  const pattern =
    /if \((\w+)\.kind === '(?:queue|broker|pass|drop|reject|batch|idle|end)'.*\n(?:.*\n){0,3}? *(?:\} else )?if \(\1\.kind/;
  assert.deepEqual(filesWith(pattern), []);
});
