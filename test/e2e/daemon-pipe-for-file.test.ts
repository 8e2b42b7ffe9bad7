import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { Scene } from '../support/scene.js';

describe('a pipe that nobody writes to, in place of a file', { concurrency: 2 }, () => {
  for (const [what, code, args, says] of [
    ['a list of brokers', 66, ['--outgoing-broker-uri', 'file:FIFO'], /FIFO\): is a pipe or a device, not a file/],
    ['a callback', 66, ['--callback-path', 'FIFO'], /FIFO\): is a pipe or a device, not a file/],
    ['a certificate', 77, ['--outgoing-broker-sockopts', 'SSL_ca_file=FIFO'], /FIFO\): is a pipe, not a file/],
  ] as const) {
    it(`as ${what}, ends the run with its exit code`, async (test) => {
      const scene = await Scene.set(test);
      const fifo = scene.path('fifo');
      execFileSync('mkfifo', [fifo]);
      scene.fill('in', 1);
      const given = args.map((arg) => arg.replace('FIFO', fifo));
      const ended = await scene.run(scene.sender('--reconnect-attempts', '1', ...given));
      assert.deepEqual([ended.code, ended.signal], [code, null], ended.stderr);
      assert.match(ended.stderr.replaceAll(fifo, 'FIFO'), says);
      assert.deepEqual(scene.stored('in'), [0]);
    });
  }
});
