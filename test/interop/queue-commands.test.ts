import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { QUEUE_TYPES, remains } from '../support/queue-types.js';
import { runQueue } from '../support/run-queue.js';
import { tempFolder } from '../support/temp-folder.js';

/** Like `python-dirq.test.ts`, of which it uses the script: needs Debian's `python3-dirq`. */
const PYTHON = process.env.STOMPCTL_TEST_PYTHON ?? '/usr/bin/python3';
const SCRIPT = join(process.cwd(), 'test/interop/python-dirq.py');
const COUNT = 50;

for (const { type } of QUEUE_TYPES) {
  test(`${type}: stompctl queue works on what Python made, and Python takes what it moved`, async (t) => {
    const path = join(await tempFolder(t), 'q');
    const python = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)(PYTHON, [SCRIPT, ...args], { timeout: 60_000 })).stdout;
    await python('produce', type, path, String(COUNT), 'a');
    assert.equal((await runQueue(['count', path])).stdout, `${COUNT}\n`);
    assert.match(
      (await runQueue(['show', path])).stdout,
      /^n: a-0\nodd: tab\\t, [^\n]*\n\ntělo 0$|^odd: [^\n]*\nn: a-0\n/,
    );
    const to = `${path}-moved`;
    const moved = await runQueue(['move', path, '--to', to]);
    assert.deepEqual([moved.code, moved.stdout], [0, `moved ${COUNT} messages to ${to}\n`], moved.stderr);
    assert.deepEqual(remains(path), []);
    const taken = await python('consume', type, to, String(COUNT), '');
    assert.equal(taken.trim().split('\n').length, COUNT);
    assert.equal((await runQueue(['count', to])).stdout, '0\n');
  });
}
