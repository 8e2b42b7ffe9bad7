import type { BrokerName } from './broker-host.js';
import type { Cell } from './cell.js';
import type { PathName } from './paths.js';
import type { QueueType } from './queue-place.js';

/** Something that goes wrong. */
export interface Fault {
  readonly name: string;
  /** may it make messages come twice? At most one window's worth a strike and session; otherwise none at all */
  readonly repeats: boolean;
  /** may the broker forget the last acknowledgements that it has taken? They reach its disk later than messages do */
  readonly forgets?: boolean;
  /** where it makes sense; without it everywhere */
  readonly fits?: (path: PathName, broker: BrokerName | undefined) => boolean;
  /** mounts file systems */
  readonly needsRoot?: boolean;
  readonly args?: (folder: string) => readonly string[];
  readonly env?: (folder: string) => NodeJS.ProcessEnv;
  /** how many stompctl share the work; default 1 */
  readonly agents?: number;
  /** before the agents start */
  prepare?(cell: Cell): Promise<void>;
  /** during the load; resolves to how often it struck, when everything is as it was before */
  strike(cell: Cell): Promise<number>;
}

interface Striking {
  readonly faults: readonly Fault[];
  /** of the queues */
  readonly type: QueueType;
}

/** `SIGKILL at random + connection cut (DQN)` */
export function faultsOf({ faults, type }: Striking): string {
  return faults.map((fault) => fault.name).join(' + ') + (type === 'DQN' ? ' (DQN)' : '');
}
