/** Names of what a run does with a message, one after the other. */
export type Step =
  | 'journal'
  | 'lock'
  | 'remove'
  | 'unlock'
  | 'create'
  | 'write'
  | 'sync data'
  | 'publish'
  | 'sync folder'
  | 'tidy up'
  | 'create apart'
  | 'write apart'
  | 'sync apart'
  | 'note'
  | 'sync note'
  | 'sync notes'
  | 'tidy up apart'
  | 'send'
  | 'receipt'
  | 'message'
  | 'ack';

export type Moment = 'before' | 'after';

export type Operation = 'open' | 'write' | 'sync' | 'link' | 'unlink' | 'out' | 'in';

export interface StepRow {
  readonly name: Step;
  readonly operation: Operation;
  readonly path?: RegExp;
  readonly frame?: string;
}

const SOURCE = '/in/[0-9a-f]{8}/[0-9a-f]{14}';
const SINK = '/out/[0-9a-f]{8}/[0-9a-f]{14}';
/** where a sink that remembers what it stored stages it, and writes down what it remembers */
const IDS = '/out/stompctl\\.ids';

/** How each is known by its system call. `in` is always the source and `out` the sink of a cell. */
export const STEPS: readonly StepRow[] = [
  { name: 'journal', operation: 'write', path: /\.locks$/ },
  { name: 'lock', operation: 'link', path: new RegExp(`${SOURCE}\\.lck$`) },
  { name: 'remove', operation: 'unlink', path: new RegExp(`${SOURCE}$`) },
  { name: 'unlock', operation: 'unlink', path: new RegExp(`${SOURCE}\\.lck$`) },
  { name: 'create', operation: 'open', path: new RegExp(`${SINK}\\.tmp$`) },
  { name: 'write', operation: 'write', path: new RegExp(`${SINK}\\.tmp$`) },
  { name: 'sync data', operation: 'sync', path: new RegExp(`${SINK}\\.tmp$`) },
  { name: 'publish', operation: 'link', path: new RegExp(`${SINK}$`) },
  { name: 'sync folder', operation: 'sync', path: /\/(in|out)\/[0-9a-f]{8}$/ },
  { name: 'tidy up', operation: 'unlink', path: new RegExp(`${SINK}\\.tmp$`) },
  { name: 'create apart', operation: 'open', path: new RegExp(`${IDS}/.*\\.tmp$`) },
  { name: 'write apart', operation: 'write', path: new RegExp(`${IDS}/.*\\.tmp$`) },
  { name: 'sync apart', operation: 'sync', path: new RegExp(`${IDS}/.*\\.tmp$`) },
  { name: 'note', operation: 'write', path: new RegExp(`${IDS}/.*\\.ids$`) },
  { name: 'sync note', operation: 'sync', path: new RegExp(`${IDS}/.*\\.ids$`) },
  { name: 'sync notes', operation: 'sync', path: new RegExp(`${IDS}$`) },
  { name: 'tidy up apart', operation: 'unlink', path: new RegExp(`${IDS}/.*\\.tmp$`) },
  { name: 'send', operation: 'out', frame: 'SEND\n' },
  { name: 'receipt', operation: 'in', frame: 'RECEIPT\n' },
  { name: 'message', operation: 'in', frame: 'MESSAGE\n' },
  { name: 'ack', operation: 'out', frame: 'ACK\n' },
];

export const FROM_QUEUE: readonly Step[] = ['journal', 'lock', 'remove', 'unlock', 'sync folder'];
export const TO_QUEUE: readonly Step[] = [
  ...(['journal', 'create', 'write', 'sync data', 'publish'] as const),
  ...(['sync folder', 'tidy up'] as const),
];
export const FROM_BROKER: readonly Step[] = ['message', 'ack'];
export const TO_BROKER: readonly Step[] = ['send', 'receipt'];

export interface KillPoint {
  readonly moment: Moment;
  readonly step: StepRow;
  /** the how manieth call */
  readonly number: number;
}

export function parseKillPoint(text = ''): KillPoint {
  const [, moment, name, number] = /^(before|after) (.+) (\d+)$/.exec(text) ?? [];
  const step = STEPS.find((row) => row.name === name);
  if (step === undefined || number === undefined) throw new Error(`parseKillPoint(${text}): MOMENT STEP NUMBER`);
  return { moment: moment === 'before' ? 'before' : 'after', step, number: Number(number) };
}
