import { extname } from 'node:path';
import { type ApacheOptions, parseApache } from './apache-parser.js';
import { readConfigFile } from './config-file.js';
import type { BlockNode } from './config-node.js';

export type ConfigFormat = 'apache' | 'yaml' | 'ini';

/** The format of a file, by its extension. */
export function formatOf(path: string): ConfigFormat {
  const extension = extname(path).toLowerCase();
  if (['.yaml', '.yml', '.json'].includes(extension)) return 'yaml';
  return extension === '.ini' ? 'ini' : 'apache';
}

/**
 * Reads and parses a configuration file in the format that its extension names. `options` concern Apache-style files.
 * Rejects with CONFIG_NOT_FOUND, CONFIG_UNREADABLE or CONFIG_SYNTAX.
 */
export async function parseConfigFile(path: string, options: ApacheOptions = {}): Promise<BlockNode> {
  return parseConfigText(path, await readConfigFile(path), options);
}

/** As `parseConfigFile`, of a text that was read from `path`: a pipe can be read only once. */
export async function parseConfigText(path: string, text: string, options: ApacheOptions = {}): Promise<BlockNode> {
  const format = formatOf(path);
  if (format === 'yaml') return (await import('./yaml-parser.js')).parseYaml(path, text);
  if (format === 'ini') return (await import('./ini-parser.js')).parseIni(path, text);
  return parseApache(path, options, text);
}
