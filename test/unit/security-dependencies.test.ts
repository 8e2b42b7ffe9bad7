import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

interface Locked {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

const read = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Locked>> };
const locked = Object.entries(packages).filter(([path]) => path !== '');

/** A new one is code that runs with all rights of the program: it is added here by somebody who has looked at it. */
const DIRECT = [
  '@6over3/zeroperl-ts',
  '@jitl/quickjs-wasmfile-release-sync',
  '@stomp/stompjs',
  'amqplib',
  'cli-progress',
  'commander',
  'diff',
  'iconv-lite',
  'ini',
  'js-yaml',
  'pino',
  'pino-pretty',
  'prom-client',
  'quickjs-emscripten-core',
  'rhea',
  'ws',
  'zod',
];

test('the direct dependencies are these', () => {
  const { dependencies = {} } = read('package.json') as Manifest;
  assert.deepEqual(Object.keys(dependencies).sort(), DIRECT);
});

test('no dependency, direct or not, runs a script when it is installed', () => {
  assert.ok(locked.length > DIRECT.length);
  assert.deepEqual(
    locked.filter(([, { hasInstallScript }]) => hasInstallScript === true),
    [],
  );
  // what is installed says so itself
  for (const [path] of locked.filter(([name]) => existsSync(join(ROOT, name, 'package.json')))) {
    const { scripts = {} } = read(`${path}/package.json`) as Manifest;
    const found = ['preinstall', 'install', 'postinstall'].filter((name) => name in scripts);
    assert.deepEqual(found, [], path);
  }
});

test('every dependency that is used at run time is locked by its hash, and comes from the registry', () => {
  for (const [path, { dev, integrity, resolved = 'https://registry.npmjs.org/' }] of locked) {
    assert.match(resolved, /^https:\/\/registry\.npmjs\.org\//, path);
    if (dev !== true) assert.match(integrity ?? '', /^sha512-/, path);
  }
});
