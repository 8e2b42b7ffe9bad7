import { readFile } from 'node:fs/promises';
import { ownFile } from '../../base/own-files.js';

/** The program's own, from its package.json. */
export async function ownVersion(): Promise<string> {
  const text = await readFile(ownFile('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** `stompctl X.Y.Z`. */
export async function versionText(): Promise<string> {
  return `stompctl ${await ownVersion()}\n`;
}
