// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell parameters
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { OPTION_TABLE } from '../../src/config/options/option-table.js';
import { runMain } from '../support/run-main.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

const OFFERED = OPTION_TABLE.filter((row) => !row.fileOnly);

/** What bash offers for these words, of which the last is being written. */
async function offered(test: Cleaning, words: readonly string[]): Promise<string[]> {
  const folder = await tempFolder(test);
  await writeFile(join(folder, 'script'), (await runMain(['completion', 'bash'])).out);
  await writeFile(join(folder, 'x.conf'), '');
  const program = '. ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _stompctl; printf "%s\\n" "${COMPREPLY[@]}"';
  const out = execFileSync('bash', ['-c', program, 'bash', ...words], { cwd: folder, encoding: 'utf8' });
  return out.split('\n').filter((word) => word !== '');
}

const CASES: readonly [words: readonly string[], offers: readonly string[]][] = [
  [['stompctl', 'ch'], ['check']],
  [
    ['stompctl', ''],
    [
      ...['run', 'init', 'migrate', 'check', 'test', 'status', 'probe', 'top', 'quit', 'reload', 'demo', 'queue'],
      ...['send', 'receive', 'peek', 'request', 'broker', 'rabbitmq', 'completion', 'help'],
    ],
  ],
  [
    ['stompctl', '--timeout-c'],
    ['--timeout-connect', '--timeout-client'],
  ],
  [
    ['stompctl', '--loop', '--no-l'],
    ['--no-lazy', '--no-loop'],
  ],
  [['stompctl', '--log-level', 'w'], ['warn']],
  [
    ['stompctl', '--log-level', '='],
    ['trace', 'debug', 'info', 'warn', 'error'],
  ],
  [['stompctl', '--log-level', '=', 't'], ['trace']],
  [['stompctl', '--config', 'x'], ['x.conf']],
  [['stompctl', '--window', ''], []],
  [['stompctl', '--incoming-queue', 'path', '=', 'x'], ['x.conf']],
  [['stompctl', '--incoming-queue', '=', 'path', '=', 'x'], ['x.conf']],
  [
    ['stompctl', 'run', '--incoming-queue', 'type', '=', 'DQ'],
    ['DQS', 'DQN'],
  ],
  [['stompctl', 'help', 'sta'], ['status']],
  [['stompctl', 'run', '--metrics-l'], ['--metrics-listen']],
  [['stompctl', 'check', 'x'], ['x.conf']],
  [['stompctl', 'receive', '--no-a'], ['--no-ack']],
  [['stompctl', 'send', 'x'], ['x.conf']],
  [['stompctl', 'check', '--ra'], ['--raw']],
  [['stompctl', 'test', '--recor'], ['--record']],
  [['stompctl', 'test', '--record', 'x'], ['x.conf']],
  [['stompctl', '--dry'], ['--dry-run']],
  [
    ['stompctl', 'queue', 'r'],
    ['remove', 'retry'],
  ],
  [
    ['stompctl', 'queue', 'list', '--'],
    ['--json', '--match', '--count', '--type', '--help'],
  ],
  [['stompctl', 'queue', 'list', 'x'], ['x.conf']],
  [
    ['stompctl', 'queue', 'add', 'x', '--type', ''],
    ['DQS', 'DQN'],
  ],
  [['stompctl', 'queue', 'move', 'x', '--to', 'x'], ['x.conf']],
  [['stompctl', 'queue', 'move', 'x', '--match', ''], []],
  [
    ['stompctl', 'completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
];

describe('bash completes', () => {
  for (const [words, offers] of CASES) {
    it(words.join(' '), async (t) => assert.deepEqual((await offered(t, words)).sort(), [...offers].sort()));
  }

  it('every option', async (t) => {
    const words = await offered(t, ['stompctl', '-']);
    for (const row of OFFERED) assert.ok(words.includes(`--${row.name}`), row.name);
  });
});

describe('zsh and fish are told every option and choice', () => {
  it('zsh', async () => {
    const { out } = await runMain(['completion', 'zsh']);
    assert.match(out, /^#compdef stompctl\n/);
    for (const row of OFFERED) assert.match(out, new RegExp(`^ {4}'\\*--${row.name}=?\\[`, 'm'));
    assert.match(out, /^ {4}'\*--log-level=\[.*\]:LEVEL:\(trace debug info warn error\)'$/m);
    assert.match(out, /^ {4}'\*--config=\[.*\]:FILE:_files'$/m);
    assert.match(out, /^ {4}'\*-c\[.*\]:N:'$/m);
  });

  it('zsh, after every command', async () => {
    const { out } = await runMain(['completion', 'zsh']);
    for (const command of ['run', 'status', 'quit', 'demo', 'help']) {
      assert.match(out, new RegExp(`^ {4}${command}\\)\n {6}shift words\n`, 'm'), command);
    }
  });

  it('fish', async () => {
    const { out } = await runMain(['completion', 'fish']);
    for (const row of OFFERED) assert.match(out, new RegExp(`^complete -c stompctl -n '[^']*' -l ${row.name} `, 'm'));
    assert.match(out, /^complete -c stompctl -n '[^']*' -l log-level -x -a 'trace debug info warn error' -d /m);
    assert.match(out, /^complete -c stompctl -n '[^']*' -l config -l conf -l cfg -r -F -d /m);
    assert.match(out, /^complete -c stompctl -n '[^']*' -l count -s c -x -d /m);
  });
});

describe('what is no shell is refused', () => {
  for (const [args, err] of [
    [['completion'], 'stompctl: command(completion): name one shell: bash, zsh, fish\n'],
    [['completion', 'bash', 'zsh'], 'stompctl: command(completion): name one shell: bash, zsh, fish\n'],
    [
      ['completion', 'bsh'],
      'stompctl: completion(bsh): there is no completion for this shell: did you mean "bash"? (there is one for bash, zsh, fish)\n',
    ],
  ] as const) {
    it(args.join(' '), async () => assert.deepEqual(await runMain(args), { code: 64, out: '', err }));
  }
});
