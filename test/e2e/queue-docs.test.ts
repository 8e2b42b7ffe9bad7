import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { QUEUE_COMMANDS } from '../../src/cli/queue/queue-commands.js';
import { elementPaths, filesOf } from '../support/sample-messages.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const TEXT = readFileSync('docs/queues.md', 'utf8');

/** What differs from one time to the next: names, times, ages. */
function steady(text: string): string {
  return text
    .replace(/[0-9a-f]{8}\/[0-9a-f]{14}/g, 'FOLDER/NAME')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/ +\d+s /g, ' AGE ');
}

test('the sessions of docs/queues.md happen as they stand there', async (t) => {
  const folder = await tempFolder(t);
  mkdirSync(join(folder, 'bin'));
  const stompctl = `#!/bin/sh\nexec '${process.execPath}' '${STOMPCTL}' "$@"\n`;
  writeFileSync(join(folder, 'bin', 'stompctl'), stompctl, { mode: 0o755 });
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  const sessions = [...TEXT.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, session = '']) => session).join('');
  const steps = sessions.split(/^\$ /m).slice(1);
  assert.ok(steps.length > 10);
  for (const step of steps) {
    const [command = ''] = step.split('\n', 1);
    const said = await new Promise<string>((resolve) => {
      execFile('bash', ['-c', command], { cwd: folder, env }, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
    assert.equal(steady(said), steady(step.slice(command.length + 1)), command);
  }
});

/** The shell producers of the documents, and where each of them writes. */
const PRODUCERS: readonly [file: string, text: string, queue: string][] = [
  ['docs/queues.md', TEXT, '/var/spool/out'],
  ['README.md', readFileSync('README.md', 'utf8'), '/var/spool/stompctl/sender'],
];

for (const [file, text, queue] of PRODUCERS) {
  for (const shell of ['sh', 'bash']) {
    test(`the producer of ${file} puts in a message each time, in ${shell}`, async (t) => {
      const folder = await tempFolder(t);
      const block = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].find(([, code]) => code?.includes('date +%N'));
      const script = block?.[1]?.replaceAll(queue, folder) ?? '';
      assert.ok(script.includes(folder));
      for (let count = 0; count < 8; count += 1) {
        const said = await new Promise<string>((resolve) => {
          execFile(shell, ['-c', script], (_error, stdout, stderr) => resolve(stdout + stderr));
        });
        assert.equal(said, '');
      }
      assert.equal(elementPaths(folder).length, 8);
      assert.equal(filesOf(folder).length, 8, 'nothing else stays');
    });
  }
}

test('docs/queues.md has every command with its options', () => {
  for (const { name, options } of Object.values(QUEUE_COMMANDS)) {
    const row = TEXT.split('\n').find((line) => line.startsWith(`| \`${name} `)) ?? '';
    const missing = options.filter(
      (option) => !row.includes(`\`--${option.name}`) && !row.includes(`--${option.name} `),
    );
    assert.deepEqual(
      missing.map((option) => option.name),
      [],
      name,
    );
  }
});
