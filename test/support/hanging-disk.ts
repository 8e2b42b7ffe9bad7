import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

interface Place {
  path(name: string): string;
}

/** A FIFO that nobody writes to: opening it never returns and hangs a thread, as on a mount whose server is gone. */
export function neverWritten(place: Place): string {
  const fifo = place.path('fifo');
  execFileSync('mkfifo', [fifo]);
  return fifo;
}

/** The environment of a process in which opening the file `path` hangs, however it is opened. */
export function hangingOpen(place: Place, path: string): { readonly NODE_OPTIONS: string } {
  return preloaded(
    place,
    `import files from 'node:fs/promises';
    const { open } = files;
    files.open = (path, ...rest) => (path === ${JSON.stringify(path)} ? open(FIFO) : open(path, ...rest));`,
  );
}

/** The environment of a process in which syncing a file or folder under `path` hangs. */
export function hangingSyncs(place: Place, path: string): { readonly NODE_OPTIONS: string } {
  return preloaded(
    place,
    `import files from 'node:fs';
    const { open, readlinkSync } = files;
    for (const name of ['fsync', 'fdatasync']) {
      const real = files[name];
      files[name] = (fd, done) =>
        readlinkSync('/proc/self/fd/' + fd).startsWith(${JSON.stringify(path)}) ? open(FIFO, 'r', done) : real(fd, done);
    }`,
  );
}

function preloaded(place: Place, program: string): { readonly NODE_OPTIONS: string } {
  const preload = place.path('preload.mjs');
  const fifo = `const FIFO = ${JSON.stringify(neverWritten(place))};`;
  const sync = "import { syncBuiltinESMExports } from 'node:module';";
  writeFileSync(preload, `${program}\n${sync}\n${fifo}\nsyncBuiltinESMExports();`);
  return { NODE_OPTIONS: `--import ${preload}` };
}
