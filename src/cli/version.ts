import { readFile } from 'node:fs/promises';
import { ownFile } from '../base/own-files.js';

/** `stompctl X.Y.Z`, from the program's own package.json. */
export async function versionText(): Promise<string> {
  const text = await readFile(ownFile('package.json'), 'utf8');
  return `stompctl ${(JSON.parse(text) as { version: string }).version}\n`;
}
