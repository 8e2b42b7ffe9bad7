export const SIDES = ['incoming', 'outgoing'] as const;
export type Side = (typeof SIDES)[number];

/** What the end of a side is called. */
export const SIDE_WORDS = { incoming: 'input', outgoing: 'output' } as const;

/** What an end may be, which is also the name of one that is given none. */
export const END_KINDS = ['queue', 'broker', 'folder', 'command'] as const;
export type EndKind = (typeof END_KINDS)[number];

/** Which end a block is of. */
export interface EndOfBlock {
  readonly side: Side;
  readonly kind: EndKind;
}

/** Which end a block `incoming-queue`, `outgoing-broker`, … is; undefined: the block is none of an end. */
export function endOfBlock(block: string): EndOfBlock | undefined {
  for (const side of SIDES) {
    const kind = END_KINDS.find((each) => block === `${side}-${each}`);
    if (kind !== undefined) return { side, kind };
  }
  return undefined;
}
