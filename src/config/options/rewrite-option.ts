import { PartError } from '../../base/parsed-part.js';
import { readRule } from '../../callback/rules/read-rules.js';
import type { ConfigNode, Origin } from '../formats/config-node.js';
import { placeIn, plainWithPlaces } from '../formats/plain-tree.js';
import { invalid, type Problem } from '../formats/problem.js';

/** The rules as written, plain objects, lists and texts; `Rules` reads them. */
export interface RuleList {
  readonly rules: readonly unknown[];
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
      if (!(error instanceof PartError)) throw error;
      return [invalid(placeIn(places, error.at) ?? origin, `${error.at}: ${error.reason}`)];
    }
  });
}

/** The outputs that rules name, with the path of each name. Of rules that can be read. */
export function namedOutputs({ rules }: RuleList): { readonly name: string; readonly at: string }[] {
  return rules.flatMap((rule, index) => {
    const { to } = readRule(rule, rulePath(index));
    return to === undefined ? [] : [{ name: to, at: `${rulePath(index)}.to` }];
  });
}

function rulePath(index: number): string {
  return `rewrite[${index}]`;
}
