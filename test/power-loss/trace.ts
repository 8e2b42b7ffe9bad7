/** One thing that a process did, in order. Paths are relative to the root; `open` is the number of the event that opened. */
export type TraceEvent =
  | { readonly operation: 'mkdir' | 'unlink' | 'rmdir'; readonly path: string }
  | { readonly operation: 'link' | 'rename'; readonly from: string; readonly to: string }
  | { readonly operation: 'open'; readonly path: string; readonly truncate: boolean }
  | { readonly operation: 'write'; readonly open: number; readonly bytes: string }
  | { readonly operation: 'truncate'; readonly open: number; readonly length: number }
  /** a sync of what was opened there has come back; it covers what was done before the event `started` */
  | { readonly operation: 'synced'; readonly open: number; readonly started: number }
  /** bytes of a socket */
  | { readonly operation: 'out' | 'in'; readonly bytes: string };
