/**
 * What a terminal or a log reader obeys instead of showing: control characters (C0, DEL, C1), the separators that are line ends
 * elsewhere, and the marks that turn the direction of what follows.
 */
const OBEYED = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text of others on one line, as `\u001b` what would be obeyed: it forges no line, and no terminal does what it says. */
export function printable(text: string): string {
  return text.replace(OBEYED, escaped);
}

/** The same for a text with lines of its own: line feeds and tabs stay. */
export function printableLines(text: string): string {
  return text.replace(OBEYED, (character) =>
    character === '\n' || character === '\t' ? character : escaped(character),
  );
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
