import { Random } from '../support/random.js';
import type { BrokerName } from './broker-host.js';
import { type Fault, faultsOf } from './fault.js';
import { FAULTS_OF_BROKERS } from './faults-of-brokers.js';
import { FAULTS_OF_DISKS } from './faults-of-disks.js';
import { FAULTS_OF_PROCESSES } from './faults-of-processes.js';
import { PATHS, type PathName, toSeveral, withBroker, withQueue } from './paths.js';
import type { QueueType } from './queue-place.js';

export const BROKERS: readonly BrokerName[] = [
  ...(['RabbitMQ', 'ActiveMQ', 'scripted'] as const),
  ...(['RabbitMQ over AMQP', 'RabbitMQ over AMQP 1.0'] as const),
];
/** of several outputs: who shares messages out knows no protocol */
const BROKERS_OF_SEVERAL: readonly BrokerName[] = ['RabbitMQ', 'scripted'];

const FAULTS: readonly Fault[] = [...FAULTS_OF_PROCESSES, ...FAULTS_OF_BROKERS, ...FAULTS_OF_DISKS];

/** How many pairs of faults a whole run tries, of the many that there are. */
const PAIRS = 20;
/** How many cells are repeated with queues of type DQN. */
const NORMAL = 15;
/** its steps are known by names of files that a queue of type DQN does not have */
const BY_FILE_NAME = /each step/;
const KILLS = /SIGKILL|SIGSTOP|two stompctl/;
const FAMILIES: readonly (readonly [name: string, faults: RegExp])[] = [
  ['kills', KILLS],
  ['signals and clocks', /HUP|TERM|quit|clock/],
  ['brokers', /broker|past the time-out/],
  ['networks', /network|cut/],
];
/** These decide alone when the process ends and starts, or what lies under the sink. */
const ALONE = /each step|two stompctl|quit|TERM|disk|inode|read-only|at a start/;

export interface Place {
  readonly faults: readonly Fault[];
  readonly path: PathName;
  readonly broker: BrokerName | undefined;
  /** of the queues */
  readonly type: QueueType;
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
  return [...single, ...pairs, ...withNormalQueues(single, random)];
}

/** Some cells again, with queues of type DQN. */
function withNormalQueues(places: readonly Place[], random: Random): Place[] {
  const fitting = places.filter(({ faults, path }) => withQueue(path) && !BY_FILE_NAME.test(nameOfAll(faults)));
  return shuffled(fitting, random)
    .slice(0, NORMAL)
    .map((place) => ({ ...place, type: 'DQN' }));
}

/** What a whole run cannot do without: of each path, broker and family of faults one cell, of some ends a few; then the rest. */
export function sampleFirst(places: readonly Place[], seed: number): [sample: Place[], rest: Place[]] {
  const met = new Set<string>();
  const sample: Place[] = [];
  const rest: Place[] = [];
  for (const place of shuffled(places, new Random(seed))) {
    const kind = `${sampledFamily(place)}, ${place.path}, ${sampledBroker(place)}`;
    (met.has(kind) ? rest : sample).push(place);
    met.add(kind);
  }
  return [sample, rest];
}

/** Ends of which a sample has two cells, a kill and something else: a whole run has all. */
const FEW = /folder|command|AMQP|first|every/;

function sampledFamily(place: Place): string {
  if (!FEW.test(`${place.path} ${place.broker}`)) return familyOf(place);
  return KILLS.test(nameOfAll(place.faults)) ? 'kills' : 'other';
}

/** Of several outputs the two cells are with any broker. */
function sampledBroker({ path, broker }: Place): string | undefined {
  return toSeveral(path) ? undefined : broker;
}

export function familyOf({ faults, type }: Place): string {
  if (type === 'DQN') return 'DQN';
  if (faults.length > 1) return 'pairs';
  const name = nameOfAll(faults);
  return FAMILIES.find(([, names]) => names.test(name))?.[0] ?? 'disks';
}

function nameOfAll(faults: readonly Fault[]): string {
  return faults.map((fault) => fault.name).join(' + ');
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  const rest = [...all];
  return Array.from({ length: rest.length }, () => rest.splice(random.between(0, rest.length - 1), 1)[0] as T);
}

/** The name by which `-- part` selects, and which a failure prints. */
export function nameOf(place: Place): string {
  return `${faultsOf(place)}, ${place.path}, ${place.broker ?? 'no broker'}`;
}

function placesOf(faults: readonly Fault[]): Place[] {
  const places: Place[] = [];
  for (const path of PATHS) {
    for (const broker of brokersOf(path)) {
      if (faults.every((fault) => fault.fits?.(path, broker) !== false))
        places.push({ faults, path, broker, type: 'DQS' });
    }
  }
  return places;
}

function brokersOf(path: PathName): readonly (BrokerName | undefined)[] {
  if (!withBroker(path)) return [undefined];
  return toSeveral(path) ? BROKERS_OF_SEVERAL : BROKERS;
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
