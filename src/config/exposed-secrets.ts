import { stat } from 'node:fs/promises';
import { isSecretName } from '../observe/mask.js';
import type { Origin } from './formats/config-node.js';
import { COMMAND_LINE } from './formats/problem.js';
import type { ReadOption } from './options/option-reader.js';

const READABLE_BY_OTHERS = 0o004;
const WRITABLE_BY_OTHERS = 0o002;

/** A warning for each file that holds a secret and that everybody may read. What cannot be looked at is left out. */
export async function exposedSecrets(options: Iterable<ReadOption>): Promise<string[]> {
  const files = new Map<string, string>();
  for (const { row, value, origin, places } of options) {
    const tables = (Array.isArray(value) ? value : [value]).filter((table) => typeof table === 'object');
    const repeats = row.kind === 'tables' || row.kind === 'credentials';
    for (const [index, table] of tables.entries()) {
      const secret = Object.keys(table).find(isSecretName);
      if (secret === undefined) continue;
      const { file }: Origin = (repeats ? places.get(`${index}.${secret}`) : places.get(secret)) ?? origin;
      if (file !== COMMAND_LINE.file && !files.has(file)) files.set(file, `"${secret}" of ${row.name}`);
    }
  }
  const warnings: string[] = [];
  for (const [file, what] of files) {
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() !== true || (found.mode & READABLE_BY_OTHERS) === 0) continue;
    warnings.push(`${file} holds ${what} and can be read by everybody: chmod o-rwx it, or use pass-file`);
  }
  return warnings;
}

/** A warning for each file with options in it that everybody may change: who may write it runs stompctl as its user. */
export async function changeableFiles(options: Iterable<ReadOption>): Promise<string[]> {
  const files = new Set<string>();
  for (const { origin, places } of options) for (const { file } of [origin, ...places.values()]) files.add(file);
  files.delete(COMMAND_LINE.file);
  const warnings: string[] = [];
  for (const file of files) {
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() !== true || (found.mode & WRITABLE_BY_OTHERS) === 0) continue;
    warnings.push(`${file} can be changed by everybody: chmod o-w it, since it decides what stompctl does as its user`);
  }
  return warnings;
}
