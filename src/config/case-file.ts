import { StompctlError } from '../base/errors.js';
import { PartError } from '../base/parsed-part.js';
import { type Case, readCases } from '../callback/cases/read-cases.js';
import { readConfigFile } from './formats/config-file.js';
import { type BlockNode, type Origin, placeOf } from './formats/config-node.js';
import { formatOf } from './formats/config-parser.js';
import { placeIn, plainWithPlaces } from './formats/plain-tree.js';
import { parseYaml } from './formats/yaml-parser.js';

export interface CaseFile {
  /** the configuration to test, as written */
  readonly config: string | undefined;
  readonly cases: readonly Case[];
  /** where each case stands, `FILE:LINE` */
  readonly places: readonly string[];
}

const KEYS = ['config', 'cases'];

/**
 * Reads a file of cases: YAML with `cases` and perhaps `config`. Rejects with CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_SYNTAX, or
 * CONFIG_INVALID, with the line.
 */
export async function readCaseFile(path: string): Promise<CaseFile> {
  const tree = await parsed(path);
  const places = new Map<string, Origin>();
  try {
    const config = configOf(tree);
    const list = tree.entries.get('cases');
    const cases = readCases(list === undefined ? undefined : plainWithPlaces(list, 'cases', places));
    return { config, cases, places: cases.map((_, index) => placeOf(places.get(`cases[${index}]`) ?? tree.origin)) };
  } catch (error) {
    if (!(error instanceof PartError)) throw error;
    const origin = placeIn(places, error.at) ?? tree.entries.get(error.at)?.origin ?? { file: path, line: 0 };
    throw new StompctlError('CONFIG_INVALID', 'cases', placeOf(origin), `${error.at}: ${error.reason}`);
  }
}

async function parsed(path: string): Promise<BlockNode> {
  try {
    return await parseYaml(path, await readConfigFile(path));
  } catch (error) {
    if (!(error instanceof StompctlError) || error.code !== 'CONFIG_SYNTAX' || formatOf(path) === 'yaml') throw error;
    const reason = 'is no file of cases, which are in YAML; a configuration to test is given with --config';
    throw new StompctlError('CONFIG_SYNTAX', 'cases', path, reason, error);
  }
}

function configOf({ entries }: BlockNode): string | undefined {
  const unknown = [...entries.keys()].find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new PartError('test', unknown, `unknown key; known are ${KEYS.join(', ')}`);
  const config = entries.get('config');
  if (config === undefined) return undefined;
  if (config.kind === 'scalar' && config.value !== null && config.value !== '') return config.value;
  throw new PartError('test', 'config', 'must be the path of a configuration file');
}
