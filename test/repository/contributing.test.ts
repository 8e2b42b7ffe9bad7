import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');

test('every command that CONTRIBUTING.md tells is run by CI, and exists', async () => {
  const text = await readFile(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const ci = await readFile(join(ROOT, '.ci/run'), 'utf8');
  const scripts = (JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts;
  const commands = [...text.matchAll(/^\| `([^`]+)` \| /gm)].map((match) => match[1] ?? '');
  const ran = commands.filter((command) => /^(npm|sudo) /.test(command));
  assert.ok(ran.length >= 6);
  for (const command of ran) {
    assert.ok(ci.includes(command.replace('sudo', 'as_root')), command);
    const script = /^npm (?:run )?(\S+)/.exec(command)?.[1];
    if (script !== undefined && script !== 'ci') assert.ok(script in scripts, `package.json has no script ${script}`);
  }
  assert.ok(commands.includes('.ci/run'));
});

test('every script, folder of test/ and name in code that CONTRIBUTING.md tells is there', async () => {
  const text = await readFile(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  const told = [...text.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] ?? '');
  assert.deepEqual(
    told.filter((name) => !(name in scripts)),
    [],
  );
  const rows = [...text.matchAll(/^\| ((?:`[a-z\d-]+`(?:, )?)+) \| /gm)].flatMap((row) => [
    ...(row[1] ?? '').matchAll(/[\w-]+/g),
  ]);
  const folders = await readdir(join(ROOT, 'test'));
  assert.deepEqual(
    rows.map(([name]) => name).sort(),
    folders.filter((name) => !['fixtures', 'support'].includes(name)).sort(),
  );
  const built = [...text.matchAll(/`dist\/([\w./-]+)\.js|node --test dist\/([\w./-]+)\.js/g)].map(
    (match) => match[1] ?? match[2],
  );
  for (const path of built) assert.ok(existsSync(join(ROOT, `${path}.ts`)), path);
  for (const [name, path] of [
    ['makeSource', 'src/app/make-ends.ts'],
    ['makeSink', 'src/app/make-ends.ts'],
    ['SourceSettings', 'src/config/settings.ts'],
    ['SinkSettings', 'src/config/settings.ts'],
    ['THOROUGH', 'test/support/thorough.ts'],
  ] as const) {
    assert.ok(text.includes(name) && (await readFile(join(ROOT, path), 'utf8')).includes(name), name);
  }
});

test('CONTRIBUTING.md stays short', async () => {
  const text = await readFile(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  assert.ok(text.split('\n').length < 80);
});
