import { printable } from './printable.js';

/** Of a reason that a peer gives: more says no more, and comes with each attempt, into logs, status and headers of failures. */
const MOST_CHARACTERS = 300;

/**
 * What a peer says, as it may stand in a text of ours: on one line, cut, printable, and without `passcode`, what we logged in with: it may
 * repeat that in anything it says. The only way by which a text of a broker gets into errors, logs and status.
 */
export function peerText(said: string, passcode: string | undefined, most = MOST_CHARACTERS): string {
  // before the cut, which might leave a part of it
  const line = withoutPasscode(said, passcode).replace(/\s+/g, ' ').trim();
  return printable(line.length <= most ? line : `${line.slice(0, most)}…`);
}

/** A text in which a peer may repeat what we logged in with, without that. */
export function withoutPasscode(said: string, passcode: string | undefined): string {
  return passcode ? said.replaceAll(passcode, '********') : said;
}

/** What a server says it is, `RabbitMQ/3.10.8`; undefined: it does not say. */
export function serverText(product: unknown, version: unknown, passcode: string | undefined): string | undefined {
  if (typeof product !== 'string') return undefined;
  return peerText(typeof version === 'string' ? `${product}/${version}` : product, passcode, 100);
}
