import { StompctlError } from '../../base/errors.js';
import type { Variables } from '../../command/clean-environment.js';
import type { Header } from '../../message/message.js';

const HEADER_PREFIX = 'STOMPCTL_HEADER_';

/**
 * `STOMPCTL_HEADER_NAME` for each header: the name in capitals, each character that no variable may have as `_`. Of two headers
 * that come to the same name the first one counts. Throws MESSAGE_BAD_HEADER for a NUL, which no variable can hold.
 */
export function headerVariables(header: Readonly<Header>): Variables {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    const variable = `${HEADER_PREFIX}${name.toUpperCase().replace(/[^A-Z0-9_]/g, '_')}`;
    if (Object.hasOwn(variables, variable)) continue;
    if (value.includes('\0'))
      throw badHeader(name, 'has a NUL in it, which neither a variable nor an argument can hold');
    variables[variable] = value;
  }
  return variables;
}

export function badHeader(name: string, reason: string): StompctlError {
  const text = `the header ${JSON.stringify(name.slice(0, 80))} ${reason}`;
  return new StompctlError('MESSAGE_BAD_HEADER', 'run command', 'message', text);
}
