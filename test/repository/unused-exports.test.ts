import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../../..');

/** Folders whose exports are called by who does not import them. */
const CALLED_FROM_OUTSIDE = [
  // made for the demo and for the tests, which ask and disturb it in more ways than the demo does
  'src/broker/',
  // packed into one text, and called by name from outside of QuickJS
  'src/callback/javascript/guest/',
];

/** What a library asks for by name. */
const ASKED_FOR: Readonly<Record<string, readonly string[]>> = {
  // @stomp/stompjs takes it for a WebSocket
  'src/stomp/stompjs-socket.ts': ['binaryType', 'onopen', 'onerror', 'readyState'],
  // rhea takes it for a socket
  'src/amqp1/amqp1-wire.ts': ['get_id_string'],
};

const EXPORT = /^export (?:abstract |async )*(?:function\*?|class|const) ([\w$]+)/gm;
const MEMBER = /^ {2}(?:(?:static|override|async|readonly|protected|get|set) |\*)*([a-z]\w*)[?!]?(?:\(|<|:| =|;)/gm;

function filesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name).slice(ROOT.length + 1));
}

/** Without comments and texts: a word in those uses nothing. */
function codeOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/(?<![:'"`\\])\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
    .replace(/`(?:[^`\\]|\\.)*`/gs, (text) => [...text.matchAll(/\$\{[^`]*?\}/g)].join(' '));
}

/** The bodies of classes and interfaces. */
function classesOf(code: string): string {
  return [...code.matchAll(/^(?:export )?(?:abstract )?(?:class|interface) .*?^}/gms)].join('\n');
}

/** How often each word is in the code of these files; `#name` and `name` are two words. */
function wordsIn(files: readonly string[]): Map<string, number> {
  const words = new Map<string, number>();
  for (const file of files) {
    for (const [word] of codeOf(file).matchAll(/#?[A-Za-z_$][\w$]*/g)) words.set(word, (words.get(word) ?? 0) + 1);
  }
  return words;
}

const SOURCES = filesOf('src');
const CHECKED = SOURCES.filter((file) => !CALLED_FROM_OUTSIDE.some((folder) => file.startsWith(folder)));
/** what the package is made of: the program, the library, the generated documents */
const USED = wordsIn([...SOURCES, ...filesOf('tools')]);
const LIBRARY = new Set(
  [
    ...['index', 'testing']
      .map((name) => readFileSync(join(ROOT, `src/${name}.ts`), 'utf8'))
      .join('')
      .matchAll(/from '\.(\/.*)\.js'/g),
  ].map(([, path]) => normalize(`src${path}.ts`)),
);

function unused(files: readonly string[], pattern: RegExp, within = (code: string) => code): string[] {
  return files.flatMap((file) => {
    const names = new Set([...within(codeOf(file)).matchAll(pattern)].map(([, name = '']) => name));
    return [...names]
      .filter((name) => USED.get(name) === 1 && !ASKED_FOR[file]?.includes(name))
      .map((name) => `${file}: ${name}`);
  });
}

test('every function, class and constant that a file of src exports is used by the program, not by tests alone', () => {
  assert.deepEqual(unused(CHECKED, EXPORT), []);
});

test('so is every method, getter and property of a class or interface, but for those of the library', () => {
  const own = CHECKED.filter((file) => !LIBRARY.has(file));
  assert.ok(own.length > 100 && LIBRARY.size > 10);
  assert.deepEqual(unused(own, MEMBER, classesOf), []);
});
