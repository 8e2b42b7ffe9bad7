import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { tempFolder } from '../support/temp-folder.js';

const ROOT = join(import.meta.dirname, '../../..');
const run = promisify(execFile);

const npm = (cwd: string, ...args: string[]) => run('npm', [...args, '--offline', '--ignore-scripts'], { cwd });

it('the package that npm installs brings the command and its man page', async (test) => {
  const folder = await tempFolder(test);
  // without scripts: "prepack" would build anew below the other tests
  const { stdout } = await npm(ROOT, 'pack', '--json', '--pack-destination', folder);
  const [{ filename, files }]: [{ filename: string; files: { path: string }[] }] = JSON.parse(stdout);
  // maps of sources that are not in it
  assert.deepEqual(
    files.filter(({ path }) => path.endsWith('.map')),
    [],
  );
  await run('tar', ['--extract', '--file', join(folder, filename), '--directory', folder]);
  const manifest = join(folder, 'package/package.json');
  // the dependencies would come from a registry; the command is a bundle and needs none of them
  writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), dependencies: {} }));
  await run('tar', ['--create', '--file', 'alone.tar', 'package'], { cwd: folder });
  await npm(folder, 'install', '--global', '--prefix', join(folder, 'prefix'), './alone.tar');
  const man = join(folder, 'prefix/share/man/man1/stompctl.1');
  assert.equal(existsSync(man), true, 'man stompctl');
  assert.match(readFileSync(man, 'utf8'), /^\.TH STOMPCTL 1$/m);
  const version = await run(join(folder, 'prefix/bin/stompctl'), ['--version']);
  assert.match(version.stdout, /^stompctl \d/);
});

it('a project that has the package installed tests against its broker, as docs/in-process-broker.md shows', async (test) => {
  const folder = await tempFolder(test);
  const { stdout } = await npm(ROOT, 'pack', '--json', '--pack-destination', folder);
  const [{ filename }]: [{ filename: string }] = JSON.parse(stdout);
  const installed = join(folder, 'node_modules/stompctl');
  mkdirSync(installed, { recursive: true });
  const unpack = ['--extract', '--file', join(folder, filename), '--directory', installed, '--strip-components=1'];
  await run('tar', unpack);
  // the dependencies would come from a registry
  symlinkSync(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  const page = readFileSync(join(ROOT, 'docs/in-process-broker.md'), 'utf8');
  const [, name = '', code = ''] = /^```js\n\/\/ (\S+\.mjs)\n([\s\S]*?)^```$/m.exec(page) ?? [];
  assert.equal(name, 'orders.test.mjs');
  writeFileSync(join(folder, name), code);
  const env = { ...process.env };
  // a test runner that is run by a test runner tells it, and nobody else
  delete env.NODE_TEST_CONTEXT;
  const tested = await run(process.execPath, ['--test', '--test-reporter=tap', name], { cwd: folder, env });
  assert.match(tested.stdout, /^# pass 2$/m);
  assert.match(tested.stdout, /^# fail 0$/m);
  // types too
  const client = "import { InProcessBroker, type Fault } from 'stompctl/testing';\n";
  writeFileSync(
    join(folder, 'typed.mts'),
    `${client}export const faults: Fault[] = [];\nexport const { start } = InProcessBroker;\n`,
  );
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--moduleResolution', 'nodenext', '--types', 'node'];
  const checked = await run(process.execPath, [tsc, ...strict, 'typed.mts'], { cwd: folder });
  assert.equal(checked.stdout, '');
});
