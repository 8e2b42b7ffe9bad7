import { relative } from 'node:path/posix';

/** A row of the table of folders in docs/design.md. */
export interface Room {
  /** `src/cli/queue`; the files directly in it, not those of folders below */
  readonly folder: string;
  /** folders whose files it may import */
  readonly mayImport: readonly string[];
  /** npm packages it may import */
  readonly libraries: readonly string[];
}

const ROW = /^\| `(src\/[^`]*)\/` \|(?:[^|]*)\|([^|]*)\|([^|]*)\|$/gm;

/**
 * The table of folders in `markdown`, in its order: `` | `src/FOLDER/` | role | folders | libraries | ``. Folders are named
 * without `src/`. Throws when a row allows a folder that has no row, or one above it: imports only go down.
 */
export function readRooms(markdown: string): Room[] {
  const rooms = [...markdown.matchAll(ROW)].map(([, folder = '', mayImport = '', libraries = '']) => ({
    folder,
    mayImport: namesIn(mayImport).map((name) => `src/${name}`),
    libraries: namesIn(libraries),
  }));
  const below = new Set(rooms.map(({ folder }) => folder));
  for (const { folder, mayImport } of rooms) {
    below.delete(folder);
    const wrong = mayImport.find((name) => !below.has(name));
    if (wrong !== undefined) throw new Error(`readRooms(${folder}): ${wrong} has no row below it`);
  }
  return rooms;
}

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

/**
 * The linter's configuration that holds the table: all imports of a folder are refused but those of its row, however the path
 * is written (`./../x`, `../a/../b`); there is no depth or detour that gets around it. `libraries`: the npm packages there are.
 */
export function importRules(rooms: readonly Room[], libraries: readonly string[]): string {
  const overrides = rooms.map((room) => ({
    includes: [`${room.folder}/*.ts`],
    linter: {
      rules: {
        style: { noRestrictedImports: { level: 'error', options: { patterns: [patternOf(room, libraries)] } } },
      },
    },
  }));
  return `${JSON.stringify({ overrides }, undefined, 2)}\n`;
}

function patternOf(room: Room, libraries: readonly string[]): { group: string[]; message: string } {
  const { folder, mayImport } = room;
  const foreign = libraries.filter((name) => !room.libraries.includes(name));
  return {
    group: [
      ...['/**', '../**', './**', '!./*.js'],
      ...mayImport.map((name) => `!${relative(folder, name).replace(/^(?!\.)/, './')}/*.js`),
      ...foreign.flatMap((name) => [name, `${name}/**`]),
    ],
    message: `${folder}/ may not import this: see the table of folders in docs/design.md.`,
  };
}
