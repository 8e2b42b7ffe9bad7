import { type Problem, unsupported } from '../formats/problem.js';
import type { ReadOption } from './option-reader.js';

/** Every option given that the program cannot do yet. None is ignored. */
export function unsupportedUses(options: Iterable<ReadOption>): Problem[] {
  return [...options].flatMap(({ row, origin }) =>
    row.later === undefined ? [] : [unsupported(origin, `${row.name}: ${row.later}`)],
  );
}
