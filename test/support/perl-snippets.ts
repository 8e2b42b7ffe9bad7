import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What became of the message of a snippet. */
export interface PerlOutcome {
  printed: string;
  header?: Record<string, string>;
  body?: string;
  text?: boolean;
  dropped?: string;
  rejected?: number;
  /** why, as Perl says it: not compared */
  error?: string;
}

export interface Snippet {
  readonly name: string;
  readonly code: string;
  readonly header: Readonly<Record<string, string>>;
  readonly body: string;
  readonly text: boolean;
}

const HEADER = {
  destination: '/queue/in',
  priority: '4',
  'content-type': 'text/plain',
  empty: '',
  'message-id': 'ID:1',
};
const TEXT = 'first line\nERROR: disk sda1 at 93%\nlast\n';
const BYTES = '\u0000\u00ffA\u00e9\n';
/** The fixtures lie beside the sources: the compiled tests look for them there. */
const ROOT = path.resolve(import.meta.dirname, '../../..');

/** The snippets of `test/fixtures/perl-snippets.txt`: `### name` (`| binary`), then code. */
export function readSnippets(): Snippet[] {
  const text = readFileSync(path.join(ROOT, 'test/fixtures/perl-snippets.txt'), 'utf8');
  return text
    .split(/^### /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      const [name = '', kind] = part.slice(0, end).split(' | ');
      const binary = kind === 'binary';
      return { name, code: part.slice(end + 1), header: HEADER, body: binary ? BYTES : TEXT, text: !binary };
    });
}

/** What Perl 5.36 made of them, as recorded by `node dist/test/support/perl-snippets.js > test/fixtures/perl-expected.json`. */
export function readExpected(): Record<string, PerlOutcome> {
  return JSON.parse(readFileSync(path.join(ROOT, 'test/fixtures/perl-expected.json'), 'utf8'));
}

export function perlIsHere(): boolean {
  return spawnSync('perl', ['-MJSON::PP', '-e', '1']).status === 0;
}

/** Runs the snippets in the `perl` of this machine. */
export function runInPerl(snippets: readonly Snippet[]): Record<string, PerlOutcome> {
  const script = path.join(ROOT, 'test/support/perl-oracle.pl');
  const output = execFileSync('perl', [script], { input: JSON.stringify(snippets), stdio: ['pipe', 'pipe', 'pipe'] });
  return JSON.parse(output.toString('utf8'));
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${JSON.stringify(runInPerl(readSnippets()), undefined, 2)}\n`);
}
