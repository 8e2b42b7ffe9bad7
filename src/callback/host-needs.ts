/** A sentence for each thing that Perl code names and that only a host could do: it would die of it, or find nothing. */
export function hostNeeds(code: string): string[] {
  const lines = code.replace(/^__(?:END|DATA)__$[\s\S]*/m, '').split('\n');
  const found: string[] = [];
  for (const { what, named, instead } of NEEDS) {
    const at = lines.findIndex((line) => named.test(line.replace(/(^|\s)#.*$/, '')));
    if (at >= 0) found.push(`the callback names ${what} (its line ${at + 1}): ${instead}`);
  }
  return found;
}

const NO_PROCESS =
  'a callback starts no program and dies there; copy messages to a queue that another program reads (see docs/callbacks.md)';
const NO_FILE =
  'a callback reaches no file and finds none; give what it needs as callback-data, write with print, or copy messages to a queue';

/** not as a method, a key of a hash, or a variable */
const ALONE = '(?<![$@%&>{\\w:-])';

const NEEDS: readonly { readonly what: string; readonly named: RegExp; readonly instead: string }[] = [
  { what: 'system', named: new RegExp(`${ALONE}system\\s*(?:\\(|["'{$])`), instead: NO_PROCESS },
  { what: 'exec', named: new RegExp(`${ALONE}exec\\s*(?:\\(|["'{$])`), instead: NO_PROCESS },
  {
    what: 'fork',
    named: new RegExp(`${ALONE}fork\\s*(?:\\(\\s*\\)|;|\\b\\s*(?:or|and|//|\\|\\|))`),
    instead: NO_PROCESS,
  },
  { what: 'a command in backquotes', named: /(?:[=(,]|\breturn)\s*(?:`[^`]+`|qx\s*[({[/|!])/, instead: NO_PROCESS },
  {
    what: 'open of a file',
    named: new RegExp(
      `${ALONE}(?:open|sysopen|opendir)\\b(?!\\s*=>)(?=\\s*\\(?\\s*(?:my\\b|our\\b|\\$|[A-Z]+\\b))(?!.*\\\\\\s*(?:my\\b|[$]))`,
    ),
    instead: NO_FILE,
  },
];
