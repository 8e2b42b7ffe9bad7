import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
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

test('CONTRIBUTING.md stays short', async () => {
  const text = await readFile(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  assert.ok(text.split('\n').length < 80);
});
