import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.js';

/** of some 12,000: chosen blindly, some of these would be the same in nearly every run */
const PORTS = 300;
const MODULE = fileURLToPath(new URL('../support/free-port.js', import.meta.url));

test('no port is given away twice, in one process or in two', async () => {
  const ports: number[] = [];
  while (ports.length < PORTS) ports.push(await freePort());
  const code = `const { freePort } = await import(${JSON.stringify(MODULE)});
    for (let count = 0; count < ${PORTS}; count += 1) console.log(await freePort());`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code]);
  const others = stdout.trim().split('\n').map(Number);
  assert.equal(others.length, PORTS);
  assert.equal(new Set([...ports, ...others]).size, 2 * PORTS);
});
