import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ofShare } from '../support/folder-tests.js';

const ROOT = join(import.meta.dirname, '../../..');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** What runs a part of what others run, or several of them: a file counts once all the same. */
const SHORTCUTS = ['test:unit', 'test:times', 'test:long'];
const TEST_SCRIPTS = Object.keys(scripts).filter((name) => /^test(?::|$)/.test(name) && !SHORTCUTS.includes(name));

function testFiles(folder: string): string[] {
  return readdirSync(join(ROOT, 'test', folder)).filter((name) => name.endsWith('.test.ts'));
}

/** The test files, as `FOLDER/NAME`, that an entry runs: `*.test.js` and `run.js` a whole folder, others what they register. */
function filesOf(folder: string, entry: string): string[] {
  let names = testFiles(folder);
  if (entry !== '*.test.js' && entry !== 'run.js') {
    const text = readFileSync(join(ROOT, 'test', folder, `${entry.slice(0, -'.js'.length)}.ts`), 'utf8');
    const registers = /await registerFolder\(import\.meta\.dirname(?:, (\d+), (\d+))?\);/.exec(text);
    assert.ok(registers !== null, `test/${folder}/${entry} registers no folder`);
    names = ofShare(names, Number(registers[1] ?? 1), Number(registers[2] ?? 1));
  }
  return names.map((name) => `${folder}/${name}`);
}

/** The entries that a script gives to node, the stars of `share-*.js` made names. */
function entriesOf(script: string): string[][] {
  return [...(scripts[script] ?? '').matchAll(/ dist\/test\/([\w-]+)\/(\S+\.js)/g)].flatMap(
    ([, folder = '', entry = '']) => {
      if (entry !== 'share-*.js') return [[folder, entry]];
      const shares = readdirSync(join(ROOT, 'test', folder)).filter((name) => /^share-\d+\.ts$/.test(name));
      return shares.map((name) => [folder, name.replace(/\.ts$/, '.js')]);
    },
  );
}

function runBy(script: string): string[] {
  return entriesOf(script).flatMap(([folder = '', entry = '']) => filesOf(folder, entry));
}

test('every test file is run by one npm script, once', () => {
  const all = readdirSync(join(ROOT, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => testFiles(name).map((file) => `${name}/${file}`));
  assert.ok(all.length > 300);
  assert.deepEqual(TEST_SCRIPTS.flatMap(runBy).sort(), all.sort());
});

test('CI runs each of these scripts as a step', () => {
  const steps = readFileSync(join(ROOT, '.ci/run'), 'utf8').split('\n');
  for (const script of TEST_SCRIPTS) {
    const command = script === 'test' ? / npm test()$/ : new RegExp(` npm run ${script}(?: -- --share (\\d+/\\d+))?$`);
    const shares = steps.flatMap((line) => (line.startsWith('step ') ? (command.exec(line)?.slice(1) ?? []) : []));
    const count = shares.length;
    const all = count === 1 ? [undefined] : Array.from({ length: count }, (_, index) => `${index + 1}/${count}`);
    assert.ok(count > 0, script);
    assert.deepEqual(
      shares.map((share) => share || undefined),
      all,
      script,
    );
  }
});

test('test:unit runs what npm test runs of test/unit, test:times and test:long both commands', () => {
  assert.deepEqual(
    runBy('test:unit').sort(),
    runBy('test')
      .filter((file) => file.startsWith('unit/'))
      .sort(),
  );
  for (const script of ['test:times', 'test:long', 'check']) {
    assert.match(scripts[script] ?? '', / npm test && npm run test:process\b/, script);
  }
});

/** The modules of dist/test that a file loads, itself included; types that it imports are not among them. */
function loadedBy(path: string, known = new Set<string>()): Set<string> {
  if (known.has(path)) return known;
  known.add(path);
  for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(/(?:from |import |import\()'(\.[^']+)'/g)) {
    const next = join(dirname(path), name);
    if (next.includes('/dist/test/') && existsSync(next)) loadedBy(next, known);
  }
  return known;
}

test('what starts a process with code of ours is in test/process or test/e2e, which npm test leaves out', () => {
  const starters = ['support/stompctl-process.js', 'support/run-queue.js', 'support/child.js'];
  const starts = (file: string) =>
    [...loadedBy(join(ROOT, 'dist/test', file.replace(/\.ts$/, '.js')))].some((path) =>
      starters.some((starter) => path.endsWith(starter)),
    );
  assert.ok(runBy('test:process').filter(starts).length > 50);
  // unit: its shares refuse every process
  const quick = runBy('test').filter((file) => !file.startsWith('unit/'));
  assert.deepEqual(quick.filter(starts), []);
});
