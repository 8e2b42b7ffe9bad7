/**
 * Runs one benchmark: npm run bench -- NAME [arguments] [--keep]
 * Each file beside this one is a benchmark, and says at its top what it measures. With `--keep` the output is also
 * written to bench/results/NAME.txt, where figures that the documentation quotes come from, and into docs/performance.md.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { writePage } from './measure/results-page.js';

const FOLDER = import.meta.dirname;
const RESULTS = join(FOLDER, '../../bench/results');

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args.filter((argument) => argument !== '--keep');
  const names = (await readdir(FOLDER))
    .filter((file) => file.endsWith('.js') && file !== 'run.js')
    .map((file) => file.slice(0, -'.js'.length));
  if (name === undefined || !names.includes(name)) {
    process.stderr.write(`bench: name one of: ${names.sort().join(' ')}\n`);
    return 64;
  }
  const outputs: Writable[] = [process.stdout];
  if (args.includes('--keep')) {
    await mkdir(RESULTS, { recursive: true });
    outputs.push(createWriteStream(join(RESULTS, `${name}.txt`)));
  }
  const model = cpus()[0]?.model ?? 'unknown processor';
  const machine = `node ${process.version}, ${cpus().length} × ${model}, ${new Date().toISOString()}`;
  for (const output of outputs) output.write(`# npm run bench -- ${[name, ...rest].join(' ')}\n# ${machine}\n`);
  const code = await benchmark(join(FOLDER, `${name}.js`), rest, outputs);
  if (args.includes('--keep')) {
    await Promise.all(outputs.slice(1).map((output) => finished(output)));
    writePage();
  }
  return code;
}

function benchmark(file: string, args: readonly string[], outputs: readonly Writable[]): Promise<number> {
  // as many as stompctl gives itself: a floor must have no fewer
  const env = { UV_THREADPOOL_SIZE: '128', ...process.env };
  const child = spawn(process.execPath, [file, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for (const output of outputs) child.stdout.pipe(output, { end: output !== process.stdout });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

process.exitCode = await main(process.argv.slice(2));
