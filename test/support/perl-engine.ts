import { FLAG, OUTCOME } from '../../src/callback/border/engine-contract.js';
import { packFields, readFields } from '../../src/callback/border/fields.js';
import { PerlEngine } from '../../src/callback/perl/perl-engine.js';
import { sharedPerlModule } from '../../src/callback/perl/perl-module.js';

/** One callback, and the message it gets. */
export interface EngineCase {
  readonly code: string;
  readonly header: Readonly<Record<string, string>>;
  /** of bytes, a character each */
  readonly body: string;
  readonly text: boolean;
}

/** What became of it. */
export interface EngineOutcome {
  readonly printed: string;
  readonly header?: Record<string, string>;
  readonly body?: string;
  readonly text?: boolean;
  readonly dropped?: string;
  readonly error?: string;
}

const MEMORY = 64 * 1024 * 1024;
/** compiled once for all */
const PERL = await sharedPerlModule(MEMORY);

/** What the Perl engine makes of a callback. Without its thread: that is quicker. */
export function runInEngine(snippet: EngineCase): EngineOutcome {
  let printed = '';
  const host = {
    memoryBytes: MEMORY,
    data: {},
    interrupted: () => false,
    room: () => undefined,
    output: (kind: string, bytes: Uint8Array) => {
      if (kind === 'print') printed += Buffer.from(bytes).toString('utf8');
    },
  };
  const { code } = snippet;
  const program = { language: 'perl', code, fromPath: false, file: 'x.conf', firstLine: 1 } as const;
  const engine = PerlEngine.open(program, host, PERL);
  const wrong = engine.adopt() ?? engine.call('start');
  if (wrong !== undefined) return { printed, error: wrong.message };
  const header = packFields(Object.entries(snippet.header).flat());
  const body = Buffer.from(snippet.body, snippet.text ? 'utf8' : 'latin1');
  const batch = packFields([Buffer.of(snippet.text ? FLAG.text : 0), header, body]);
  let outcome = Buffer.alloc(0);
  const settle = (bytes: Uint8Array): boolean => {
    outcome = Buffer.from(bytes);
    return true;
  };
  engine.check(batch, 1, { begin: () => undefined, settle });
  engine.call('stop');
  return { printed, ...describe(outcome, snippet) };
}

/** What the engine says of a message whose body was left at home. */
export function checkWithoutBody(code: string): 'complete' | 'needs-body' {
  const program = { language: 'perl', code, fromPath: false, file: 'x.conf', firstLine: 1 } as const;
  const nothing = (): undefined => undefined;
  const host = { memoryBytes: MEMORY, data: {}, interrupted: () => false, room: nothing, output: nothing };
  const engine = PerlEngine.open(program, host, PERL);
  const wrong = engine.adopt();
  if (wrong !== undefined) throw new Error(wrong.message);
  const batch = packFields([Buffer.of(FLAG.text | FLAG.noBody), Buffer.alloc(0), Buffer.alloc(0)]);
  return engine.check(batch, 1, { begin: nothing, settle: () => true });
}

function describe(outcome: Buffer, snippet: EngineCase): Omit<EngineOutcome, 'printed'> {
  const { body, text } = snippet;
  const [first = Buffer.alloc(0), second = Buffer.alloc(0), third = Buffer.alloc(0)] = readFields(outcome, 1);
  switch (outcome.toString('latin1', 0, 1)) {
    case OUTCOME.header:
      return { header: headerOf(first), body, text };
    case OUTCOME.drop:
      return { dropped: first.toString('utf8') };
    case OUTCOME.message: {
      const isText = ((first[0] ?? 0) & FLAG.text) !== 0;
      return { header: headerOf(second), body: third.toString(isText ? 'utf8' : 'latin1'), text: isText };
    }
    default:
      return { error: (second.length > 0 ? second : first).toString('utf8') };
  }
}

function headerOf(list: Buffer): Record<string, string> {
  const header: Record<string, string> = {};
  const fields = readFields(list);
  for (let at = 0; at < fields.length; at += 2) header[String(fields[at])] = String(fields[at + 1]);
  return header;
}
