import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startChild } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { produce } from '../support/sample-messages.js';
import { DESTINATION, Scene, upTo } from '../support/scene.js';

const CODE = [
  'if (hdr["x-number"] === "1") return "one of them";',
  'if (hdr["x-number"] === "2") throw new Error("on purpose");',
  'if (hdr["x-number"] === "3") return msg;',
  'hdr["x-seen"] = "yes"; delete hdr["x-old"];',
  'if (msg.text) bdy = bdy.replace("five", "5"); else { const b = new Uint8Array(bdy); b[1] = 255; bdy = b; }',
].join(' ');

/** Every path below a folder with what can be seen of it: content and times included. */
function snapshot(folder: string): unknown[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mtimeMs, ctimeMs, nlink } = statSync(path);
      return [path, mtimeMs, ctimeMs, nlink, entry.isFile() ? readFileSync(path, 'utf8') : ''];
    })
    .sort();
}

describe('run --dry-run', { concurrency: 2 }, () => {
  it('shows each message of a queue before and after, and touches nothing', async (test) => {
    const scene = await Scene.set(test);
    const lines = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine';
    produce(scene.path('in'), [
      { number: 0, header: { destination: DESTINATION, 'x-old': 'a\u001b[1m' }, body: Buffer.from(lines), text: true },
      ...[1, 2, 3].map((number) => ({
        number,
        header: { destination: DESTINATION, 'x-number': String(number) },
        body: Buffer.from(`body ${number}`),
        text: false,
      })),
      { number: 4, header: { destination: DESTINATION }, body: Buffer.from([1, 2, 3]), text: false },
      { number: 5, header: { 'x-number': '3' }, body: Buffer.from('x'), text: true },
    ]);
    const before = snapshot(scene.path('in'));
    const ended = await scene.run(['run', '--dry-run', ...scene.sender('--callback-code', CODE)]);
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual(ended.stdout.split('\n'), [
      '== 5f000000/5f000000000000: rewritten',
      `  destination: ${DESTINATION}`,
      '- x-old: a\\x1b[1m',
      '+ x-seen: yes',
      '  ⋮',
      '  | two',
      '  | three',
      '  | four',
      '- | five',
      '+ | 5',
      '  | six',
      '  | seven',
      '  | eight',
      '  ⋮',
      '== 5f000000/5f000000000010: dropped: one of them',
      `  destination: ${DESTINATION}`,
      '  x-number: 1',
      '  (not text, 6 bytes)',
      '== 5f000000/5f000000000020: rejected: callback(command line:1:96): on purpose',
      `  destination: ${DESTINATION}`,
      '  x-number: 2',
      '  (not text, 6 bytes)',
      '== 5f000000/5f000000000030: unchanged',
      `  destination: ${DESTINATION}`,
      '  x-number: 3',
      '  (not text, 6 bytes)',
      '== 5f000000/5f000000000040: rewritten',
      `  destination: ${DESTINATION}`,
      '+ x-seen: yes',
      '- 00000000  01 02 03                                         |...|',
      '+ 00000000  01 ff 03                                         |...|',
      '== 5f000000/5f000000000050: rejected: send(message): the message has no header "destination"; a rewrite rule or a callback can set it',
      '  x-number: 3',
      '  (text, 1 bytes)',
      '6 messages: 1 unchanged, 2 rewritten, 1 dropped, 2 rejected; nothing was moved',
      '',
    ]);
    assert.deepEqual(snapshot(scene.path('in')), before);
    assert.equal(scene.broker.connectionsMade, 0);
  });

  it('leaves alone what another process has locked, makes no queue, and ends a loop after one look', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    const folder = join(scene.path('in'), '5f000000');
    writeFileSync(join(folder, '5f000000000010.lck'), '');
    writeFileSync(
      scene.path('x.yaml'),
      `incoming-queue: path=${scene.path('in')}\noutgoing-queue: path=${scene.path('out')}\nremove: true\nloop: true\n` +
        `daemon: true\npidfile: ${scene.path('pid')}\ncallback-data: path=${scene.path('tap')}\n` +
        'callback-code: tap(data.path, msg); print("seen\\n")\n',
    );
    const ended = await scene.run(['--dry-run', '--config', scene.path('x.yaml'), '--count', '2']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /^seen\n== 5f000000\/5f000000000000: unchanged$/m);
    assert.match(ended.stdout, /^2 messages: 2 unchanged, 0 rewritten/m);
    assert.doesNotMatch(ended.stdout, /5f000000000010/);
    assert.deepEqual(readdirSync(scene.folder).sort(), ['in', 'x.yaml']);
    assert.deepEqual(scene.stored('in'), upTo(3));
    const none = await scene.run(['--dry-run', ...scene.mover('--incoming-queue', `path=${scene.path('none')}`)]);
    assert.equal(none.code, 66, none.stderr);
  });

  it('tells what cannot be read, and goes on', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 2);
    writeFileSync(join(scene.path('in'), '5f000000', '5f000000000000'), '{');
    const ended = await scene.run(['--dry-run', ...scene.mover()]);
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stdout, /^== 5f000000\/5f000000000000: rejected: decode/m);
    assert.match(ended.stdout, /^== 5f000000\/5f000000000010: unchanged$/m);
  });

  for (const [what, args] of [
    ['even when the run would not be reliable', ['--no-reliable']],
    ['with a subscription that would acknowledge by itself', ['--subscribe', `destination=${DESTINATION} ack=auto`]],
  ] as const) {
    it(`acknowledges nothing at a broker, and ends when it is silent: ${what}`, async (test) => {
      const scene = await Scene.set(test);
      scene.publish(5);
      const quick = ['--timeout-inactivity', '0.2', '--unsubscribe', '', ...args];
      const ended = await scene.run(['--dry-run', ...scene.receiver('--callback-code', 'hdr.x = "y"', ...quick)]);
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stdout, /^5 messages: 0 unchanged, 5 rewritten/m);
      await eventually(() => scene.broker.depth(DESTINATION).ready === 5);
      assert.deepEqual(readdirSync(scene.folder), []);
    });
  }

  it('shows of a message of a broker what it shows of one of a queue: header, kind, and what becomes of the body', async (test) => {
    const scene = await Scene.set(test);
    scene.broker.publish(DESTINATION, { 'content-type': 'text/plain' }, 'first line\nsecond');
    await scene.run(['--count', '1', ...scene.receiver('--outgoing-queue', `path=${scene.path('in')}`)]);
    scene.broker.publish(DESTINATION, { 'content-type': 'text/plain' }, 'first line\nsecond');
    const change = ['--callback-language', 'javascript', '--callback-code', 'bdy = bdy.replace("first", "1st")'];
    for (const args of [scene.mover(...change), scene.receiver(...change, '--timeout-inactivity', '0.2')]) {
      const { code, stdout, stderr } = await scene.run(['--dry-run', ...args]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^== \S.*: rewritten\n(?: {2}.*\n)+- \| first line\n\+ \| 1st line\n {2}\| second\n/);
    }
  });

  it('takes no more from a broker than --count, or the window', async (test) => {
    const scene = await Scene.set(test);
    scene.publish(9);
    for (const [args, total] of [
      [['--count', '4'], /^4 messages: .* nothing was moved$/m],
      [['--window', '3'], /^3 messages: .* nothing was moved \(a broker hands over no more than the window/m],
    ] as const) {
      const ended = await scene.run(['--dry-run', ...scene.receiver(...args)]);
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stdout, total);
      await eventually(() => scene.broker.depth(DESTINATION).ready === 9);
    }
  });

  it('ends when nobody reads what it shows', async (test) => {
    const scene = await Scene.set(test);
    scene.fill('in', 3);
    scene.broker.publish(DESTINATION, {}, 'x');
    const code = 'print("x".repeat(1 << 20))';
    for (const args of [scene.mover(), scene.receiver('--timeout-inactivity', '600')]) {
      const callback = ['--callback-code', code, '--callback-language', 'javascript'];
      const child = startChild(test, '../../stompctl/stompctl.js', ['--dry-run', ...args, ...callback]);
      child.process.stdout?.destroy();
      assert.equal(await child.ended, 0, child.err());
    }
  });

  for (const [args, reason] of [
    [['--daemon'], /--daemon\): makes no sense with --dry-run/],
    [['--loop'], /--loop\): makes no sense with --dry-run/],
    [['--statistics'], /--statistics\): makes no sense/],
    [['--pidfile', '/tmp/x'], /--pidfile\): makes no sense/],
    [['--pidfile', '/tmp/x', '--quit'], /leave out --quit/],
  ] as const) {
    it(`is refused with ${args.join(' ')}: exit 64`, async (test) => {
      const scene = await Scene.set(test);
      const ended = await scene.run(['--dry-run', ...scene.mover(...args)]);
      assert.equal(ended.code, 64);
      assert.match(ended.stderr, reason);
    });
  }
});
