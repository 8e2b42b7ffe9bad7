import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A message that goes into a callback, or a call of `idle`. */
export type Step = 'idle' | StepMessage;

export interface StepMessage {
  readonly header: Readonly<Record<string, string>>;
  /** Base64 */
  readonly body: string;
  readonly text: boolean;
}

export interface Snippet {
  /** `category: name` */
  readonly name: string;
  readonly code: string;
  /** as a file of `callback-path` would give it, never wrapped */
  readonly path: boolean;
  readonly data: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface Sample {
  readonly header: Record<string, string>;
  readonly text?: string;
  readonly base64?: string;
  readonly repeat?: { readonly text: string; readonly times: number };
}

/** The fixtures lie beside the sources: the compiled tests look for them there. */
export const ROOT = path.resolve(import.meta.dirname, '../../..');
const FOLDER = path.join(ROOT, 'test/fixtures/perl');

/**
 * The snippets of `test/fixtures/perl/*.txt`; a file is a category. Each is `### name`, lines of `#: directive values` where
 * needed, and code:
 *
 *     #: in text, idle, bytes     the messages of messages.json it is given, and calls of `idle` (default: text)
 *     #: data key=value …         callback-data
 *     #: path                     the code is a file, not code in the configuration
 */
export function readCorpus(): Snippet[] {
  const samples = readSamples();
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
  return files.sort().flatMap((file) => {
    const category = path.basename(file, '.txt');
    const parts = readFileSync(path.join(FOLDER, file), 'utf8').split(/^### /m);
    return parts.slice(1).map((part) => readSnippet(category, part, samples));
  });
}

function readSnippet(category: string, part: string, samples: ReadonlyMap<string, StepMessage>): Snippet {
  const lines = part.split('\n');
  const name = `${category}: ${lines.shift() ?? ''}`;
  const directives = new Map<string, string>();
  while (lines[0]?.startsWith('#: ')) {
    const [word = '', ...values] = (lines.shift() ?? '').slice(3).split(' ');
    if (word !== 'in' && word !== 'data' && word !== 'path') throw new Error(`${name}: unknown directive ${word}`);
    directives.set(word, values.join(' '));
  }
  const steps = (directives.get('in') ?? 'text').split(/, */).map((word): Step => {
    if (word === 'idle') return word;
    const sample = samples.get(word);
    if (sample === undefined) throw new Error(`${name}: there is no message ${word}`);
    return sample;
  });
  const pairs = (directives.get('data') ?? '').split(' ').filter((pair) => pair !== '');
  const data = Object.fromEntries(pairs.map((pair) => [pair.split('=')[0] ?? '', pair.slice(pair.indexOf('=') + 1)]));
  return { name, code: lines.join('\n'), path: directives.has('path'), data, steps };
}

function readSamples(): Map<string, StepMessage> {
  const file: Record<string, Sample> = JSON.parse(readFileSync(path.join(FOLDER, 'messages.json'), 'utf8'));
  const samples = Object.entries(file).map(([name, { header, text, base64, repeat }]): [string, StepMessage] => {
    if (base64 !== undefined) return [name, { header, body: base64, text: false }];
    const body = Buffer.from(repeat === undefined ? (text ?? '') : repeat.text.repeat(repeat.times));
    return [name, { header, body: body.toString('base64'), text: true }];
  });
  return new Map(samples);
}
