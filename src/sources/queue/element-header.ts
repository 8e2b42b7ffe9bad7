import type { ElementInfo } from '../../dirq/element-store.js';
import { filledHeader, type HeaderTemplates } from '../../message/header-templates.js';
import { Message, newHeader } from '../../message/message.js';

/** The message with the headers that the templates make for its element; those that it has win. */
export function withHeaders<Read extends Message | undefined>(
  message: Read,
  templates: HeaderTemplates | undefined,
  name: string,
  { size, modifiedMs }: ElementInfo,
): Read | Message {
  if (message === undefined || templates === undefined) return message;
  const facts = newHeader({ element: name, size: String(size), modified: new Date(modifiedMs).toISOString() });
  const header = Object.assign(filledHeader(templates, facts), message.header);
  return new Message(header, message.body, message.text);
}
