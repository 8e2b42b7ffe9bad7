import { peerText } from '../base/peer-text.js';

/** An error of the peer: AMQP 1.0, part 2, section 2.8.14. */
interface PeerError {
  readonly condition?: string;
  readonly description?: string;
}

/** `amqp:not-found: no queue 'x'`, word by word: to look at, not to tell. Undefined: it gave no reason. */
export function rawErrorText(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { condition, description } = error as PeerError;
  const parts = [condition, description].filter((part): part is string => typeof part === 'string' && part !== '');
  return parts.length === 0 ? undefined : parts.join(': ');
}

/** The same as it may be told: see `peerText`. The error itself is no cause of ours: it has the text as it came. */
export function peerErrorText(error: unknown, passcode: string | undefined): string {
  return peerText(rawErrorText(error) ?? 'it gave no reason', passcode);
}
