/** The file name that the sandbox knows the user's code by. */
export const SCRIPT_NAME = 'callback';

/** Where the user finds a place of the script: in the configuration file or callback file. */
export interface Place {
  readonly line: number;
  /** Perl knows lines only */
  readonly column?: number;
}

/** From a place of the script, both counted from 1, to the user's; undefined for lines that are not the user's. */
export type ScriptMap = (line: number, column: number) => Place | undefined;

/** The first place in a QuickJS stack (`    at check (callback:12:5)`) that is the user's. */
export function placeOf(stack: string, map: ScriptMap): Place | undefined {
  for (const [, line, column] of stack.matchAll(/\bcallback:(\d+)(?::(\d+))?/g)) {
    const place = map(Number(line), Number(column ?? 1));
    if (place !== undefined) return place;
  }
  return undefined;
}
