import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { tempFolder } from '../support/temp-folder.js';

const ROOT = join(import.meta.dirname, '../../..');
const run = promisify(execFile);

it('the package that npm installs brings the command and its man page', async (test) => {
  const folder = await tempFolder(test);
  const npm = (cwd: string, ...args: string[]) => run('npm', [...args, '--offline', '--ignore-scripts'], { cwd });
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
