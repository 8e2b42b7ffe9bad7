import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PathTemplate } from '../../src/message/path-template.js';
import { examineCase } from '../support/config-case.js';

function template(text: string): PathTemplate {
  const parsed = PathTemplate.parse(text);
  assert.ok(parsed !== undefined);
  return parsed;
}

const BY_DESTINATION = template('/spool/in/%{header:destination}');

describe('the path of a queue with the value of a header in it', () => {
  for (const [value, name] of [
    ['data', 'data'],
    ['a.b-c_D9', 'a.b-c_D9'],
    ['/queue/data', '%2Fqueue%2Fdata'],
    ['.hidden', '%2Ehidden'],
    ['.', '%2E'],
    ['a..b', 'a..b'],
    ['50%', '50%25'],
    ['é\n\0', '%C3%A9%0A%00'],
  ] as const) {
    it(`writes ${JSON.stringify(value)} as ${name}`, () => {
      assert.equal(BY_DESTINATION.pathFor({ destination: value }), `/spool/in/${name}`);
    });
  }

  for (const value of ['..', '../../etc/passwd', '/queue/../x', 'a\\..\\b', 'a/..']) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      assert.throws(() => BY_DESTINATION.pathFor({ destination: value }), { code: 'MESSAGE_BAD_HEADER' });
    });
  }

  it('refuses a value that is missing, empty, or makes too long a name', () => {
    for (const header of [{}, { destination: '' }, { destination: 'x'.repeat(256) }, { destination: '/'.repeat(86) }]) {
      assert.throws(() => BY_DESTINATION.pathFor(header), { code: 'MESSAGE_BAD_HEADER' });
    }
    assert.ok(BY_DESTINATION.pathFor({ destination: 'x'.repeat(255) }));
  });

  it('makes one name of each value, in its folder, whatever is in it', () => {
    const value = fc.string({ unit: fc.constantFrom(...'aZ9._-/\\% %2F:é日\n\0'), minLength: 1, maxLength: 12 });
    const nameOf = (text: string) => {
      try {
        return BY_DESTINATION.pathFor({ destination: text });
      } catch {
        return undefined;
      }
    };
    const property = fc.property(value, value, (one, other) => {
      const [first, second] = [nameOf(one), nameOf(other)];
      if (first === undefined || second === undefined) return;
      assert.equal(dirname(first), '/spool/in');
      assert.match(first, /^\/spool\/in\/[A-Za-z0-9_%-][A-Za-z0-9_.%-]*$/);
      assert.equal(first === second, one === other);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('may have several values, in any place', () => {
    const several = template('/spool/%{header:app}/q-%{header:kind}.in');
    assert.equal(several.pathFor({ app: 'a/b', kind: 'x' }), '/spool/a%2Fb/q-x.in');
    assert.equal(several.folder, '/spool');
    assert.equal(template('%{header:a}').folder, '.');
    assert.equal(template('/%{header:a}').folder, '/');
  });

  it('is a plain path without', () => {
    assert.equal(PathTemplate.parse('/spool/100%/in'), undefined);
  });

  for (const text of ['/in/%{header:}', '/in/%{destination}', '/in/%{header:a', '/in/%{}']) {
    it(`is a plain path, with a warning, when it is ${text}`, async (test) => {
      assert.equal(PathTemplate.parse(text), undefined);
      const file = `incoming-queue = path=/a\n<outgoing-queue>\npath = ${text}\n</outgoing-queue>\n`;
      const { warnings } = await examineCase(test, { file });
      assert.match(warnings.join('\n'), /outgoing-queue: "%\{" in its path stands as it is/);
    });
  }

  it('is for outgoing queues only, and its queues have a folder of their own', async (test) => {
    const queue = (name: string, path: string) => `<${name}>\npath = ${path}\n</${name}>\n`;
    const out = queue('outgoing-queue', '/spool/in/%{header:destination}');
    for (const name of ['incoming-queue', 'failure-queue', 'tap-queue']) {
      const { texts } = await examineCase(test, { file: `${queue(name, '/f/%{header:a}')}` });
      assert.match(
        texts.join('\n'),
        new RegExp(`${name}: "%\\{header:" means something in the path of outgoing-queue only`),
      );
      const inside = await examineCase(test, { file: `${queue(name, '/spool/in/failed')}${out}` });
      assert.match(
        inside.texts.join('\n'),
        new RegExp(`${name} is in the folder where outgoing-queue makes its queues`),
      );
    }
    const apart = await examineCase(test, { file: `${queue('incoming-queue', '/spool/input')}${out}` });
    assert.deepEqual(apart.texts, []);
  });

  const IN_THE_FOLDER = 'is in the folder where outgoing-queue makes its queues: give these a folder of their own';
  const FOLDERS: readonly [name: string, folder: string, out: string, said: string[]][] = [
    ['the incoming folder', 'path = /spool/drop', '/spool/%{header:k}', [`incoming-folder ${IN_THE_FOLDER}`]],
    ['itself in it', 'path = /spool/drop', '/spool/drop/%{header:k}', [`incoming-folder ${IN_THE_FOLDER}`]],
    [
      'the folder that files are moved to',
      'path = /drop\nafter = move\nmove-to = /spool/done',
      '/spool/%{header:k}',
      [`move-to of incoming-folder ${IN_THE_FOLDER}`],
    ],
    ['neither', 'path = /drop\nafter = move\nmove-to = /done', '/spool/%{header:k}', []],
    ['neither, but beside them', 'path = /spool/drop', '/spool/out/%{header:k}', []],
  ];
  for (const [name, folder, out, said] of FOLDERS) {
    it(`has queues, and among them ${name}`, async (test) => {
      const file = `<incoming-folder>\n${folder}\n</incoming-folder>\n<outgoing-queue>\npath = ${out}\n</outgoing-queue>\n`;
      const { texts } = await examineCase(test, { file });
      assert.deepEqual(
        texts.map((text) => text.replace(/^[^:]*:\d+: /, '')),
        said,
      );
    });
  }
});
