import { reasonOf, StompctlError } from '../../base/errors.js';
import type { Environment } from '../../config/formats/environment.js';
import { readPidOptions } from '../../config/pid-options.js';
import { maskText } from '../../observe/mask.js';
import type { CommandIo } from '../command-line/io.js';
import type { ParsedArguments } from '../command-line/option-command.js';
import { type InstanceStatus, instanceStatus } from './instance-status.js';
import { oneInstance } from './one-instance.js';
import { type AlertRange, PROBED, type Probed, parseMost, parseRanges } from './probe-thresholds.js';
import { publishedNumber, publishedTransfers } from './published-facts.js';

/** The exit codes of Nagios plugins, and the words that their first line begins with. */
const OK = 0;
const WARNING = 1;
const CRITICAL = 2;
const UNKNOWN = 3;
const WORDS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'];
/** the worst first */
const SEVERITY = [CRITICAL, WARNING, UNKNOWN, OK];

interface Thresholds {
  readonly warn: ReadonlyMap<Probed, AlertRange>;
  readonly crit: ReadonlyMap<Probed, AlertRange>;
}

interface Finding {
  readonly code: number;
  readonly text: string;
}

/** `stompctl probe [CONFIG]`: one instance, in the form of Nagios plugins. */
export async function probe(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const commandLine = oneInstance(parsed, 'probe');
  const thresholds = thresholdsOf(parsed.flagValues);
  const { pidfile, statusMs } = await readPidOptions({ commandLine, env }, 'probe');
  const instance = await instanceStatus(pidfile, statusMs ?? 0);
  const parts = partsOf(instance.record);
  const judgements = instance.verdict === undefined ? [] : parts.flatMap((part) => judged(part, thresholds));
  const data = parts.flatMap((part) => performanceData(part, thresholds)).join(' ');
  return tell([stateOf(instance), ...judgements], data, io);
}

/** What is measured: the run; or, where a process runs several, each transfer. */
interface Part {
  /** of a transfer */
  readonly name: string | undefined;
  readonly measured: Measured;
}

function partsOf(record: unknown): Part[] {
  const transfers = publishedTransfers(record);
  if (transfers === undefined) return [{ name: undefined, measured: measure(record) }];
  // one that does not run has nothing to measure: the state tells of it
  const running = transfers.filter(({ facts }) => publishedNumber(facts, 'inFlight') !== undefined);
  return running.map(({ name, facts }) => ({ name, measured: measure(facts) }));
}

/** What goes wrong with a probe is told as a plugin tells it. */
export function probeFailed(error: unknown, io: CommandIo): number {
  return tell([{ code: UNKNOWN, text: maskText(reasonOf(error)) }], '', io);
}

function tell(findings: readonly Finding[], data: string, io: CommandIo): number {
  const code = SEVERITY.find((each) => findings.some((finding) => finding.code === each)) ?? OK;
  // what is worst comes first: pagers cut the line
  const sorted = SEVERITY.flatMap((each) => findings.filter((finding) => finding.code === each));
  const text = sorted.map((finding) => finding.text).join('; ');
  // a `|` begins the performance data, and a broker's words may hold anything
  const plain = text.replace(/\p{Cc}/gu, ' ').replaceAll('|', '/');
  io.out.write(`STOMPCTL ${WORDS[code]} - ${plain}${data === '' ? '' : ` | ${data}`}\n`);
  return code;
}

const MOST: readonly (readonly [flag: string, name: Probed, units: boolean])[] = [
  ['max-backlog', 'backlog', false],
  ['max-age', 'age', true],
  ['max-failures', 'failures', false],
];

function thresholdsOf(flags: ReadonlyMap<string, string>): Thresholds {
  const ranges = (flag: string) => {
    const text = flags.get(flag);
    return text === undefined ? new Map<Probed, AlertRange>() : parseRanges(text, `--${flag}`);
  };
  const [warn, crit] = [ranges('warn'), ranges('crit')];
  for (const [flag, name, units] of MOST) {
    const text = flags.get(flag);
    if (text === undefined) continue;
    if (crit.has(name)) throw new StompctlError('USAGE', 'option', `--${flag}`, `--crit has a range for ${name} too`);
    crit.set(name, parseMost(text, `--${flag}`, units));
  }
  return { warn, crit };
}

function stateOf({ pid, verdict, known, unknown }: InstanceStatus): Finding {
  if (pid === undefined) return { code: CRITICAL, text: known.text };
  if (verdict === undefined) return { code: UNKNOWN, text: `it is not known how it goes: ${unknown}` };
  return { code: verdict.state === 'stuck' ? CRITICAL : OK, text: `${verdict.state}: ${verdict.reason}` };
}

type Measured = ReadonlyMap<Probed, number | undefined>;

function measure(record: unknown): Measured {
  const seconds = (ms: number | undefined) => ms && Math.round(ms) / 1000;
  const backlog = publishedNumber(record, 'backlog', 'elements');
  const oldest = publishedNumber(record, 'backlog', 'oldestMs');
  const inFlight = publishedNumber(record, 'inFlight');
  const unsettled = publishedNumber(record, 'oldestUnsettledMs');
  const rate = publishedNumber(record, 'rate', 'sent');
  return new Map<Probed, number | undefined>([
    ['backlog', backlog],
    // nothing waits, so nothing is old
    ['age', backlog === 0 ? 0 : seconds(oldest)],
    ['failures', publishedNumber(record, 'failures', 'elements')],
    ['parked', publishedNumber(record, 'parked')],
    ['rejected', publishedNumber(record, 'rejected')],
    ['in_flight', inFlight],
    ['unsettled', inFlight === 0 ? 0 : seconds(unsettled)],
    ['rate', rate === undefined ? undefined : Math.round(rate * 10) / 10],
  ]);
}

/** What a range alerts of. What is to be judged and is not known is no good news. */
function judged({ name: transfer, measured }: Part, { warn, crit }: Thresholds): Finding[] {
  const whose = transfer === undefined ? '' : `${transfer}: `;
  return PROBED.flatMap((name): Finding[] => {
    const value = measured.get(name);
    const [critical, warning] = [crit.get(name), warn.get(name)];
    if (critical === undefined && warning === undefined) return [];
    if (value === undefined) {
      return [
        {
          code: UNKNOWN,
          text: `${whose}${name} is not known: the run has no queue to count, or has not counted it yet`,
        },
      ];
    }
    if (critical?.alerts(value))
      return [{ code: CRITICAL, text: `${whose}${name} is ${value} (range ${critical.text})` }];
    return warning?.alerts(value)
      ? [{ code: WARNING, text: `${whose}${name} is ${value} (range ${warning.text})` }]
      : [];
  });
}

const UNITS: Partial<Record<Probed, string>> = { age: 's', unsettled: 's', rejected: 'c' };

/** `NAME=VALUE[UNIT];WARN;CRIT;MIN`, as the guidelines of the plugins have it; of a transfer `'TRANSFER/NAME'=…`. */
function performanceData({ name: transfer, measured }: Part, { warn, crit }: Thresholds): string[] {
  const label = (name: Probed) => (transfer === undefined ? name : `'${transfer.replace(/['=]/g, '_')}/${name}'`);
  return PROBED.flatMap((name) => {
    const value = measured.get(name);
    if (value === undefined) return [];
    return `${label(name)}=${value}${UNITS[name] ?? ''};${warn.get(name)?.text ?? ''};${crit.get(name)?.text ?? ''};0`;
  });
}
