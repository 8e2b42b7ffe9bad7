import { unreachable } from '../../base/errors.js';
import { endOfBlock, SIDE_WORDS } from '../options/end-kinds.js';
import { besideOf } from '../options/named-ends.js';
import type { OptionRow, TableKey } from '../options/option.js';
import { namesInFile, OPTION_TABLE, optionPrefixes } from '../options/option-table.js';
import { REWRITE_DEFINITIONS, REWRITE_SCHEMA } from '../options/rewrite-schema.js';

type Schema = Readonly<Record<string, unknown>>;

/** A value from the environment, as YAML files may have it instead of a number or a boolean. */
const VARIABLE: Schema = { type: 'string', pattern: '\\$\\{' };
const SCALAR: Schema = { type: ['string', 'number', 'boolean'] };

/**
 * The JSON schema of configuration files in YAML and JSON, for editors: every option by its dashed name and by every way
 * of nesting. The program itself validates with more than this.
 */
export function configurationSchema(): string {
  const definitions: Record<string, Schema> = { ...REWRITE_DEFINITIONS };
  for (const row of OPTION_TABLE.filter((each) => !each.commandLineOnly)) definitions[row.name] = optionSchema(row);
  for (const prefix of optionPrefixes()) definitions[`${prefix}-`] = blockSchema(`${prefix}-`);
  const root = blockSchema('');
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of stompctl',
    ...root,
    properties: {
      ...(root.properties as Schema),
      stompctl: { description: 'may wrap everything', type: 'object' },
      stompclt: { description: 'may wrap everything', type: 'object' },
    },
    definitions,
  };
  return `${JSON.stringify(schema, null, 1)}\n`;
}

/** The names that may stand in the block `prefix` (with its last dash; empty for the whole file). */
function blockSchema(prefix: string): Schema {
  const properties: Record<string, Schema> = {};
  for (const row of OPTION_TABLE) {
    if (row.commandLineOnly) continue;
    for (const name of namesInFile(row)) {
      if (name.startsWith(prefix)) properties[name.slice(prefix.length)] = { $ref: `#/definitions/${row.name}` };
    }
  }
  for (const block of optionPrefixes()) {
    if (!block.startsWith(prefix) || block.length === prefix.length) continue;
    const rest = block.slice(prefix.length);
    const inner = severalOf(block, { $ref: `#/definitions/${block}-` });
    const option = properties[rest];
    if (rest !== '') properties[rest] = option === undefined ? inner : { anyOf: [option, inner] };
  }
  const block = prefix.slice(0, -1);
  if (endOfBlock(block) === undefined) return { type: 'object', additionalProperties: false, properties };
  const named = { $ref: `#/definitions/${prefix}` };
  const own = { ...properties, ...besideSchema(block), name: nameSchema(block) };
  return { type: 'object', additionalProperties: named, properties: own };
}

function nameSchema(block: string): Schema {
  const { side } = endOfBlock(block) ?? { side: 'outgoing' };
  return { type: 'string', description: `what this ${SIDE_WORDS[side]} is called` };
}

/** What stands in the block of an end under its full name. */
function besideSchema(block: string): Record<string, Schema> {
  return Object.fromEntries(besideOf(block).map((name) => [name, { $ref: `#/definitions/${name}` }]));
}

/** A block of inputs or outputs may be a list of them. */
function severalOf(block: string, one: Schema): Schema {
  if (block !== 'incoming' && block !== 'outgoing' && endOfBlock(block) === undefined) return one;
  return { anyOf: [one, { type: 'array', items: one }] };
}

function optionSchema(row: OptionRow): Schema {
  return { description: row.doc.replaceAll('`', ''), ...valueSchema(row) };
}

function valueSchema(row: OptionRow): Schema {
  switch (row.kind) {
    case 'flag':
    case 'boolean':
      return { anyOf: [{ type: 'boolean' }, { enum: ['true', 'false', '1', '0', 0, 1] }, VARIABLE] };
    case 'count':
    case 'number':
      return { anyOf: [numberSchema(row), { type: 'string' }] };
    case 'size':
      return { anyOf: [numberSchema({ ...row, integer: true }), { type: 'string' }] };
    case 'choice':
      return { anyOf: [{ enum: row.choices }, VARIABLE] };
    case 'choices':
    case 'text':
      return { type: ['string', 'number'] };
    case 'rules':
      return REWRITE_SCHEMA;
    case 'table': {
      const table = tableSchema(row.keys, besideSchema(row.name));
      return {
        anyOf: [{ type: 'string' }, table, ...(endOfBlock(row.name) === undefined ? [] : namedSchema(row))],
      };
    }
    case 'tables':
    case 'credentials': {
      const one = { anyOf: [{ type: 'string' }, tableSchema(row.keys)] };
      return { anyOf: [...one.anyOf, { type: 'array', items: one }] };
    }
    default:
      return unreachable(row.kind);
  }
}

/** Several with their names as keys; or, unless a key of them is called so, with `name` in a list. */
function namedSchema({ name: block, keys = [] }: OptionRow): Schema[] {
  const beside = besideSchema(block);
  const byName: Schema = { type: 'object', additionalProperties: tableSchema(keys, beside) };
  if (keys.some(({ name }) => name === 'name')) return [byName];
  const withName = tableSchema(keys, { ...beside, name: nameSchema(block) });
  return [byName, withName, { type: 'array', items: withName }];
}

function numberSchema({ integer, min, max }: Pick<OptionRow, 'integer' | 'min' | 'max'>): Schema {
  return {
    type: integer ? 'integer' : 'number',
    ...(min === undefined ? {} : { minimum: min }),
    ...(max === undefined ? {} : { maximum: max }),
  };
}

function tableSchema(keys: readonly TableKey[] | undefined, beside: Readonly<Record<string, Schema>> = {}): Schema {
  if (keys === undefined) return { type: 'object', additionalProperties: SCALAR };
  const required = (always: boolean) =>
    keys.filter((key) => key.required && (always || key.unless === undefined)).map((key) => key.name);
  const object = {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...Object.fromEntries(keys.map((key) => [key.name, { description: key.doc, ...SCALAR }])),
      ...beside,
    },
  };
  const unless = keys.flatMap((key) => key.unless ?? []);
  if (unless.length === 0) return { ...object, required: required(true) };
  const exceptions = unless.map(({ key, is }) => ({
    ...object,
    properties: { ...object.properties, [key]: { const: is } },
    required: [...required(false), key],
  }));
  return { anyOf: [{ ...object, required: required(true) }, ...exceptions] };
}
