type Schema = Readonly<Record<string, unknown>>;

const TEXT: Schema = { type: ['string', 'number', 'boolean'] };
const BYTES: Schema = { type: ['string', 'number'] };
const TEXTS: Schema = { type: 'object', additionalProperties: TEXT };
const NAMES: Schema = { anyOf: [TEXT, { type: 'array', items: TEXT }] };

function block(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: 'object', additionalProperties: false, required, properties };
}

const RULE: Schema = { $ref: '#/definitions/rewrite rule' };
const CONDITION: Schema = { $ref: '#/definitions/rewrite condition' };

/** What the schema of the option `rewrite` refers to. */
export const REWRITE_DEFINITIONS: Readonly<Record<string, Schema>> = {
  'rewrite rule': block({
    when: CONDITION,
    drop: TEXT,
    remove: NAMES,
    rename: TEXTS,
    default: TEXTS,
    set: TEXTS,
    replace: { type: 'object', additionalProperties: block({ pattern: TEXT, with: TEXT }, ['pattern', 'with']) },
    to: TEXT,
    stop: TEXT,
  }),
  'rewrite condition': block({
    header: TEXTS,
    match: TEXTS,
    exists: NAMES,
    missing: NAMES,
    larger: BYTES,
    smaller: BYTES,
    body: TEXT,
    not: CONDITION,
  }),
};

/** The JSON schema of the option `rewrite`. */
export const REWRITE_SCHEMA: Schema = { anyOf: [RULE, { type: 'array', items: RULE }] };
