import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ownFile } from '../../base/own-files.js';

/** The Perl modules of ours, by the path that Perl finds them under. */
export function readLibrary(): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const entry of readdirSync(FOLDER, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(`stompctl/lib/${relative(FOLDER, file)}`, readFileSync(file));
  }
  return files;
}

const FOLDER = ownFile('perl');
