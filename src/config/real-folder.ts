import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Without symbolic links, as far as the path exists. */
export function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // not there yet, or not to be looked into: its parent may still be a link
    const parent = dirname(path);
    return parent === path ? path : join(realFolder(parent), basename(path));
  }
}
