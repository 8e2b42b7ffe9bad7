import { readFile } from 'node:fs/promises';

/** `stompctl X.Y.Z`, from the program's own package.json. */
export async function versionText(): Promise<string> {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  return `stompctl ${(JSON.parse(text) as { version: string }).version}\n`;
}
