import { didYouMean } from '../../base/closest-name.js';
import { StompctlError } from '../../base/errors.js';
import type { ApacheOptions } from './apache-parser.js';
import { type Origin, placeOf } from './config-node.js';
import type { Environment } from './environment.js';
import { invalid } from './problem.js';

const KNOWN: Readonly<Record<string, keyof ApacheOptions>> = {
  AutoTrue: 'autoTrue',
  InterPolateEnv: 'interpolateEnv',
  InterPolateVars: 'interpolateVars',
  LowerCaseNames: 'lowerCaseNames',
  MergeDuplicateBlocks: 'mergeDuplicateBlocks',
};

/**
 * Reads the value of `config-general`: words `-Name` or `-Name=VALUE`, as in "-AutoTrue -LowerCaseNames=0".
 * Throws CONFIG_UNSUPPORTED for any option of Config::General that is not understood.
 */
export function parseConfigGeneral(text: string, origin: Origin, env: Environment): ApacheOptions {
  const options: { -readonly [K in keyof ApacheOptions]: ApacheOptions[K] } = { env };
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  for (const word of words) {
    const [, name = '', value = '1'] = /^-?([^=]*)(?:=(.*))?$/.exec(word) ?? [];
    const option = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
    if (option === undefined || option === 'env') {
      const names = Object.keys(KNOWN).map((known) => `-${known}`);
      const reason = `config-general: "-${name}" is not supported${didYouMean(`-${name}`, names)} (there are ${names.join(', ')})`;
      throw new StompctlError('CONFIG_UNSUPPORTED', 'configuration', placeOf(origin), reason);
    }
    if (!/^(?:on|yes|true|1|off|no|false|0)$/i.test(value)) {
      const reason = `config-general: "-${name}" must be 1 or 0, not "${value}"`;
      throw new StompctlError(invalid(origin, reason).code, 'configuration', placeOf(origin), reason);
    }
    options[option] = /^(?:on|yes|true|1)$/i.test(value);
  }
  return options;
}
