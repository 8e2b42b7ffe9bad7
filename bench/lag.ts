/**
 * The longest turn of the event loop while a callback gives out something large: for that long nobody reads a socket,
 * beats a heart or hears a signal. Of each round the longest turn counts, of the rounds the one that other programs
 * disturbed least; the processor time is the main thread's. Run: npm run bench -- lag [megabytes, default 10] [rounds, default 5]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Callback } from '../src/callback/callback.js';
import { Message, newHeader } from '../src/message/message.js';
import { QueueSink } from '../src/sinks/queue/queue-sink.js';

const megabytes = Number(process.argv[2] ?? 10);
const rounds = Number(process.argv[3] ?? 5);
const bytes = megabytes * 1_000_000;

interface Subject {
  readonly name: string;
  readonly language: 'javascript' | 'perl';
  readonly code: string;
}

const PERL_TAP = `
  my $queue;
  sub start ($) { $queue = Messaging::Message::Queue->new(path => $_[0]->{path}, type => "DQS") }
  sub check ($) { $queue->add_message(Messaging::Message->new(body => "x" x ${bytes}, text => 1)); return($_[0]) }
`;
const TEXT = `new Message({ body: 'x'.repeat(${bytes}), text: true })`;
const SUBJECTS: Subject[] = [
  { name: 'JavaScript, text', language: 'javascript', code: `bdy = 'x'.repeat(${bytes})` },
  { name: 'JavaScript, text for a tap', language: 'javascript', code: `tap(data.path, ${TEXT})` },
  {
    name: 'JavaScript, bytes for a tap',
    language: 'javascript',
    code: `tap(data.path, new Message({ body: new Uint8Array(${bytes}), text: false }))`,
  },
  {
    name: 'JavaScript, four taps',
    language: 'javascript',
    code: `for (let n = 0; n < 4; n++) tap(data.path, ${TEXT})`,
  },
  { name: 'JavaScript, a header', language: 'javascript', code: `hdr.large = 'x'.repeat(${bytes})` },
  { name: 'JavaScript, a header of quotes', language: 'javascript', code: `hdr.large = '"'.repeat(${bytes / 2})` },
  { name: 'JavaScript, a print', language: 'javascript', code: `print('x'.repeat(${bytes}))` },
  { name: 'Perl, text', language: 'perl', code: `$bdy = "x" x ${bytes};` },
  { name: 'Perl, text for a tap', language: 'perl', code: PERL_TAP },
  { name: 'Perl, a header', language: 'perl', code: `$hdr{large} = "x" x ${bytes};` },
];

/** Milliseconds that the main thread had of a processor. */
function usedMs(): number {
  return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[0]) / 1e6;
}

interface Turn {
  readonly ms: number;
  readonly cpuMs: number;
}

async function longestTurn(work: () => Promise<void>): Promise<Turn> {
  let longest: Turn = { ms: 0, cpuMs: 0 };
  let working = true;
  const watched = (async () => {
    while (working) {
      const before = performance.now();
      const usedBefore = usedMs();
      await turn();
      const ms = performance.now() - before;
      if (ms > longest.ms) longest = { ms, cpuMs: usedMs() - usedBefore };
    }
  })();
  await work();
  // the turn that ended with the outcome counts, too
  await turn();
  working = false;
  await watched;
  return longest;
}

async function measure({ name, language, code }: Subject, path: string): Promise<void> {
  const callback = await Callback.open({
    code,
    language,
    origin: { file: 'bench', line: 1 },
    fromPath: false,
    data: { path },
    timeoutMs: 60_000,
    memoryBytes: 256 * 1024 * 1024,
    onPrint: () => undefined,
    onLog: () => undefined,
    openTap: async () => {
      const sink = new QueueSink({ path, type: 'DQS', sync: 'none' });
      await sink.open();
      return sink;
    },
  });
  const turns: Turn[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const message = new Message(newHeader({ n: '1' }), Buffer.from('x'), true);
    const longest = await longestTurn(async () => {
      const [outcome] = await callback.process([message]);
      if (outcome?.kind !== 'pass') throw new Error(`${name}: the message did not pass`);
    });
    turns.push(longest);
  }
  await callback.close();
  turns.sort((one, other) => one.ms - other.ms);
  const [least] = turns;
  const figures = `${least?.ms.toFixed(0).padStart(5)} ms, ${least?.cpuMs.toFixed(0)} ms of a processor`;
  process.stdout.write(`${name.padEnd(32)} ${figures}\n`);
}

const folder = mkdtempSync(join(tmpdir(), 'stompctl-lag-'));
try {
  for (const subject of SUBJECTS) await measure(subject, folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
