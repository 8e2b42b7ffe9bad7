import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { STOMPCTL } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

describe('log lines that go to the journal', () => {
  for (const [what, shift, prefix] of [
    ['have their priority', 0n, /^<[346]>\{"level":/],
    ['have none when the journal is elsewhere', 1n, /^\{"level":/],
  ] as const) {
    it(what, async (test) => {
      const folder = await tempFolder(test);
      const path = join(folder, 'journal');
      const journal = openSync(path, 'w');
      const { dev, ino } = fstatSync(journal, { bigint: true });
      const args = ['--incoming-queue', `path=${folder}/no`, '--outgoing-queue', `path=${folder}/out`, '--remove'];
      const env = { ...process.env, JOURNAL_STREAM: `${dev}:${ino + shift}` };
      const child = spawn(process.execPath, [STOMPCTL, ...args], { stdio: ['ignore', 'ignore', journal], env });
      const [code] = await once(child, 'close');
      closeSync(journal);
      assert.equal(code, 66);
      const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
      assert.ok(lines.length > 1, lines.join('\n'));
      for (const line of lines) assert.match(line, prefix);
      const failed = lines.find((line) => line.includes('"event":"failed"'));
      assert.equal(failed?.startsWith('<3>'), shift === 0n);
    });
  }
});
