import type { ReadOption, Table } from './option-reader.js';
import { type Problem, unsupported } from './problem.js';

/** Everything given that the program cannot do yet: the option itself, a key, a choice. None is ignored. */
export function unsupportedUses(options: Iterable<ReadOption>): Problem[] {
  return [...options].flatMap((option) => [...refusedOption(option), ...refusedKeys(option)]);
}

function refusal(sentences: Readonly<Record<string, string>>, word: string): string | undefined {
  return Object.hasOwn(sentences, word) ? sentences[word] : undefined;
}

function refusedOption({ row, origin }: ReadOption): Problem[] {
  return row.later === undefined ? [] : [unsupported(origin, `${row.name}: ${row.later}`)];
}

function refusedKeys({ row, value, origin, places }: ReadOption): Problem[] {
  const table = value as Table;
  return (row.keys ?? []).flatMap((key) => {
    if (!Object.hasOwn(table, key.name)) return [];
    const sentence = key.later ?? refusal(key.laterChoices ?? {}, String(table[key.name]));
    return sentence === undefined ? [] : [unsupported(places.get(key.name) ?? origin, `${row.name}: ${sentence}`)];
  });
}
