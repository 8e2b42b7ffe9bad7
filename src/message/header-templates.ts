import type { CommandWord } from '../base/command-words.js';
import { type Header, newHeader } from './message.js';

/** Texts of headers, by name, with facts of where the message came from in them. */
export type HeaderTemplates = Readonly<Record<string, CommandWord>>;

/** A fact that is not known, or empty, gives way to the text that the template has for this. */
export function filledHeader(templates: HeaderTemplates, facts: Readonly<Header>): Header {
  const header = newHeader();
  for (const [name, template] of Object.entries(templates)) {
    header[name] = template
      .map((part) => (typeof part === 'string' ? part : facts[part.header] || (part.otherwise ?? '')))
      .join('');
  }
  return header;
}
