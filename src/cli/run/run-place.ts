import { StompctlError } from '../../base/errors.js';
import type { Environment } from '../../config/formats/environment.js';
import { resolveProcess } from '../../config/process-options.js';
import type { CommandIo } from '../command-line/io.js';
import type { ParsedArguments } from '../command-line/option-command.js';
import { runSeveral } from './run-several.js';
import { isFolder, type TransferPlace } from './transfer-files.js';

/**
 * `stompctl run DIR`, and several `--config FILE`: runs all of them. Rejects with USAGE for what is no such place, CONFIG_NOT_FOUND for
 * one that is not there.
 */
export async function runPlace(
  { options, operands }: Pick<ParsedArguments, 'options' | 'operands'>,
  env: Environment,
  io: CommandIo,
): Promise<number> {
  const place = placeOf(operands, options.get('config') ?? []);
  if (options.has('dry-run')) {
    const reason = 'shows what one configuration would do: give it alone, with --config';
    throw new StompctlError('USAGE', 'option', '--dry-run', reason);
  }
  const settings = await resolveProcess(options);
  return runSeveral(settings, { io, env, warnings: [], place, commandLine: options });
}

function placeOf([path, ...others]: readonly string[], configs: readonly string[]): TransferPlace {
  if (path === undefined) return { kind: 'files', paths: configs };
  const [excess] = others;
  if (excess !== undefined) {
    throw new StompctlError(
      'USAGE',
      'argument',
      excess,
      'one folder is run at a time: put the configurations into one',
    );
  }
  if (configs.length > 0) {
    const reason = 'a folder and --config exclude each other: put the file into the folder';
    throw new StompctlError('USAGE', 'argument', path, reason);
  }
  if (isFolder(path)) return { kind: 'folder', path };
  const reason = 'is not expected here: a configuration is given as "--config FILE", a folder of them as "run DIR"';
  throw new StompctlError('USAGE', 'argument', path, reason);
}
