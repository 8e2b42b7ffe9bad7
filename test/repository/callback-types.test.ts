import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** What the compiler says about a callback file that refers to the shipped declarations. */
async function complaints(code: string): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stompctl-types-'));
  try {
    const file = path.join(folder, 'callback.js');
    await writeFile(file, `/// <reference path="${ROOT}/types/callback.d.ts" />\n${code}`);
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const flags = [
      '--noEmit',
      '--allowJs',
      '--checkJs',
      '--strict',
      '--lib',
      'es2023',
      '--types',
      '',
      '--target',
      'es2022',
    ];
    return spawnSync(process.execPath, [tsc, ...flags, file], { cwd: folder }).stdout.toString();
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a callback that uses the whole surface has no type error', async () => {
  const code = `
    /** @type {import("${ROOT}/types/callback.d.ts").Check} */
    const check = (msg) => {
      if (msg.size() > 10) return 'big';
      msg.headerField('a', data.x ?? '').header.b = msg.headerField('c') ?? 'd';
      print(msg.stringify(), 1); log('warn', 'text'); tap('/q', msg.copy());
      return new Message({ header: msg.header, body: 'x', text: true });
    };
    check(new Message());`;
  assert.equal(await complaints(code), '');
});

test('a wrong callback has', async () => {
  const code = `/** @type {import("${ROOT}/types/callback.d.ts").Check} */\nconst check = (msg) => { log('loud', 'x'); return 5; };\ncheck(new Message());`;
  const said = await complaints(code);
  assert.match(said, /'"loud"' is not assignable/);
  assert.match(said, /number/);
});

test('a reference gives the types by name, and numbers may be put into headers', async () => {
  const code = `
    /** @type {Start} */
    function start(data) { print(data.x ?? 'none'); }
    /** @type {Check} */
    function check(msg) {
      msg.header.size = 5; msg.header.ok = true; msg.header.big = 1n;
      msg.headerField('n', 7);
      return msg.header.size.toUpperCase() === 'X' ? 'no' : msg;
    }
    hdr.size = bdy.length;`;
  assert.equal(await complaints(code), '');
  const wrong = '/** @type {Check} */\nfunction check(msg) { return msg.headr; }';
  assert.match(await complaints(wrong), /'headr' does not exist/);
});
