import type { StompVersion } from '../stomp/codec/frame.js';

const VERSIONS: readonly StompVersion[] = ['1.2', '1.1', '1.0'];

/**
 * The STOMP versions to offer, best first: those that `version` or `accept-version` among the CONNECT headers name, or
 * all. Undefined when a name there is not a version.
 */
export function versionsOf(connect: Readonly<Record<string, string | number>>): readonly StompVersion[] | undefined {
  const asked = connect.version ?? connect['accept-version'];
  if (asked === undefined) return VERSIONS;
  const names = String(asked).split(/[\s,]+/);
  if (names.some((name) => !VERSIONS.includes(name as StompVersion))) return undefined;
  return VERSIONS.filter((version) => names.includes(version));
}
