import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { relative } from 'node:path/posix';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type Room, readRooms } from '../../tools/import-rules.js';
import { tempFolder } from '../support/temp-folder.js';

const ROOT = join(import.meta.dirname, '../../..');

/** A line a probe file holds, and whether the linter must refuse it. */
interface Probe {
  readonly specifier: string;
  readonly refused: boolean;
}

function specifierOf(from: string, to: string): string {
  return `${relative(from, to).replace(/^(?!\.)/, './')}/probe.js`;
}

function probesOf(room: Room, rooms: readonly Room[], libraries: readonly string[]): Probe[] {
  const others = rooms.filter((other) => other !== room);
  const probes = others.map(({ folder }) => ({
    specifier: specifierOf(room.folder, folder),
    refused: !room.mayImport.includes(folder),
  }));
  for (const { folder } of others.filter((other) => !room.mayImport.includes(other.folder))) {
    const plain = specifierOf(room.folder, folder);
    probes.push({ specifier: `./../${relative('.', room.folder).split('/').at(-1)}/${plain}`, refused: true });
  }
  probes.push(...libraries.map((name) => ({ specifier: name, refused: !room.libraries.includes(name) })));
  probes.push({ specifier: 'node:fs', refused: false }, { specifier: './probe.js', refused: false });
  return probes;
}

test('a file that breaks the row of its folder is refused, in every folder and by every path', async (t) => {
  const design = await readFile(join(ROOT, 'docs/design.md'), 'utf8');
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
  const rooms = readRooms(design);
  const folder = await tempFolder(t);
  await copyFile(join(ROOT, 'biome.rooms.json'), join(folder, 'biome.rooms.json'));
  await writeFile(
    join(folder, 'biome.json'),
    '{"extends":["./biome.rooms.json"],"linter":{"rules":{"preset":"none"}}}',
  );
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const expected = new Set<string>();
  let probed = 0;
  for (const room of rooms) {
    const path = join(room.folder, 'probe.ts');
    await mkdir(join(folder, dirname(path)), { recursive: true });
    const probes = probesOf(room, rooms, Object.keys(dependencies));
    await writeFile(
      join(folder, path),
      probes.map(({ specifier }, index) => `import type { A${index} } from '${specifier}';\n`).join(''),
    );
    probes.forEach(({ refused }, index) => {
      if (refused) expected.add(`${path}:${index + 1}`);
    });
    probed += probes.length;
  }
  const { stdout } = await promisify(execFile)(
    join(ROOT, 'node_modules/.bin/biome'),
    ['lint', '--max-diagnostics=none', '--reporter=github', 'src'],
    { cwd: folder, maxBuffer: 1 << 28 },
  ).catch((error: { stdout: string }) => error);
  const refused = new Set<string>();
  for (const [, file = '', line = ''] of stdout.matchAll(/noRestrictedImports,file=([^,]+),line=(\d+)/g)) {
    refused.add(`${file.replace(`${folder}/`, '')}:${line}`);
  }
  assert.deepEqual([...refused].sort(), [...expected].sort());
  assert.ok(expected.size > rooms.length * 5 && probed > expected.size);
});
