import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { tempFolder } from '../support/temp-folder.js';

const REFUSED: readonly (readonly [code: string, what: string])[] = [
  ["net.connect(1, '127.0.0.1')", 'opens a socket'],
  ['net.createServer().listen(0)', 'opens a socket'],
  ["tls.connect(1, '127.0.0.1')", 'opens a socket'],
  ["http.get('http://127.0.0.1:1')", 'opens a socket'],
  ["dgram.createSocket('udp4').bind(0)", 'opens a socket'],
  ["dgram.createSocket('udp4').send('x', 1)", 'opens a socket'],
  ["child.spawn('true')", 'starts a process'],
  ["child.execFile('true')", 'starts a process'],
  ["child.fork('x.js')", 'starts a process'],
  ["child.spawnSync('true')", 'starts a process'],
  ["child.execSync('true')", 'starts a process'],
  ["child.execFileSync('true')", 'starts a process'],
  ["new threads.Worker('0', { eval: true })", 'starts a worker thread'],
  ['new WebAssembly.Module(new Uint8Array())', 'loads a sandbox'],
  ['WebAssembly.instantiate(new Uint8Array())', 'loads a sandbox'],
];

test('what test/unit must not do is refused there', async (t) => {
  const file = join(await tempFolder(t), 'probe.test.mjs');
  const guard = JSON.stringify(join(import.meta.dirname, '../support/unit-guard.js'));
  const probes = REFUSED.map(([code]) => `try { ${code} } catch (error) { said.push(error.message) }`);
  await writeFile(
    file,
    `import { refusals } from ${guard};
import * as child from 'node:child_process';
import dgram from 'node:dgram';
import http from 'node:http';
import net from 'node:net';
import * as threads from 'node:worker_threads';
import tls from 'node:tls';
const said = [];
${probes.join('\n')}
console.log(JSON.stringify({ said, met: refusals().length }));
process.exit();
`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000 });
  const { said, met } = JSON.parse(stdout) as { said: string[]; met: number };
  assert.deepEqual(
    said.map((text) => /^test\/unit\([^)]+\): ([^;]+); move the file/.exec(text)?.[1]),
    REFUSED.map(([, what]) => what),
  );
  assert.equal(met, REFUSED.length);
});
