import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { consume, produce } from '../support/sample-messages.js';
import { STOMPCTL } from '../support/stompctl-process.js';
import { type Cleaning, tempFolder } from '../support/temp-folder.js';

const run = promisify(execFile);

interface Host {
  readonly folder: string;
  /** the command in a copy of its folder, run in an empty environment; resolves to what it printed */
  stompctl(...args: readonly string[]): Promise<string>;
}

/** Nothing of what npm installed is above the copy. */
async function copied(test: Cleaning): Promise<Host> {
  const folder = await tempFolder(test);
  const copy = join(folder, 'copy');
  cpSync(dirname(STOMPCTL), copy, { recursive: true });
  assert.ok(!existsSync(join(copy, 'node_modules')));
  const stompctl = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run(process.execPath, [join(copy, 'stompctl.js'), ...args], { cwd: folder, env: {} });
    return stdout;
  };
  return { folder, stompctl };
}

describe('the folder dist/stompctl, copied to a host on which nothing is installed', { concurrency: 2 }, () => {
  const callbacks = {
    JavaScript: 'function check(message) { message.header.from = "JavaScript"; return message; }',
    Perl: 'sub check { my($message) = @_; $message->header_field(from => "Perl"); return $message; }',
  };
  for (const [language, code] of Object.entries(callbacks)) {
    it(`moves messages through a callback in ${language}`, async (test) => {
      const { folder, stompctl } = await copied(test);
      produce(join(folder, 'in'), [
        { number: 0, header: { destination: '/queue/q' }, body: Buffer.from('x'), text: true },
      ]);
      const file = join(folder, language === 'Perl' ? 'callback.pl' : 'callback.js');
      writeFileSync(file, code);
      const ends = ['--incoming-queue', `path=${folder}/in`, '--outgoing-queue', `path=${folder}/out`, '--remove'];
      await stompctl(...ends, '--callback-path', file);
      assert.deepEqual(
        [...consume(join(folder, 'out'))].map(({ header }) => header.from),
        [language],
      );
    });
  }

  it('checks a configuration in YAML, and shows its manual and its version', async (test) => {
    const { folder, stompctl } = await copied(test);
    const file = join(folder, 'x.yaml');
    writeFileSync(file, 'incoming-queue:\n  path: in\noutgoing-broker:\n  uri: stomp://127.0.0.1:1\n');
    assert.match(await stompctl('check', file), /outgoing-broker-uri/);
    assert.match(await stompctl('--manual'), /^CONFIGURATION\n/);
    const { version } = JSON.parse(readFileSync(join(folder, 'copy/package.json'), 'utf8')) as { version: string };
    assert.equal(await stompctl('--version'), `stompctl ${version}\n`);
  });

  it('names the licences of all packages that it contains', () => {
    const texts = readFileSync(join(dirname(STOMPCTL), 'LICENSES.txt'), 'utf8');
    const code = readdirSync(dirname(STOMPCTL)).filter((name) => /\.[cm]js$/.test(name));
    const packages = new Set(
      code.flatMap((name) => {
        const text = readFileSync(join(dirname(STOMPCTL), name), 'utf8');
        return [...text.matchAll(/^\s*\/\/(?:#region)? (?:\S*\/)?node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm)].map(
          ([, found = '']) => found,
        );
      }),
    );
    assert.ok(packages.size > 20, String(packages.size));
    const missing = [...packages, '@6over3/zeroperl-ts'].filter((name) => !texts.includes(`\n${name} `));
    assert.deepEqual(missing, []);
  });
});
