import { RuleError, readRule } from '../callback/read-rules.js';
import type { ConfigNode, Origin } from './config-node.js';
import { invalid, type Problem } from './problem.js';

/** The rules as written, plain objects, lists and texts; `Rules` reads them. */
export interface RuleList {
  readonly rules: readonly unknown[];
}

/**
 * The value of a tree of options, and in `places` where each part was written, by paths such as `rewrite[0].when.header`:
 * those that `readRule` names in its errors. A boolean of the format stays one, every other scalar is text.
 */
export function plainWithPlaces(node: ConfigNode, path: string, places: Map<string, Origin>): unknown {
  places.set(path, node.origin);
  if (node.kind === 'scalar') return node.real ?? node.value;
  if (node.kind === 'list') return node.items.map((item, index) => plainWithPlaces(item, `${path}[${index}]`, places));
  const table = Object.create(null) as Record<string, unknown>;
  for (const [name, child] of node.entries) table[name] = plainWithPlaces(child, `${path}.${name}`, places);
  return table;
}

/** A rule, or a list of them. */
export function readRuleList(node: ConfigNode, places: Map<string, Origin>): RuleList {
  const items = node.kind === 'list' ? node.items : [node];
  return { rules: items.map((item, index) => plainWithPlaces(item, rulePath(index), places)) };
}

/** What is wrong with the rules: the first thing in each of them. */
export function ruleProblems({ rules }: RuleList, places: ReadonlyMap<string, Origin>, origin: Origin): Problem[] {
  return rules.flatMap((rule, index) => {
    try {
      readRule(rule, rulePath(index));
      return [];
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      return [invalid(placeIn(places, error.at) ?? origin, `${error.at}: ${error.reason}`)];
    }
  });
}

function rulePath(index: number): string {
  return `rewrite[${index}]`;
}

/** Where a part was written, or the nearest part that it is in. */
export function placeIn(places: ReadonlyMap<string, Origin>, path: string): Origin | undefined {
  for (let end = path.length; end > 0; end = Math.max(path.lastIndexOf('.', end - 1), path.lastIndexOf('[', end - 1))) {
    const place = places.get(path.slice(0, end));
    if (place !== undefined) return place;
  }
  return undefined;
}
