import { resolve } from 'node:path';
import { parseTemplate } from '../base/command-words.js';
import { placeOf } from './formats/config-node.js';
import type { Table } from './options/option-reader.js';
import type { OptionValues } from './options/option-values.js';
import { type TableProblem, templateProblem, templates } from './queue-format.js';
import { realFolder } from './real-folder.js';
import type { IncomingFolderSettings, OutgoingFolderSettings } from './settings.js';

/** What a template of a header may say of a file. */
const FILE_FACTS = ['file', 'base', 'ext', 'size', 'modified'];

/** Of tables that follow every rule. */
export function incomingFolder(table: Table, headers: Table): IncomingFolderSettings {
  return {
    path: String(table.path),
    pattern: String(table.pattern ?? '*'),
    stableMs: Number(table.stable ?? 2) * 1000,
    afterwards: afterwards(table),
    headers: templates(headers),
    sidecar: table.sidecar === 'json',
    text: table.body === 'text',
    maxLock: Number(table.maxlock ?? 600),
  };
}

export function outgoingFolder(table: Table): OutgoingFolderSettings {
  return {
    path: String(table.path),
    fileName: table.name === undefined ? undefined : parseTemplate(String(table.name)),
    sidecar: table.sidecar === 'json',
    umask: table.umask === undefined ? undefined : Number(table.umask),
  };
}

function afterwards(table: Table): IncomingFolderSettings['afterwards'] {
  if (table.after === 'move') return { kind: 'move', to: String(table['move-to']) };
  return { kind: table.after === 'leave' ? 'leave' : 'remove' };
}

/** What a schema does not see: templates, and which keys go together. */
export function* folderProblems(values: OptionValues): Generator<TableProblem> {
  const incoming = values.table('incoming-folder');
  const headers = values.table('folder-headers');
  const name = values.table('outgoing-folder')?.name;
  const about = (key: string, reason: string) => ({ option: 'incoming-folder', key, reason });
  if ((incoming?.after === 'move') !== (incoming?.['move-to'] !== undefined)) {
    yield about('move-to', 'after=move and move-to need each other');
  }
  const [from, to] = [incoming?.path, incoming?.['move-to']].map((path) => realFolder(resolve(String(path))));
  if (incoming?.['move-to'] !== undefined && from === to) {
    const reason = 'move-to is the same folder as path, where each file would be sent again: name another one';
    yield about('move-to', reason);
  }
  if (incoming?.after === 'leave' && values.flag('loop')) {
    yield about('after', 'after=leave and loop exclude each other: each pass would send every file again');
  }
  if (headers !== undefined && incoming === undefined) {
    yield { option: 'folder-headers', key: '', reason: 'needs incoming-folder' };
  }
  for (const [key, value] of Object.entries(headers ?? {})) {
    const reason = templateProblem(String(value), 'a file', FILE_FACTS);
    if (reason !== undefined) yield { option: 'folder-headers', key, reason: `"${key}" ${reason}` };
  }
  const reason = name === undefined ? undefined : templateProblem(String(name));
  if (reason !== undefined) yield { option: 'outgoing-folder', key: 'name', reason: `"name" ${reason}` };
}

/** What deserves a warning, though it is allowed. */
export function* folderWarnings(values: OptionValues): Generator<string> {
  for (const { row, value, places, origin } of values.allGiven()) {
    if (row.name !== 'outgoing-folder' || typeof value !== 'object' || !('name' in value)) continue;
    if (String(value.name).includes('%{')) continue;
    const reason = `"name" is the name of the files and has no %{…}: all are called "${value.name}", with a number behind`;
    const instead = 'an output is named by its key or block, as in {audit: {path: PATH}} (docs/outputs.md)';
    yield `${placeOf(places.get('name') ?? origin)}: outgoing-folder: ${reason}; ${instead}`;
  }
}
