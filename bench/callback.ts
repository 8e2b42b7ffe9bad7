import { Callback } from '../src/callback/callback.js';
import { Rules } from '../src/callback/rules/rules.js';
import type { Outcome } from '../src/flow/processor.js';
import { Message, newHeader } from '../src/message/message.js';

/**
 * Messages a second through callbacks and rules, in batches of 100, nine headers and 1 kB of text each; the rewritten
 * bytes are checked. Run `node dist/bench/callback.js [seconds]`. CPU is of the whole process, the sandbox's thread included.
 */
const HEADER = {
  destination: '/queue/in',
  'message-id': 'ID:broker-41234-1690000000000-2:1',
  timestamp: '1690000000000',
  'content-type': 'text/plain',
  priority: '4',
  app: 'sensor',
  host: 'node1.example.org',
  persistent: 'true',
};
const BODY = Buffer.from('all is well '.repeat(84));
const BATCH = Array.from({ length: 100 }, (_, n) => new Message(newHeader({ ...HEADER, n: String(n) }), BODY, true));
const seconds = Number(process.argv[2] ?? 2);

interface Subject {
  readonly name: string;
  readonly code: string | undefined;
  readonly rules?: unknown;
  readonly destination: string;
}

const SUBJECTS: Subject[] = [
  {
    name: 'JavaScript, two headers set',
    code: 'hdr.destination = "/queue/out"; hdr.persistent = "true"',
    destination: '/queue/out',
  },
  {
    name: 'Perl, two headers set',
    code: '$hdr{destination} = "/queue/out"; $hdr{persistent} = "true";',
    destination: '/queue/out',
  },
  { name: 'JavaScript, nothing changed', code: 'if (hdr.old) return "old"', destination: '/queue/in' },
  { name: 'JavaScript, body looked at', code: 'if (bdy.includes("error")) return "error"', destination: '/queue/in' },
  { name: 'Perl, body matched', code: 'return("error") if $bdy =~ /error/;', destination: '/queue/in' },
  {
    name: 'rules, two headers set',
    code: undefined,
    rules: { set: { destination: '/queue/out', persistent: 'true' } },
    destination: '/queue/out',
  },
  {
    name: 'JavaScript, pattern replaced',
    code: 'hdr.destination = hdr.destination.replace(/^\\/queue\\/(.*)$/u, "/topic/$1")',
    destination: '/topic/in',
  },
  {
    name: 'rules, pattern replaced',
    code: undefined,
    rules: { replace: { destination: { pattern: '^/queue/(.*)$', with: '/topic/$1' } } },
    destination: '/topic/in',
  },
  {
    name: 'rules, body matched',
    code: undefined,
    rules: { when: { body: 'error' }, drop: 'error' },
    destination: '/queue/in',
  },
];

/** Rules, and the code that does the same: they must be this many times as fast. */
const TIMES = 10;
const PAIRS = ['two headers set', 'pattern replaced'];
const rates = new Map<string, number>();

for (const subject of SUBJECTS) {
  const checks = await open(subject);
  await measure(subject, checks, 0.3);
  const { rate, cpu } = await measure(subject, checks, seconds);
  rates.set(subject.name, rate);
  await checks.close();
  process.stdout.write(
    `${subject.name.padEnd(30)} ${Math.round(rate).toLocaleString('en').padStart(9)} msg/s ${cpu.toFixed(1).padStart(6)} µs CPU a message\n`,
  );
}

for (const pair of PAIRS) {
  const ratio = (rates.get(`rules, ${pair}`) ?? 0) / (rates.get(`JavaScript, ${pair}`) ?? 1);
  process.stdout.write(`rules against JavaScript, ${pair}: ${ratio.toFixed(1)} times as fast\n`);
  if (ratio < TIMES) throw new Error(`${pair}: rules must be ${TIMES} times as fast as JavaScript`);
}

async function open({ code, rules }: Subject): Promise<Pick<Rules, 'process' | 'close'>> {
  if (code === undefined) return Rules.open(rules);
  const nothing = (): void => undefined;
  const limits = { timeoutMs: 1000, memoryBytes: 64 * 1024 * 1024 };
  const source = { code, origin: { file: 'bench', line: 1 }, fromPath: false, data: {} };
  return Callback.open({ ...source, ...limits, onPrint: nothing, onLog: nothing });
}

async function measure(
  subject: Subject,
  checks: Pick<Rules, 'process'>,
  runFor: number,
): Promise<{ rate: number; cpu: number }> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  let count = 0;
  while (performance.now() - start < runFor * 1000) {
    const outcomes = await checks.process(BATCH);
    for (const outcome of outcomes) verify(subject, outcome);
    count += outcomes.length;
  }
  const used = process.cpuUsage(cpu);
  return { rate: (count / (performance.now() - start)) * 1000, cpu: (used.user + used.system) / count };
}

function verify({ name, destination }: Subject, outcome: Outcome): void {
  const right =
    outcome.kind === 'pass' && outcome.message.header.destination === destination && outcome.message.body.equals(BODY);
  if (!right) throw new Error(`${name}: a message came out wrong`);
}
