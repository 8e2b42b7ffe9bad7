import type { LineStream } from '../../src/observe/fd-stream.js';

/** Lines that are kept as text, in the place of standard error. */
export function lineText(): { readonly stream: LineStream; readonly text: () => string } {
  let text = '';
  const stream = {
    write: (lines: string) => {
      text += lines;
    },
    flush: async () => undefined,
  };
  return { stream, text: () => text };
}
