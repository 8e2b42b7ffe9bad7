import { StompctlError } from '../../base/errors.js';

/** Where something was written. `line` counts from 1; 0 when only the file is known. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

/** A value as it was written: text, or null for a name without a value. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly value: string | null;
  readonly origin: Origin;
  /** the line where the value's first character stands: of a multi-line value, not the line of its name */
  readonly textLine: number;
  /** the format has booleans, and this is one */
  readonly real?: boolean;
}

export interface BlockNode {
  readonly kind: 'block';
  readonly entries: Map<string, ConfigNode>;
  readonly origin: Origin;
}

/** What a name that was given several times holds, in the order of the file. */
export interface ListNode {
  readonly kind: 'list';
  readonly items: ConfigNode[];
  readonly origin: Origin;
}

/** What every file format is parsed into. */
export type ConfigNode = ScalarNode | BlockNode | ListNode;

export function newBlock(origin: Origin): BlockNode {
  return { kind: 'block', entries: new Map(), origin };
}

/** Puts `node` under `name`; a name that is taken becomes a list. */
export function addEntry(block: BlockNode, name: string, node: ConfigNode): void {
  const before = block.entries.get(name);
  if (before === undefined) block.entries.set(name, node);
  else if (before.kind === 'list') before.items.push(node);
  else block.entries.set(name, { kind: 'list', items: [before, node], origin: before.origin });
}

/** The tree as plain objects, arrays, strings and nulls, for `check --raw`. Objects have no prototype. */
export function toPlain(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toPlain);
  const plain = Object.create(null) as Record<string, unknown>;
  for (const [name, child] of node.entries) plain[name] = toPlain(child);
  return plain;
}

/** `FILE:LINE`, as editors understand it. */
export function placeOf(origin: Origin): string {
  return origin.line === 0 ? origin.file : `${origin.file}:${origin.line}`;
}

/** The error for text that does not follow its format. */
export function syntaxError(origin: Origin, reason: string, cause?: unknown): StompctlError {
  return new StompctlError('CONFIG_SYNTAX', 'configuration', placeOf(origin), reason, cause);
}
