import { Callback } from '../../src/callback/callback.js';
import { Message, newHeader } from '../../src/message/message.js';
import { callbackOptions } from './callback-bench.js';
import type { PerlOutcome, Snippet } from './perl-snippets.js';

/** What a callback makes of a snippet, in the form that the oracle gives. */
export async function runTranslated(snippet: Snippet): Promise<PerlOutcome> {
  const options = callbackOptions(snippet.code, { language: 'perl' });
  const callback = await Callback.open(options);
  const body = Buffer.from(snippet.body, snippet.text ? 'utf8' : 'latin1');
  const [outcome] = await callback.check([new Message(newHeader(snippet.header), body, snippet.text)]);
  await callback.close();
  const printed = options.said.printed.join('');
  if (outcome?.kind === 'drop') return { printed, dropped: outcome.reason };
  if (outcome?.kind !== 'pass') return { printed, rejected: 1, error: outcome?.error.message ?? 'no outcome' };
  const { header, text, body: bytes } = outcome.message;
  return { printed, header: { ...header }, body: bytes.toString(text ? 'utf8' : 'latin1'), text };
}
