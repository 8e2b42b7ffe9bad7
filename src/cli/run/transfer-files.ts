import { readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';

/** Where the configurations of a process are: all of a folder, or these files. */
export type TransferPlace =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'files'; readonly paths: readonly string[] };

/** The configuration of one of several transfers. */
export interface TransferFile {
  /** of the transfer, in logs, status and metrics */
  readonly name: string;
  readonly path: string;
  /** why it is not run, whatever is in it */
  readonly refused?: StompctlError;
}

/** What has none of these endings is no configuration: `NAME.conf~`, `.bak`, `.dpkg-dist`, `.rpmnew` are left alone. */
const ENDINGS: ReadonlySet<string> = new Set(['.conf', '.yaml', '.yml']);
/** A folder with more is no folder of configurations. */
const MOST = 1000;

/**
 * The configurations, sorted; each transfer is named after its file, without the ending. Of two files with one name the
 * later one is refused, and goes by its whole name. CONFIG_UNREADABLE for a folder that cannot be read, CONFIG_INVALID for one with too many.
 */
export function transferFiles(place: TransferPlace): TransferFile[] {
  const paths = place.kind === 'folder' ? configurationsIn(place.path) : place.paths;
  const taken = new Map<string, string>();
  return paths.map((path) => {
    const file = basename(path);
    const name = ENDINGS.has(extname(file)) ? file.slice(0, -extname(file).length) : file;
    const other = taken.get(name);
    taken.set(name, other ?? path);
    if (other === undefined) return { name, path };
    const second = taken.has(file) ? path : file;
    taken.set(second, path);
    const reason = `a transfer named ${name} is there already, of ${other}: rename one of the two files`;
    return { name: second, path, refused: new StompctlError('CONFIG_INVALID', 'configuration', path, reason) };
  });
}

/** Does the command line name a folder of configurations? CONFIG_NOT_FOUND when nothing is there, unless a file was meant. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (ENDINGS.has(extname(path))) return false;
    throw cannotRead(path, error);
  }
}

function configurationsIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => !name.startsWith('.') && ENDINGS.has(extname(name)));
  } catch (error) {
    throw cannotRead(folder, error);
  }
  if (names.length > MOST) {
    const reason = `holds ${names.length} configurations, more than the ${MOST} that one process runs: use several folders`;
    throw new StompctlError('CONFIG_INVALID', 'folder', folder, reason);
  }
  const paths = names.sort().map((name) => join(folder, name));
  return paths.filter((path) => !isPlainFolder(path));
}

/** What is not there any more, or cannot be looked at, is told when it is read. */
function isPlainFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function cannotRead(path: string, error: unknown): StompctlError {
  const missing = errnoOf(error) === 'ENOENT';
  const reason = missing ? 'there is no such folder' : reasonOf(error);
  return new StompctlError(missing ? 'CONFIG_NOT_FOUND' : 'CONFIG_UNREADABLE', 'configuration', path, reason, error);
}
