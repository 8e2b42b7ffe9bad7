import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import type { CommandIo } from '../../src/cli/command-line/io.js';
import { main } from '../../src/cli/main.js';
import { installSignals } from '../../src/daemon/signals.js';
import { DEAF } from '../support/run-main.js';
import { startedBroker } from '../support/started-broker.js';
import { tempFolder } from '../support/temp-folder.js';

const PASSWORD = 'pass word of init';

async function scene(test: TestContext) {
  const folder = await tempFolder(test);
  const broker = await startedBroker(test, { users: { init: PASSWORD } });
  const config = join(folder, 'it.conf');
  /** `init FILE …` in this process, with this on its standard input */
  const init = async (args: readonly string[], input = '', file = config) => {
    const [out, err]: [string[], string[]] = [[], []];
    const io: CommandIo = {
      out: { write: (text) => out.push(String(text)) },
      err: { write: (text) => err.push(String(text)) },
      input: () => Readable.from(input === '' ? [] : [Buffer.from(input)]),
      signals: installSignals(DEAF),
    };
    const code = await main(['init', file, ...args], {}, io);
    return { code, out: out.join(''), err: err.join('') };
  };
  const files = () => readdirSync(folder).sort();
  const login = ['--uri', broker.uri, '--user', 'init'];
  return { folder, broker, config, init, files, login, path: (name: string) => join(folder, name) };
}

const mode = (path: string) => `0${(lstatSync(path).mode & 0o7777).toString(8)}`;

describe('stompctl init, answered by options', () => {
  for (const [direction, ...rest] of [
    ['sender'],
    ['sender', '--destination', '/queue/x'],
    ['receiver', '--destination', '/queue/x'],
    ['cron', '--queue', 'QUEUE', '--destination', '/queue/x'],
  ] as const) {
    for (const ending of ['conf', 'yaml']) {
      it(`makes a ${direction} in .${ending} that logs in (${rest.join(' ')})`, async (test) => {
        const { init, path, login, files } = await scene(test);
        const file = path(`it.${ending}`);
        const args = rest.map((each) => (each === 'QUEUE' ? path('queue') : each));
        const done = await init(['--direction', direction, ...login, ...args], `${PASSWORD}\n`, file);
        assert.equal(done.code, 0, done.out + done.err);
        assert.match(done.out, /: valid\n/);
        assert.match(done.out, /logged in at /);
        assert.match(done.out, new RegExp(`\n\nNext:\n\n {2}stompctl --config ${file}\n`));
        const made = [`it.${ending}`, 'it.pass', ...(direction === 'cron' ? ['queue'] : [])];
        assert.deepEqual(files(), made.sort());
        assert.deepEqual([mode(file), mode(path('it.pass'))], ['0640', '0600']);
        assert.equal(readFileSync(path('it.pass'), 'utf8'), `${PASSWORD}\n`);
        assert.doesNotMatch(readFileSync(file, 'utf8') + done.out + done.err, new RegExp(PASSWORD));
      });
    }
  }

  it('makes a shovel with two logins, a password a line', async (test) => {
    const { init, login, broker, path } = await scene(test);
    const args = ['--direction', 'shovel', ...login, '--to-uri', broker.uri, '--to-user', 'init'];
    const done = await init([...args, '--destination', '/queue/x'], `${PASSWORD}\r\n${PASSWORD}\n`);
    assert.equal(done.code, 0, done.out + done.err);
    assert.equal(done.out.match(/logged in at/g)?.length, 2);
    assert.deepEqual([mode(path('it.pass')), mode(path('it-to.pass'))], ['0600', '0600']);
  });

  it('takes the file of a password as it is', async (test) => {
    const { init, login, path, files } = await scene(test);
    writeFileSync(path('mine'), PASSWORD, { mode: 0o400 });
    const done = await init([...login, '--pass-file', path('mine')]);
    assert.equal(done.code, 0, done.out + done.err);
    assert.deepEqual(files(), ['it.conf', 'mine']);
  });

  for (const umask of [0, 0o777]) {
    it(`gives its files their modes under umask ${umask.toString(8)}`, async (test) => {
      const { init, login, path } = await scene(test);
      const before = process.umask(umask);
      try {
        assert.equal((await init(login, `${PASSWORD}\n`)).code, 0);
      } finally {
        process.umask(before);
      }
      assert.deepEqual([mode(path('it.conf')), mode(path('it.pass'))], ['0640', '0600']);
    });
  }

  it('logs in nowhere with --offline', async (test) => {
    const { init, broker } = await scene(test);
    await broker.kill();
    const done = await init(['--uri', broker.uri, '--offline']);
    assert.equal(done.code, 0, done.out + done.err);
    assert.doesNotMatch(done.out, /logged in/);
  });

  it('says that what it wrote is valid, and what to do, when the broker is not there', async (test) => {
    const { init, broker } = await scene(test);
    await broker.kill();
    const done = await init(['--uri', broker.uri]);
    assert.equal(done.code, 75, done.out + done.err);
    assert.match(done.out, /it\.conf: valid, but broker stomp:\S+ is not reachable \(exit code 75\)\n/);
    assert.match(done.out, /\nOnce the broker can be used: "stompctl check --connect .*it\.conf"; next:\n/);
  });

  it('leaves what it wrote, and says what to do, when the login fails', async (test) => {
    const { init, login, files } = await scene(test);
    const done = await init(login, 'wrong\n');
    assert.equal(done.code, 77, done.out);
    assert.deepEqual(files(), ['it.conf', 'it.pass']);
    assert.match(done.out, /\nMend what is wrong, then "stompctl check --connect .*it\.conf"; next:\n/);
  });
});

describe('stompctl init refuses', () => {
  for (const [what, args, input, code, text] of [
    ['nothing to ask and no URI', [], '', 64, /init\(--uri\): is missing: URI of the broker/],
    ['a URI that is none', ['--uri', 'broker'], '', 64, /init\(--uri\): broker uri\(broker\): must start with/],
    [
      'a receiver without destination',
      ['--direction', 'receiver', '--uri', 'URI'],
      '',
      64,
      /--destination\): is missing/,
    ],
    [
      'another direction',
      ['--direction', 'up'],
      '',
      64,
      /--direction\): must be one of sender, receiver, shovel, cron/,
    ],
    ['a password as an option', ['--uri', 'URI', '--password', 'x'], '', 64, /there is no such option/],
    [
      'a password that does not come',
      ['--uri', 'URI', '--user', 'init'],
      '',
      66,
      /nothing was written: give a password/,
    ],
    ['an empty password', ['--uri', 'URI', '--user', 'init'], '\n', 66, /there must be an answer: nothing was written/],
    ['a password with NUL', ['--uri', 'URI', '--user', 'init'], 'a\0b\n', 66, /password\): has a line end or NUL/],
    ['too long a password', ['--uri', 'URI', '--user', 'init'], 'x'.repeat(70_000), 66, /more than 65536 bytes/],
    ['a relative queue', ['--uri', 'URI', '--queue', 'q'], '', 64, /--queue\): must be an absolute path/],
    [
      'a CA without TLS',
      ['--uri', 'stomp://h', '--ca', '/ca'],
      '',
      64,
      /--ca\): means nothing beside the other answers/,
    ],
    ['a second broker of a sender', ['--uri', 'URI', '--to-uri', 'URI'], '', 64, /--to-uri\): means nothing beside/],
    ['a name over two lines', ['--uri', 'URI', '--user', 'a\nb'], '', 64, /--user\): has a control character/],
    ['two files', ['other.conf', '--uri', 'URI'], '', 64, /name one configuration/],
  ] as const) {
    it(`${what}, and writes nothing`, async (test) => {
      const { init, broker, files } = await scene(test);
      const done = await init(
        args.map((each) => (each === 'URI' ? broker.uri : each)),
        input,
      );
      assert.equal(done.code, code, done.err);
      assert.match(done.err, text);
      assert.deepEqual(files(), []);
    });
  }

  it('a name with another ending', async (test) => {
    const { init, login, path, files } = await scene(test);
    const done = await init(login, `${PASSWORD}\n`, path('it.ini'));
    assert.equal(done.code, 64);
    assert.match(done.err, /it\.ini\): must end in \.conf/);
    assert.deepEqual(files(), []);
  });

  it('a folder that is not there', async (test) => {
    const { init, login, path } = await scene(test);
    const done = await init(login, `${PASSWORD}\n`, path('no/it.conf'));
    assert.equal(done.code, 73);
    assert.match(done.err, /make the folder, be root, or name another file/);
  });

  it('to replace a configuration, or a password, without --force', async (test) => {
    const { init, login, path, files } = await scene(test);
    for (const there of ['it.conf', 'it.pass']) {
      writeFileSync(path(there), 'mine');
      const done = await init(login, `${PASSWORD}\n`);
      assert.equal(done.code, 73, done.out);
      assert.match(done.err, new RegExp(`${there}\\): is there already: give --force`));
      assert.equal(readFileSync(path(there), 'utf8'), 'mine');
      assert.deepEqual(files(), [there], 'and nothing else is left');
      const forced = await init([...login, '--force'], `${PASSWORD}\n`);
      assert.equal(forced.code, 0, forced.out + forced.err);
      assert.deepEqual([mode(path('it.conf')), mode(path('it.pass'))], ['0640', '0600']);
      for (const name of files()) rmSync(path(name));
    }
  });

  it('to write through a link', async (test) => {
    const { init, login, path } = await scene(test);
    writeFileSync(path('target'), 'mine');
    symlinkSync(path('target'), path('it.pass'));
    assert.equal((await init(login, `${PASSWORD}\n`)).code, 73);
    assert.equal((await init([...login, '--force'], `${PASSWORD}\n`)).code, 0);
    assert.equal(readFileSync(path('target'), 'utf8'), 'mine');
    assert.equal(lstatSync(path('it.pass')).isFile(), true);
  });

  it('to make the queue of a pass where a file is', async (test) => {
    const { init, login, path } = await scene(test);
    mkdirSync(path('f'));
    chmodSync(path('f'), 0o755);
    writeFileSync(path('f/file'), '');
    const done = await init(['--direction', 'cron', ...login, '--queue', path('f/file/queue')], `${PASSWORD}\n`);
    assert.equal(done.code, 73, done.out);
    assert.match(done.err, /init\(.*f\/file\/queue\): .*ENOTDIR/);
    assert.equal(existsSync(path('it.conf')), true);
  });
});
