import { chmod, copyFile, cp, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputChunk, type RolldownLog, rolldown } from 'rolldown';
import { packagesOf, packageTexts } from './package-texts.js';

/*
 * Builds `dist/stompctl/`: the command with all that it needs, which runs from wherever the folder is put. A few large files
 * start in half the time of four hundred small ones. Names and lines stay as they are, for the sake of stack traces.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MODULES = join(ROOT, 'dist/src');
const TARGET = join(ROOT, 'dist/stompctl');

/** What is beside the code, by name there: where it comes from. `src/base/own-files.ts` finds it by these names. */
const OWN_FILES: Readonly<Record<string, string>> = {
  'configuration.md': 'docs/configuration.md',
  'stompctl.1': 'docs/stompctl.1',
  LICENSE: 'LICENSE',
  'etc/sender.conf': 'etc/sender.conf',
  'etc/receiver.conf': 'etc/receiver.conf',
  perl: 'src/callback/perl/lib',
  guest: 'dist/src/callback/javascript/guest',
  'zeroperl.wasm': 'node_modules/@6over3/zeroperl-ts/dist/esm/zeroperl.wasm',
  'quickjs.wasm': 'node_modules/@jitl/quickjs-wasmfile-release-sync/dist/emscripten-module.wasm',
};

/** What every run needs is in one file, and what every command and thread needs in two more; the rest is loaded on use. */
const GROUPS = [
  { name: 'base', test: /\/dist\/src\/(?:(?:base|callback\/border)\/|cli\/command-line\/system-fault)/, priority: 3 },
  { name: 'commands', test: /\/dist\/src\/cli\/(?:main\.js|command-line\/)/, priority: 2 },
  {
    name: 'run',
    test: /\/dist\/src\/(?:cli\/run\/(?!dry-run)|app\/(?!preview)|config\/(?!describe)|observe|transfer|dirq)|\/node_modules\/(?:zod|pino)\//,
    priority: 1,
  },
];

if (process.argv.includes('--if-changed') && (await isFresh())) process.exit();
const fresh = `${TARGET}.${process.pid}`;
try {
  await mkdir(fresh, { recursive: true });
  const chunks = [
    ...(await bundle({ program: 'bin/program.js', worker: 'callback/thread/worker.js' }, 'esm')),
    ...(await bundle({ 'iconv-lite': '../../node_modules/iconv-lite/lib/index.js' }, 'cjs')),
  ];
  await writeFile(join(fresh, 'stompctl.js'), await starter());
  await putOwnFiles();
  await writeFile(join(fresh, 'package.json'), await manifest());
  const packages = packagesOf(chunks.flatMap(({ moduleIds }) => moduleIds));
  await writeFile(join(fresh, 'LICENSES.txt'), await packageTexts([...packages, '@6over3/zeroperl-ts'], ROOT));
  await chmod(join(fresh, 'stompctl.js'), 0o755);
  await rm(TARGET, { recursive: true, force: true });
  await rename(fresh, TARGET);
} finally {
  await rm(fresh, { recursive: true, force: true });
}

async function bundle(entries: Readonly<Record<string, string>>, format: 'esm' | 'cjs'): Promise<OutputChunk[]> {
  const built = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(MODULES, path)])),
    platform: 'node',
    // what makes `ws` faster, and `debug` colourful, where somebody has installed it; they do without
    external: ['bufferutil', 'utf-8-validate', 'supports-color'],
    transform: { define: { STOMPCTL_OWN_FILES: '"./"' } },
    onLog: refuseWarning,
  });
  const { output } = await built.write({
    dir: fresh,
    format,
    entryFileNames: format === 'cjs' ? '[name].cjs' : '[name].mjs',
    chunkFileNames: '[name].mjs',
    codeSplitting: format === 'cjs' ? false : { groups: GROUPS },
  });
  await built.close();
  return output.filter((each) => each.type === 'chunk');
}

function refuseWarning(level: string, log: RolldownLog): void {
  // it is loaded early by one command and late by another
  if (level !== 'warn' || log.code === 'INEFFECTIVE_DYNAMIC_IMPORT') return;
  throw new Error(`bundle: ${log.message}`);
}

async function putOwnFiles(): Promise<void> {
  for (const [name, from] of Object.entries(OWN_FILES)) {
    const [source, target] = [join(ROOT, from), join(fresh, name)];
    await mkdir(dirname(target), { recursive: true });
    if ((await stat(source)).isDirectory()) await cp(source, target, { recursive: true, filter: isShipped });
    // 25 MB need not be written anew
    else if (name.endsWith('.wasm')) await link(source, target).catch(() => copyFile(source, target));
    else await copyFile(source, target);
  }
}

function isShipped(path: string): boolean {
  return !/\.(?:map|d\.ts)$/.test(path);
}

/** What starts the rest; it is no module, and the bundled modules have another ending. */
async function starter(): Promise<string> {
  const code = await readFile(join(MODULES, 'bin/stompctl.cjs'), 'utf8');
  return code.replace('./program.js', './program.mjs').replace(/^\/\/# source.*/m, '');
}

/** The folder is a package of its own: `stompctl.js` in it is no module, and `--version` reads it. */
async function manifest(): Promise<string> {
  const whole = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { name, version, description, license, engines } = whole;
  const own = { name, version, description, license, engines, bin: { stompctl: 'stompctl.js' } };
  return `${JSON.stringify(own, undefined, 2)}\n`;
}

/** Whether nothing that goes in is younger than what was built. */
async function isFresh(): Promise<boolean> {
  const built = await stat(join(TARGET, 'package.json')).catch(() => undefined);
  if (built === undefined) return false;
  const sources = ['package-lock.json', 'package.json', 'dist/src', 'dist/tools', ...Object.values(OWN_FILES)];
  const youngest = await Promise.all(sources.map((path) => youngestIn(join(ROOT, path))));
  return youngest.every((time) => time < built.mtimeMs);
}

async function youngestIn(path: string): Promise<number> {
  const { mtimeMs } = await stat(path);
  const inside = await readdir(path, { recursive: true }).catch(() => []);
  const times = await Promise.all(inside.filter(isShipped).map((name) => stat(join(path, name))));
  return Math.max(mtimeMs, ...times.map((each) => each.mtimeMs));
}
