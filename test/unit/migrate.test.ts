import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { effectiveConfiguration } from '../../src/config/describe/effective-configuration.js';
import { migratedYaml } from '../../src/config/describe/migrated-yaml.js';
import { migrationNotes } from '../../src/config/describe/migration-notes.js';
import { problemText } from '../../src/config/formats/problem.js';
import type { OptionRow } from '../../src/config/options/option.js';
import { OPTION_TABLE } from '../../src/config/options/option-table.js';
import { examineConfiguration } from '../../src/config/resolve-settings.js';
import { tempFolder } from '../support/temp-folder.js';
import { THOROUGH } from '../support/thorough.js';

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/config');

interface Old {
  readonly text: string;
  readonly env?: Readonly<Record<string, string>>;
  /** the command line, `name=value` */
  readonly args?: readonly string[];
}

async function examined(file: string, { env = {}, args = [] }: Omit<Old, 'text'>) {
  const commandLine = new Map<string, string[]>([['config', [file]]]);
  for (const arg of args) {
    const [name = '', value = ''] = arg.split(/=(.*)/s);
    commandLine.set(name, [...(commandLine.get(name) ?? []), value]);
  }
  const found = await examineConfiguration({ commandLine, env });
  assert.deepEqual(found.problems.map(problemText), []);
  assert.ok(found.settings !== undefined);
  return { ...found, settings: found.settings };
}

/** Migrates it and compares what both mean. Resolves to the YAML and the notes. */
async function sameMeaning(test: TestContext, old: Old) {
  const folder = await tempFolder(test);
  const [before, after] = [join(folder, 'old.conf'), join(folder, 'new.yaml')];
  mkdirSync(join(folder, 'data'));
  writeFileSync(before, old.text);
  const first = await examined(before, old);
  const notes = migrationNotes(first.values, first.settings, []);
  const yaml = await migratedYaml(['made by a test'], first.values.given, notes, first.values);
  writeFileSync(after, yaml);
  const second = await examined(after, { env: {} });
  assert.deepEqual(meaning(second), meaning(first), yaml);
  return {
    yaml,
    notes: notes.map(({ option, text }) => `${option ?? ''}: ${text}`),
    names: [...first.values.given.keys()],
  };
}

function meaning({ values, settings }: Awaited<ReturnType<typeof examined>>) {
  const { callback, ...rest } = settings;
  const options = effectiveConfiguration(values, settings)
    .filter(({ name }) => name !== 'config-general')
    .map(({ name, value, source }) => [name, value, source === 'default']);
  return structuredClone({ ...rest, callback: callback && { ...callback, origin: undefined }, options });
}

const CODE = `<<EOF
  # a comment \\# with a dollar \\$ and a backslash \\\\
  if (\\$hdr{app} eq "x: y") {
      return("\\\${HOME} 'quoted' \\"twice\\"");
  }
  \\$hdr{destination} = "/queue/\\$hdr{app}";
	tab
EOF`;

/** Together they have every option. */
const EVERY: Readonly<Record<string, Old>> = {
  'folder to folder': {
    text: `<incoming-folder>
path = "/a b"
pattern = *.x
stable = 1m
</incoming-folder>
<folder-headers>
destination = /queue/%{base}
</folder-headers>
<outgoing-folder>
path = /out
name = %{file:-x}.y
umask = 027
</outgoing-folder>
`,
  },
  'raw queue to raw queue': {
    text: `<incoming-queue>
path = /a
format = raw
body = text
</incoming-queue>
<queue-headers>
destination = /queue/%{element}
</queue-headers>
<outgoing-queue>
path = /b
type = DQN
schema = "body:string signer:string?"
</outgoing-queue>
`,
  },
  'command to queue': {
    text: `<incoming-command>
command = /bin/feed "a b" %%{x}
ack = stdin
</incoming-command>
<outgoing-queue>
path = /b
</outgoing-queue>
`,
  },
  'broker to command': {
    text: `incoming-broker-uri = stomp://h
subscribe = destination=/queue/q
<outgoing-command>
command = /bin/x "a b" %{c:-d}
timeout = 2m
output = reply
</outgoing-command>
`,
  },
  'queue to broker': {
    text: `
incoming-queue = path=/var/spool/a%20b type=DQN umask=022 granularity=10 maxlock=5m maxtemp=60 maxelts=10 rndhex=5
<outgoing-broker>
uri = failover:(ssl://one.example.com:61614,ssl://two.example.com:61614)?maxReconnectAttempts=2
type = ActiveMQ
protocol = stomp
module = kombu
<auth>
scheme = plain
name = a=b
pass = "  p \\\${X}\\#"
</auth>
auth = x509 cert=/c.pem key=/k.pem ca=/ca pass=p%20%24%7BX%7D%23
connect = host=/x client-id=\\\${HOME}
sockopts = SSL_verify_mode=1 Timeout=3
stomp-debug = api+command,header
persistent = keep
content-length = always
members = all
</outgoing-broker>
loop = 1
remove = true
lazy = true
reliable = false
heart-beat = false
callback-code = ${CODE}
callback-language = perl
callback-timeout = 250ms
callback-memory = 128MiB
callback-data = a=b%3Dc d=%20
count = 10
duration = 1h30m
window = 0
window-bytes = 1.5M
max-message-size = 1k
max-attempts = 3
failure-queue = path=/f type=DQN max-bytes=1GiB min-free=10%
<tap-queue>
path = /t
compression = zlib!
max-elements = 5
deduplicate = 100
deduplicate-by = x-id
</tap-queue>
sync = message
reconnect-delay = 0.5
reconnect-max-delay = 5m
reconnect-attempts = 7
timeout-connect = 5
timeout-broker = 6.5
timeout-client = 7
timeout-server = 8
timeout-flush = 9
timeout-disconnect = 1e1
timeout-linger = 11
timeout-inactivity = 12
timeout-status = 13
statistics = true
debug = 7
log-level = warn
log-format = json
pidfile = "/run/my pid: file #1"
<rewrite>
<when>
<header>
app = "null"
</header>
</when>
<set>
x = "\\\${Y}: 022"
y = ~
</set>
remove = a b
</rewrite>
<rewrite>
drop = "it is over: #"
</rewrite>
`,
  },
  'broker to queue': {
    text: `
incoming-broker-uri = stomp://one.example.com/v
incoming-broker-auth = none
incoming-broker-connect = a=b
incoming-broker-sockopts = Timeout=3
incoming-broker-stomp-debug = all
incoming-broker-type = RabbitMQ
incoming-broker-protocol = stomp
incoming-broker-module = pika
incoming-broker-members = all
<subscribe>
destination = /queue/a: b
selector = "a = 'x' AND b > 3"
<prefetch>
count = 3
</prefetch>
</subscribe>
subscribe = destination=/queue/022 ack=client-individual
<unsubscribe>
persistent = true
</unsubscribe>
unsubscribe = x=y
prefetch = 0
max-parked = 5
<outgoing-queue>
path = /q
umask = 18
</outgoing-queue>
callback-path = CALLBACK
daemon = true
`,
  },
  'with options of Config::General': {
    text: `
config-general = -InterPolateEnv -AutoTrue=1 -LowerCaseNames -MergeDuplicateBlocks
<incoming-queue>
path = $HOME_OF/in
</incoming-queue>
<Incoming-Queue>
Type = DQN
</Incoming-Queue>
outgoing-queue = path=/out
loop = Yes
remove = on
`,
    env: { HOME_OF: `/h\${A}` },
  },
};

/** One of those. */
async function migrated(test: TestContext, old: Old) {
  const code = join(await tempFolder(test), 'code.pl');
  writeFileSync(code, '$hdr{a} = 1;\n');
  return sameMeaning(test, { ...old, text: old.text.replace('CALLBACK', code) });
}

/** What an option is of no use without. */
const NEEDS: Readonly<Record<string, string>> = {
  'on-overlap': 'pidfile = /p\n',
  'metrics-remote': 'metrics-listen = 127.0.0.1:9464\n',
};

/** What an option of this kind may say, where no configuration above has it. */
function sampleOf({ name, kind, choices = [], min = 1 }: OptionRow): string {
  if (name === 'metrics-listen') return 'unix:/a/b';
  if (kind === 'number' || kind === 'count') return String(Math.max(min, 1));
  if (kind === 'size') return '2MiB';
  if (kind === 'choice' || kind === 'choices') return choices[0] ?? '';
  return kind === 'boolean' ? 'true' : '/a/b';
}

describe('a configuration that was migrated means the same', () => {
  for (const name of ['sender.conf', 'receiver.conf']) {
    it(`the reference configuration ${name}`, async (test) => {
      const { yaml } = await sameMeaning(test, { text: readFileSync(join(FIXTURES, name), 'utf8') });
      assert.match(yaml, name === 'sender.conf' ? /^outgoing-broker:\n/m : /^incoming-broker:\n/m);
    });
  }

  for (const [name, old] of Object.entries(EVERY)) {
    it(name, async (test) => {
      await migrated(test, old);
    });
  }

  it('with options of the command line', async (test) => {
    const args = ['loop=true', 'outgoing-broker-auth=plain name=a pass=b%20c', `callback-code=$hdr{a} = "\${B}";`];
    await sameMeaning(test, { text: readFileSync(join(FIXTURES, 'sender.conf'), 'utf8'), args });
  });

  it('every option of the table', async (test) => {
    const seen = new Set<string>();
    for (const old of Object.values(EVERY)) for (const name of (await migrated(test, old)).names) seen.add(name);
    const rest = OPTION_TABLE.filter(({ name, commandLineOnly }) => !commandLineOnly && !seen.has(name));
    for (const row of rest) {
      const needed = NEEDS[row.name] ?? '';
      const text = `incoming-queue = path=/in\noutgoing-queue = path=/out\n${needed}${row.name} = ${sampleOf(row)}\n`;
      await sameMeaning(test, { text });
    }
  });

  it('whatever is in its values', async (test) => {
    const folder = await tempFolder(test);
    const [before, after] = [join(folder, 'old.yaml'), join(folder, 'new.yaml')];
    const value = fc
      .string({ unit: fc.constantFrom(...'aZ0 \\$"\'#<>{}:=&*!|%@`~-,[]?é日\n\t'), minLength: 1, maxLength: 20 })
      .filter((text) => text.trim() !== '');
    const property = fc.asyncProperty(value, value, value, async (code, text, name) => {
      const quoted = (given: string) => JSON.stringify(given.replaceAll('${', () => '$${'));
      writeFileSync(
        before,
        `incoming-queue: {path: ${quoted(text)}}\noutgoing-queue: {path: /out}\npidfile: ${quoted(name)}\n` +
          `callback-code: ${JSON.stringify(code)}\ncallback-data: {${JSON.stringify(name.replace(/\s/g, ''))}: ${quoted(text)}}\n`,
      );
      const first = await examined(before, {});
      writeFileSync(after, await migratedYaml(['made by a test'], first.values.given, [], first.values));
      assert.deepEqual(meaning(await examined(after, {})), meaning(first));
    });
    await fc.assert(property, { numRuns: THOROUGH ? 2000 : 60 });
  });
});

describe('what migrate tells', () => {
  const notesOf = async (test: TestContext, text: string) =>
    (await sameMeaning(test, { text: `incoming-queue = path=/in\noutgoing-queue = path=/out\n${text}` })).notes;

  /** of a configuration that has none of these, made once for all cases */
  let without: Promise<string[]> | undefined;

  for (const [what, text, told] of [
    ['reliable is on', '', /^: "reliable" was off in stompclt/],
    ['a linger has an end', '', /"timeout-linger"/],
    ['a single pass needs its queue', '', /^incoming-queue: A folder that is missing/],
    ['a loop without remove', 'loop = true', /^loop: Without "remove"/],
    ['a pidfile is taken over', 'pidfile = /p', /^pidfile: /],
    ['a daemon has a unit', 'daemon = true', /^daemon: .*stompctl@\.service/],
    ['options of Config::General', 'config-general = -AutoTrue', /^config-general: /],
    ['Perl is in a sandbox', 'callback-code = \\$hdr{a} = 1', /^callback-code: Runs as Perl/],
    ['a return of nothing', 'callback-code = return if \\$hdr{a}; return;', /Line 1 of the callback: a "return"/],
    ['the environment', 'callback-code = \\$hdr{a} = \\$ENV{A}', /Line 1 of the callback: "%ENV" is empty/],
    ['exit', 'callback-code = exit(0) if \\$hdr{a};', /Line 1 of the callback: "exit"/],
  ] as const) {
    it(`that ${what}, and only then`, async (test) => {
      assert.ok((await notesOf(test, text)).some((note) => told.test(note)));
      without ??= notesOf(
        test,
        'reliable = true\ntimeout-linger = 5\nloop = true\nremove = true\nfailure-queue = path=/f',
      );
      const others = await without;
      assert.ok(!others.some((note) => told.test(note)), others.join('\n'));
    });
  }

  it('that a password stands in the configuration, and not which', async (test) => {
    const { yaml, notes } = await sameMeaning(test, { text: readFileSync(join(FIXTURES, 'receiver.conf'), 'utf8') });
    assert.ok(notes.some((note) => /^incoming-broker-auth: A password stands here/.test(note)));
    assert.doesNotMatch(notes.join('\n'), /secret/);
    assert.match(yaml, /^ {4}- scheme: plain\n {6}name: receiver\n {6}pass: secret\n/m);
  });
});
