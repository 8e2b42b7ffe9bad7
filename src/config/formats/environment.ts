import type { ConfigNode } from './config-node.js';
import { invalid, type Problem } from './problem.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([A-Z_][A-Z0-9_]*)(?::-([^}]*))?\}/g;

class MissingVariable extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.reason);
    this.problem = problem;
  }
}

/**
 * Expands `${NAME}` and `${NAME:-default}` (upper-case names; the default also when the variable is empty) in every
 * value below `node`, once; `$${` is a literal `${`. A variable that is missing and has no default is a problem.
 */
export function expandEnvironment(node: ConfigNode, env: Environment): ConfigNode | Problem {
  try {
    return expandNode(node, env);
  } catch (error) {
    if (error instanceof MissingVariable) return error.problem;
    throw error;
  }
}

function expandNode(node: ConfigNode, env: Environment): ConfigNode {
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => expandNode(item, env)) };
  if (node.kind === 'block') {
    return { ...node, entries: new Map([...node.entries].map(([name, child]) => [name, expandNode(child, env)])) };
  }
  if (node.value === null || !node.value.includes('${')) return node;
  const value = node.value.replace(REFERENCE, (reference: string, name?: string, fallback?: string) => {
    if (name === undefined) return '${';
    const found = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return found === undefined || found === '' ? fallback : found;
    if (found !== undefined) return found;
    const reason = `the environment has no variable ${name}: set it, or write \${${name}:-default}`;
    throw new MissingVariable(invalid(node.origin, `${reference}: ${reason}`));
  });
  return { ...node, value };
}
