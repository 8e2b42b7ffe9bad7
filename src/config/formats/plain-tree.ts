import type { ConfigNode, Origin } from './config-node.js';

/**
 * What a parsed tree holds as plain objects without prototype, lists and texts; a boolean of the format stays one. In `places`
 * where each part was written, by paths such as `rewrite[0].when.header`.
 */
export function plainWithPlaces(node: ConfigNode, path: string, places: Map<string, Origin>): unknown {
  places.set(path, node.origin);
  if (node.kind === 'scalar') return node.real ?? node.value;
  if (node.kind === 'list') return node.items.map((item, index) => plainWithPlaces(item, `${path}[${index}]`, places));
  const table = Object.create(null) as Record<string, unknown>;
  for (const [name, child] of node.entries) table[name] = plainWithPlaces(child, `${path}.${name}`, places);
  return table;
}

/** Where a part was written, or the nearest part that it is in. */
export function placeIn(places: ReadonlyMap<string, Origin>, path: string): Origin | undefined {
  for (let end = path.length; end > 0; end = Math.max(path.lastIndexOf('.', end - 1), path.lastIndexOf('[', end - 1))) {
    const place = places.get(path.slice(0, end));
    if (place !== undefined) return place;
  }
  return undefined;
}
