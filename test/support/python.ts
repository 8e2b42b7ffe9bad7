import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { atEnd, type Cleaning } from './temp-folder.js';

/** Runs a script, which is killed at the end of the test at the latest; what it has printed. */
export async function runPython(test: Cleaning, script: string, ...args: readonly string[]): Promise<string> {
  const child = spawn('python3', ['-c', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  atEnd(test, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await ended;
  return text;
}
