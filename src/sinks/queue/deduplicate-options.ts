export interface DeduplicateOptions {
  /** how many messages are remembered */
  readonly size: number;
  /** the header that tells a message from every other; by default what its source or its producer has named it by */
  readonly by?: string | undefined;
  /** a message came that is stored already: it counts as safe */
  readonly onDuplicate?: ((name: string) => void) | undefined;
  /** what another process remembers cannot be read */
  readonly onUnknown?: ((path: string, reason: string) => void) | undefined;
}
