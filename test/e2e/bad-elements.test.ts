import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { filesOf } from '../support/sample-messages.js';
import { Scene, upTo } from '../support/scene.js';
import { type Ended, logLines, WITHOUT_PRIVILEGES } from '../support/stompctl-process.js';

const FOLDER = '5e000000';
const element = (digit: number) => `${FOLDER}/5e00000000000${digit}`;

/** Elements that are older than the good ones, and no messages: name, content. */
const UNDECODABLE: Readonly<Record<string, string | Buffer>> = {
  [element(1)]: 'this is not JSON',
  [element(2)]: '{"body":"cut off in the mid',
  [element(3)]: '[]',
  [element(4)]: '{"unknown":"field"}',
  [element(5)]: '{"body":"no base64!","encoding":"base64"}',
  [element(6)]: Buffer.from([0xff, 0xfe, 0x00]),
};

function old(path: string): void {
  const hourAgo = Date.now() / 1000 - 3600;
  utimesSync(path, hourAgo, hourAgo);
}

/** A callback, so that each element is read: what nobody looks into is moved as it is. */
const READING = ['--callback-code', 'hdr.seen = "yes"', '--callback-language', 'javascript'];

/** The log lines about rejected elements, by element. */
function rejections({ stderr }: Pick<Ended, 'stderr'>): Map<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const { delivery } of logLines(stderr, 'rejected')) counts.set(delivery, (counts.get(delivery) ?? 0) + 1);
  return counts;
}

async function sceneWithGoodOnes(test: Parameters<typeof Scene.set>[0]): Promise<Scene> {
  const scene = await Scene.set(test);
  scene.fill('in', 20);
  mkdirSync(scene.path(`in/${FOLDER}`));
  return scene;
}

describe('an element that is no message', { concurrency: 2 }, () => {
  it('stays as it is, is logged once, and the rest goes on: exit 1', async (test) => {
    const scene = await sceneWithGoodOnes(test);
    for (const [name, content] of Object.entries(UNDECODABLE)) writeFileSync(scene.path(`in/${name}`), content);
    writeFileSync(scene.path(`in/${element(7)}`), JSON.stringify({ body: 'x'.repeat(2000) }));
    symlinkSync('/etc/passwd', scene.path(`in/${element(8)}`));
    writeFileSync(scene.path(`in/${element(9)}`), '{"body":"secret"}', { mode: 0o000 });
    const ended = await scene.run(scene.mover('--max-message-size', '1000', ...READING), { under: WITHOUT_PRIVILEGES });
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual(scene.stored('out'), upTo(20));
    for (const [name, content] of Object.entries(UNDECODABLE)) {
      assert.deepEqual(readFileSync(scene.path(`in/${name}`)), Buffer.from(content));
    }
    chmodSync(scene.path(`in/${element(9)}`), 0o644);
    const bad = upTo(9).map((index) => element(index + 1));
    assert.deepEqual(
      filesOf(scene.path('in')),
      bad.map((name) => scene.path(`in/${name}`)),
      'no lock, no journal',
    );
    assert.deepEqual(rejections(ended), new Map(bad.map((name) => [name, 1])));
    const codes = new Set(logLines(ended.stderr, 'rejected').map(({ code }) => code));
    assert.deepEqual([...codes].sort(), ['ELEMENT_UNDECODABLE', 'ELEMENT_UNREADABLE', 'MESSAGE_TOO_LARGE']);
  });

  it('is moved as it is when nobody looks into messages', async (test) => {
    const scene = await sceneWithGoodOnes(test);
    for (const [name, content] of Object.entries(UNDECODABLE)) writeFileSync(scene.path(`in/${name}`), content);
    const ended = await scene.run(scene.mover());
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(filesOf(scene.path('in')), []);
    const moved = filesOf(scene.path('out')).map((path) => readFileSync(path).toString('latin1'));
    assert.equal(moved.length, 20 + Object.keys(UNDECODABLE).length);
    for (const content of Object.values(UNDECODABLE)) {
      assert.ok(moved.includes(Buffer.from(content).toString('latin1')), String(content));
    }
  });

  it('stays where it is beside a failure queue of type DQN, which has no place for it', async (test) => {
    const scene = await sceneWithGoodOnes(test);
    writeFileSync(scene.path(`in/${element(1)}`), 'this is not JSON');
    const ended = await scene.run(scene.mover('--failure-queue', `path=${scene.path('failed')} type=DQN`));
    assert.equal(ended.code, 1, ended.stderr);
    assert.deepEqual(scene.stored('out'), upTo(20));
    assert.deepEqual(rejections(ended), new Map([[element(1), 1]]));
    assert.deepEqual(filesOf(scene.path('in')), [scene.path(`in/${element(1)}`)]);
    assert.deepEqual(filesOf(scene.path('failed')), []);
  });

  it('is logged once also by a run that goes round for ever, which takes it when it is mended', async (test) => {
    const scene = await sceneWithGoodOnes(test);
    writeFileSync(scene.path(`in/${element(1)}`), 'not yet');
    const run = scene.start(scene.mover('--loop', ...READING));
    await eventually(() => scene.stored('out').length === 20);
    await eventually(() => run.log('rejected').length > 0);
    writeFileSync(scene.path(`in/${element(2)}`), '{"header":{"x-number":"21"}}');
    await eventually(() => scene.stored('out').length === 21);
    // another size: worth another look at once
    writeFileSync(scene.path(`in/${element(1)}`), '{"header":{"x-number":"20"}}');
    await eventually(() => scene.stored('out').length === 22);
    const ended = await run.stop();
    assert.equal(ended.code, 0);
    assert.deepEqual(scene.stored('out'), upTo(22));
    assert.deepEqual(rejections(ended), new Map([[element(1), 1]]));
    assert.deepEqual(filesOf(scene.path('in')), []);
  });

  it('an empty file is removed with a warning when it is old, and left alone when it is young', async (test) => {
    const scene = await sceneWithGoodOnes(test);
    const [aged, young] = [scene.path(`in/${element(1)}`), scene.path(`in/${element(2)}`)];
    for (const path of [aged, young]) writeFileSync(path, '');
    old(aged);
    const ended = await scene.run(scene.mover());
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.stored('out'), upTo(20));
    assert.deepEqual(filesOf(scene.path('in')), [young]);
    assert.equal(logLines(ended.stderr, 'leftover-removed').length, 1);
    assert.equal(logLines(ended.stderr, 'leftover-kept').length, 1);
    assert.equal(logLines(ended.stderr, 'end')[0]?.discarded, 1);
  });

  it('what is not of the queue is left alone, however old', async (test) => {
    const scene = await sceneWithGoodOnes(test);
    mkdirSync(scene.path('in/notes'));
    const foreign = ['README', 'notes/5f00000000000', `${FOLDER}/README`, `${FOLDER}/5E000000000001`, '5e0000001'];
    for (const name of foreign) {
      writeFileSync(scene.path(`in/${name}`), 'keep');
      old(scene.path(`in/${name}`));
    }
    const ended = await scene.run(scene.mover());
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(scene.stored('out'), upTo(20));
    assert.deepEqual(filesOf(scene.path('in')), foreign.map((name) => scene.path(`in/${name}`)).sort());
    assert.ok(existsSync(scene.path('in/notes')));
  });
});
