import { z } from 'zod';
import { didYouMean } from '../../base/closest-name.js';
import { unreachable } from '../../base/errors.js';
import { AUTH_EXAMPLE } from './key-value.js';
import type { NumberLimits, OptionRow, TableKey } from './option.js';
import { OPTION_TABLE } from './option-table.js';

const CREDENTIAL_FIELDS: Readonly<Record<string, readonly string[]>> = {
  none: [],
  plain: ['name', 'pass', 'pass-file', 'pass-env', 'pass-credential'],
  x509: ['cert', 'key', 'pass', 'pass-file', 'pass-env', 'pass-credential', 'ca', 'ca_file'],
};
/** Looking for what each of many names may mean takes too long. */
const MOST_SUGGESTIONS = 20;
const PASSWORD_FIELDS = ['pass', 'pass-file', 'pass-env', 'pass-credential'];

type Context = z.core.$RefinementCtx;

function issue(context: Context, message: string, path: PropertyKey[] = []): void {
  context.addIssue({ code: 'custom', message, path });
}

function numberSchema(limits: NumberLimits): z.ZodType<number> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, integer = false } = limits;
  let schema = z.number();
  if (integer) schema = schema.int({ error: (found) => `must be a whole number, not ${String(found.input)}` });
  if (Number.isFinite(min))
    schema = schema.min(min, { error: (found) => `must be at least ${min}, not ${String(found.input)}` });
  if (Number.isFinite(max))
    schema = schema.max(max, { error: (found) => `must be at most ${max}, not ${String(found.input)}` });
  return schema;
}

function choiceSchema(choices: readonly string[]): z.ZodType<string> {
  const error = (found: { readonly input?: unknown }): string => {
    const written = String(found.input);
    return `must be one of ${choices.join(', ')}, not "${written}"${didYouMean(written, choices)}`;
  };
  return z.enum(choices as [string, ...string[]], { error });
}

function keySchema(key: TableKey): z.ZodType {
  switch (key.kind) {
    case 'choice':
      return choiceSchema(key.choices ?? []);
    case 'integer':
    case 'size':
      return numberSchema({ integer: true, ...key });
    case 'share':
      // a percentage, or the bytes that were read
      return z.union([z.string(), z.number()]);
    case 'text':
      return z.string({ error: 'is missing' }).min(1, { error: 'is empty' });
    default:
      return unreachable(key.kind);
  }
}

/** A table with known keys: others are refused with a suggestion. */
function knownKeysSchema(keys: readonly TableKey[]): z.ZodType {
  const names = keys.map((key) => key.name);
  const shape = Object.fromEntries(
    keys.map((key) => [
      key.name,
      key.required && key.unless === undefined ? keySchema(key) : z.optional(keySchema(key)),
    ]),
  );
  const schema = z.strictObject(shape, {
    error: (found) => {
      if (found.code !== 'unrecognized_keys') return undefined;
      const [name = ''] = found.keys as string[];
      return `there is no "${name}" here${didYouMean(name, names)}`;
    },
  });
  const conditional = keys.filter((key) => key.unless !== undefined);
  if (conditional.length === 0) return schema;
  return schema.superRefine((table, context) => {
    for (const { name, unless } of conditional) {
      if (table[name] === undefined && table[unless?.key ?? ''] !== unless?.is) issue(context, 'is missing', [name]);
    }
  });
}

/** Header names and values as CONNECT, SUBSCRIBE and UNSUBSCRIBE can carry them. */
const headerSchema = z.record(z.string(), z.string());

const credentialSchema = z.record(z.string(), z.string()).superRefine((credential, context) => {
  const { scheme, ...fields } = credential;
  if (scheme === undefined) return issue(context, `has no "scheme", ${AUTH_EXAMPLE}`);
  const known = Object.hasOwn(CREDENTIAL_FIELDS, scheme) ? CREDENTIAL_FIELDS[scheme] : undefined;
  if (known === undefined) {
    const schemes = Object.keys(CREDENTIAL_FIELDS);
    return issue(context, `must be one of ${schemes.join(', ')}${didYouMean(scheme, schemes)}`, ['scheme']);
  }
  const unknown = Object.keys(fields).filter((name) => !known.includes(name));
  for (const [index, name] of unknown.entries()) {
    const suggestion = index < MOST_SUGGESTIONS ? didYouMean(name, known) : '';
    const others = `, which may have ${known.length === 0 ? 'nothing' : known.join(', ')}`;
    issue(context, `is not part of a credential of scheme ${scheme}${suggestion || others}`, [name]);
  }
  if (unknown.length > 0) return;
  const passwords = PASSWORD_FIELDS.filter((name) => Object.hasOwn(fields, name));
  if (passwords.length > 1) issue(context, `has both "${passwords[0]}" and "${passwords[1]}": keep one of them`);
  if (scheme === 'plain') {
    if (!Object.hasOwn(fields, 'name')) issue(context, 'needs a "name"');
    if (passwords.length === 0) issue(context, 'needs one of "pass", "pass-file", "pass-env", "pass-credential"');
  }
});

function optionSchema(row: OptionRow): z.ZodType {
  switch (row.kind) {
    case 'flag':
    case 'boolean':
      return z.boolean();
    case 'count':
    case 'number':
      return numberSchema(row);
    case 'size':
      return numberSchema({ integer: true, ...row });
    case 'choice':
      return choiceSchema(row.choices ?? []);
    case 'choices':
      return z.array(choiceSchema(row.choices ?? []));
    case 'text':
      return z.string();
    case 'table':
      return row.keys === undefined ? headerSchema : knownKeysSchema(row.keys);
    case 'tables':
      return z.array(headerSchema);
    case 'rules':
      return z.object({ rules: z.array(z.unknown()) });
    case 'credentials':
      return z.array(credentialSchema);
    default:
      return unreachable(row.kind);
  }
}

/**
 * The zod schema of these options by their full names, made from the option table. Others are refused. What a run does not
 * give is left out: schemas of all options take a tenth of its start.
 */
export function schemaOf(names: readonly string[]): z.ZodType<object> {
  const rows = OPTION_TABLE.filter((row) => names.includes(row.name));
  return z.strictObject(Object.fromEntries(rows.map((row) => [row.name, schemaOfRow(row)])));
}

/** Making one is dear, and a reload, or a check of many files, asks again. */
const MADE = new Map<OptionRow, z.ZodType>();

function schemaOfRow(row: OptionRow): z.ZodType {
  const schema = MADE.get(row) ?? optionSchema(row);
  MADE.set(row, schema);
  return schema;
}
