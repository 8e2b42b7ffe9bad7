import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isSecretName, maskText, shownUri } from '../../src/observe/mask.js';
import { runMain } from '../support/run-main.js';
import { tempFolder } from '../support/temp-folder.js';

describe('the name of a secret', () => {
  const SECRET =
    'pass passwd password passphrase passcode secret token authorization api-key apikey X-Api-Key accessKey ' +
    'X-token db_password SSL_passwd db_pass client_secret x-auth-key private-key dbPass userPassword';
  for (const name of SECRET.split(' ')) it(`${name} is one`, () => assert.equal(isSecretName(name), true));
  const OTHERS =
    'pass-file pass-env pass-credential key SSL_key_file SSL_ca_file cert name login destination passed keys ' +
    'routing-key message-id monkey path passenger bypass-file';
  for (const name of OTHERS.split(' ')) it(`${name} is none`, () => assert.equal(isSecretName(name), false));
});

const CANARY = 'Xyzzy4711';

describe('a URI', () => {
  for (const [uri, shown] of [
    ['stomp://h:61613/x', 'stomp://h:61613/x'],
    ['ws://h/p?token=Xyzzy4711&x=1', 'ws://h/p?token=***&x=1'],
    ['stomp://h/me@x', 'stomp://h/me@x'],
    ['stomp://me:Xyzzy4711@h:1', 'stomp://***@h:1'],
    ['stomp://me:Xyzzy4711/x@h', 'stomp://***@h'],
    ['stomp://me:Xyzzy4711', 'stomp://***'],
    ['me:Xyzzy4711@h', '***@h'],
    ['failover:(stomp://a:1,ssl://b)?randomize=false', 'failover:(stomp://a:1,ssl://b)?randomize=false'],
    ['failover:(stomp://a:1,stomp://me:Xyz/zy4711@h)', 'failover:(***)'],
    ['file:/etc/stompctl/brokers', 'file:/etc/stompctl/brokers'],
  ] as const) {
    it(`${uri} is shown as ${shown}`, () => assert.equal(shownUri(uri), shown));
  }

  it('never shows the password, wherever the rest of it ends', () => {
    const odd = fc
      .array(fc.constantFrom('/', '#', '?', ':', ',', '(', ')', 'x'), { maxLength: 3 })
      .map((c) => c.join(''));
    const wrapped = fc.constantFrom<(uri: string) => string>(
      (uri) => uri,
      (uri) => `failover:(${uri},stomp://b)`,
      (uri) => `failover:${uri}`,
    );
    fc.assert(
      fc.property(odd, odd, fc.constantFrom('@h', '@h:61613/v', '@'), wrapped, (before, after, host, wrap) => {
        // of digits and a slash, it is a port and a virtual host
        const uri = wrap(`stomp://me:x${before}${CANARY}${after}${host}`);
        assert.ok(!shownUri(uri).includes(CANARY), `${uri} → ${shownUri(uri)}`);
      }),
    );
  });
});

/** Where a configuration may hold a secret: the option in a file of Apache style, and as a line of YAML. */
const PLACES: readonly (readonly [name: string, conf: string, yaml: string])[] = [
  ['pass', `outgoing-broker-auth = plain name=me pass=${CANARY}`, `outgoing-broker-auth: plain name=me pass=${CANARY}`],
  [
    'pass in a block',
    `<outgoing-broker-auth>\nscheme = plain\nname = me\npass = ${CANARY}\n</outgoing-broker-auth>`,
    `outgoing-broker-auth: {scheme: plain, name: me, pass: ${CANARY}}`,
  ],
  [
    'x509 pass',
    `outgoing-broker-auth = x509 cert=/c pass=${CANARY}`,
    `outgoing-broker-auth: {scheme: x509, cert: /c, pass: ${CANARY}}`,
  ],
  [
    'SSL_passwd',
    `outgoing-broker-sockopts = SSL_passwd=${CANARY}`,
    `outgoing-broker-sockopts: {SSL_passwd: ${CANARY}}`,
  ],
  ['passcode', `outgoing-broker-connect = passcode=${CANARY}`, `outgoing-broker-connect: {passcode: ${CANARY}}`],
  [
    'api-key',
    `outgoing-broker-connect = api-key=${CANARY} X-token=${CANARY}`,
    `outgoing-broker-connect: {api-key: ${CANARY}, X-token: ${CANARY}}`,
  ],
  ['callback-data', `callback-data = db_password=${CANARY}`, `callback-data: {db_password: ${CANARY}}`],
  ['a URI', `outgoing-broker-uri = stomp://me:${CANARY}@h`, `outgoing-broker-uri: stomp://me:${CANARY}@h`],
  ['a URI with /', `outgoing-broker-uri = stomp://me:a/${CANARY}@h`, `outgoing-broker-uri: stomp://me:a/${CANARY}@h`],
  ['a URI without host', `outgoing-broker-uri = stomp://me:${CANARY}`, `outgoing-broker-uri: stomp://me:${CANARY}`],
  ['a URI without scheme', `outgoing-broker-uri = me:${CANARY}@h`, `outgoing-broker-uri: me:${CANARY}@h`],
  [
    'a list',
    `outgoing-broker-uri = failover:(stomp://me:a/${CANARY}@h,stomp://b)`,
    `outgoing-broker-uri: failover:(stomp://me:a/${CANARY}@h,stomp://b)`,
  ],
  [
    'a list with options',
    `outgoing-broker-uri = failover:(stomp://b)?password=${CANARY}`,
    `outgoing-broker-uri: failover:(stomp://b)?password=${CANARY}`,
  ],
  [
    'a query',
    `outgoing-broker-uri = ws://h/?access_token=${CANARY}`,
    `outgoing-broker-uri: ws://h/?access_token=${CANARY}`,
  ],
];

/** What is wrong with the file besides, so that a run ends before it begins. */
const FAULTS = [
  '',
  'windo = 3',
  'window = many',
  '<auth>',
  'outgoing-broker-auth = plain',
  'incoming-queue = path',
] as const;
const COMMANDS: readonly (readonly string[])[] = [
  ['check'],
  ['check', '--json'],
  ['check', '--raw'],
  ['check', '--connect'],
  ['run', '--windo', '3', '--config'],
  ['run', '--window', 'many', '--config'],
  ['run', '--subscribe', 'destination=/x', '--config'],
  ['run', '--dry-run', '--no-loop', '--config'],
  ['status', '--config'],
  ['quit', '--config'],
  ['test', 'nowhere.yaml', '--config'],
];

describe('a secret is shown by no command, whatever else is wrong', { concurrency: 2 }, () => {
  for (const [name, conf, yaml] of PLACES) {
    it(name, async (t) => {
      const folder = await tempFolder(t);
      const complete = (text: string, sign: string) =>
        text.includes('broker-uri') ? text : `${text}\noutgoing-broker-uri${sign}stomp://127.0.0.1:1`;
      const files: string[] = [];
      for (const [index, fault] of FAULTS.entries()) {
        const file = join(folder, `${index}.conf`);
        await writeFile(file, `incoming-queue = path=${folder}/nowhere\n${complete(conf, ' = ')}\n${fault}\n`);
        files.push(file);
      }
      for (const [index, fault] of ['', 'windo: 3', 'window: [', 'outgoing-broker-auth: !tag x'].entries()) {
        const file = join(folder, `${index}.yaml`);
        await writeFile(file, `incoming-queue: path=${folder}/nowhere\n${complete(yaml, ': ')}\n${fault}\n`);
        files.push(file);
      }
      for (const file of files) {
        for (const command of COMMANDS) {
          const { out, err } = await runMain([...command, file]);
          assert.ok(`${out}${err}`.length > 0, command.join(' '));
          assert.ok(!`${out}${err}`.includes(CANARY), `${command.join(' ')} ${file}:\n${out}${err}`);
        }
      }
    });
  }

  it('callback code is shown as it is', async (t) => {
    const file = join(await tempFolder(t), 'x.conf');
    await writeFile(
      file,
      'callback-code = hdr.token = data.token; return msg;\n<callback>\ncode = a.pass = b\n</callback>\n',
    );
    const { out } = await runMain(['check', '--raw', file]);
    assert.deepEqual(JSON.parse(out), {
      'callback-code': 'hdr.token = data.token; return msg;',
      callback: { code: 'a.pass = b' },
    });
  });

  it('on the command line', async () => {
    for (const args of [
      ['--outgoing-broker-uri', `stomp://me:${CANARY}`],
      ['--outgoing-broker-uri', `stomp://me:a/${CANARY}@h`],
      ['--outgoing-broker-uri', `failover:(stomp://me:a/${CANARY}@h)`],
      ['--outgoing-broker-ath', `plain name=me pass=${CANARY}`],
      [`--outgoing-broker-ath=plain name=me pass=${CANARY}`],
      [`-outgoing-broker-ath=${CANARY}`],
      ['--outgoing-broker-auth', 'plain', `pass=${CANARY}`],
      ['--outgoing-broker-auth', `plain pass=${CANARY}`],
      ['--outgoing-broker-auth', `plain name=me pass=${CANARY} pass=${CANARY}`],
      ['--outgoing-broker-auth', `plain name=me pass=${CANARY}%zz`],
      ['--outgoing-broker-auth', CANARY],
    ]) {
      const { code, out, err } = await runMain(['--incoming-queue', 'path=/nowhere/x', ...args]);
      assert.notEqual(code, 0);
      assert.ok(!`${out}${err}`.includes(CANARY), `${args.join(' ')}: ${out}${err}`);
    }
  });

  it('in a YAML tag or alias, where a password with a sign in front ends up', async (t) => {
    const folder = await tempFolder(t);
    for (const [index, value] of [`*${CANARY}`, `!${CANARY}`, `!${CANARY} x`, `!x!${CANARY}`, `"${CANARY}`].entries()) {
      const file = join(folder, `${index}.yaml`);
      await writeFile(file, `incoming-queue: path=/x\noutgoing-broker-auth: {scheme: plain, pass: ${value}}\n`);
      const { out, err } = await runMain(['check', file]);
      assert.ok(!`${out}${err}`.includes(CANARY), `${value}: ${out}${err}`);
    }
  });
});

describe('masking a text', () => {
  for (const [text, masked] of [
    ['callback-data = db_password=x api-key=y z=1', 'callback-data = db_password=*** api-key=*** z=1'],
    ['{"api-key": "a b", "x": 1}', '{"api-key": ***, "x": 1}'],
    ['to stomp://me:a/b@h now', 'to stomp://me:***@h now'],
    ['write stomp://HOST:PORT', 'write stomp://HOST:PORT'],
    ['pass-file: /etc/x', 'pass-file: /etc/x'],
    ['/etc/tokens.conf:3: no option "x"', '/etc/tokens.conf:3: no option "x"'],
    ['needs one of "pass", "pass-file"', 'needs one of "pass", "pass-file"'],
  ] as const) {
    it(text, () => assert.equal(maskText(text), masked));
  }

  it('ends for long texts of any shape', () => {
    const long = 200_000;
    for (const text of [
      'a'.repeat(long),
      'a='.repeat(long),
      'a:'.repeat(long),
      '://a:'.repeat(long),
      'a '.repeat(long),
    ]) {
      assert.equal(maskText(`key ${text}`), `key ${text}`);
    }
    assert.equal(maskText(`pass=${'x'.repeat(long)} y`), 'pass=*** y');
  });
});
