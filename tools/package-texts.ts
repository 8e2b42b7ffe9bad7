import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The names of the packages that these files belong to. `node_modules` may be a link to elsewhere. */
export function packagesOf(files: readonly string[]): string[] {
  const names = files.map((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** What these packages want to be kept with copies of them: name, version, licence, and its text. */
export async function packageTexts(names: readonly string[], root: string): Promise<string> {
  const texts = await Promise.all([...new Set(names)].sort().map((name) => packageText(name, root)));
  return `stompctl contains the packages below, each under its own licence.\n\n${texts.join('\n')}`;
}

async function packageText(name: string, root: string): Promise<string> {
  const folder = join(root, 'node_modules', name);
  const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
  const files = (await readdir(folder)).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  if (license === undefined && texts.length === 0) throw new Error(`packageText(${name}): it names no licence`);
  const title = `${name} ${version}: ${license ?? 'as follows'}`;
  return `${'='.repeat(title.length)}\n${title}\n${'='.repeat(title.length)}\n\n${texts.join('\n')}`;
}

interface Manifest {
  readonly version: string;
  readonly license?: string;
}
