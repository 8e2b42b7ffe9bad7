import { readFile } from 'node:fs/promises';

/** The program's own, from its package.json. */
export async function ownVersion(): Promise<string> {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** `stompctl X.Y.Z`. */
export async function versionText(): Promise<string> {
  return `stompctl ${await ownVersion()}\n`;
}
