import { fileURLToPath } from 'node:url';

/** Given by `tools/bundle.ts` to the command that it builds, which lies in that folder itself. */
declare const STOMPCTL_OWN_FILES: string | undefined;

const FOLDER = typeof STOMPCTL_OWN_FILES === 'string' ? STOMPCTL_OWN_FILES : '../../stompctl/';

/** The path of a file or folder that comes with the program, by its name in `dist/stompctl/`, where the build puts all of them. */
export function ownFile(name: string): string {
  return fileURLToPath(new URL(`${FOLDER}${name}`, import.meta.url));
}
