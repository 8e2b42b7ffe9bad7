import { Random } from '../support/random.js';
import type { BrokerName } from './broker-host.js';
import { PATHS, type PathName } from './cell.js';
import { type Fault, withBroker } from './fault.js';
import { FAULTS_OF_BROKERS } from './faults-of-brokers.js';
import { FAULTS_OF_DISKS } from './faults-of-disks.js';
import { FAULTS_OF_PROCESSES } from './faults-of-processes.js';

export const BROKERS: readonly BrokerName[] = ['RabbitMQ', 'ActiveMQ', 'scripted'];

const FAULTS: readonly Fault[] = [...FAULTS_OF_PROCESSES, ...FAULTS_OF_BROKERS, ...FAULTS_OF_DISKS];

/** How many pairs of faults a whole run tries, of the many that there are. */
const PAIRS = 20;
/** These decide alone when the process ends and starts, or what lies under the sink. */
const ALONE = /each step|two stompctl|quit|TERM|disk|inode|read-only|at a start/;

export interface Place {
  readonly faults: readonly Fault[];
  readonly path: PathName;
  readonly broker: BrokerName | undefined;
}

/** Every cell of the matrix, and a sample of pairs of faults that the seed picks. */
export function allPlaces(seed: number): Place[] {
  const single = FAULTS.flatMap((fault) => placesOf([fault]));
  const pairs: Place[] = [];
  const names = new Set<string>();
  const random = new Random(seed);
  const social = FAULTS.filter((fault) => !ALONE.test(fault.name));
  while (pairs.length < PAIRS) {
    const [one, other] = [random.pick(social), random.pick(social)];
    if (one === other || conflict(one, other)) continue;
    const places = placesOf([one, other]);
    if (places.length === 0) continue;
    const place = random.pick(places);
    if (!names.has(nameOf(place))) pairs.push(place);
    names.add(nameOf(place));
  }
  return [...single, ...pairs];
}

/** The name by which `-- part` selects, and which a failure prints. */
export function nameOf({ faults, path, broker }: Place): string {
  return `${faults.map((fault) => fault.name).join(' + ')}, ${path}, ${broker ?? 'no broker'}`;
}

function placesOf(faults: readonly Fault[]): Place[] {
  const places: Place[] = [];
  for (const path of PATHS) {
    for (const broker of withBroker(path) ? BROKERS : [undefined]) {
      if (faults.every((fault) => fault.fits?.(path, broker) !== false)) places.push({ faults, path, broker });
    }
  }
  return places;
}

/** Both would start the same broker, or ask for something of a process that the other kills, or undo what the other has done to the network. */
function conflict(one: Fault, other: Fault): boolean {
  const kind = (fault: Fault): string => /^broker (killed|stopped)|network|cut/.exec(fault.name)?.[0] ?? fault.name;
  const network = /network|cut/;
  const names = `${one.name} ${other.name}`;
  if (names.includes('SIGKILL') && names.includes('HUP')) return true;
  if (network.test(one.name) && network.test(other.name)) return true;
  return kind(one).startsWith('broker ') && kind(other).startsWith('broker ');
}
