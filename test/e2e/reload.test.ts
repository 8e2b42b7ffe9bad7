import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import { eventually } from '../support/eventually.js';
import { consume } from '../support/sample-messages.js';
import { StompctlProcess } from '../support/stompctl-process.js';
import { tempFolder } from '../support/temp-folder.js';

const codeThatSays = (who: string) => `function check(msg) { msg.header.by = '${who}'; return msg; }`;

async function running(test: TestContext) {
  const folder = await tempFolder(test);
  const broker = await InProcessBroker.start();
  test.after(() => broker.stop());
  const code = join(folder, 'callback.js');
  const config = join(folder, 'receiver.conf');
  const configure = (more: string) =>
    writeFileSync(
      config,
      `incoming-broker-uri = ${broker.uri}\nsubscribe = destination=/queue/q\noutgoing-queue = path=${folder}/out\n` +
        `callback-path = ${code}\ncallback-language = javascript\n${more}`,
    );
  configure('');
  writeFileSync(code, codeThatSays('old'));
  const run = new StompctlProcess(['--config', config]);
  test.after(async () => {
    await run.stop('SIGKILL');
  });
  const by = () => [...consume(join(folder, 'out'))].map(({ header }) => header.by);
  /** sends one message and waits until it is stored */
  const send = async () => {
    const before = by().length;
    broker.publish('/queue/q', {}, 'x');
    await eventually(() => by().length === before + 1);
    return by().at(-1);
  };
  const hup = async () => {
    const before = run.log('reload').length;
    run.signal('SIGHUP');
    await eventually(() => run.log('reload').length > before);
    return String(run.log('reload').at(-1)?.msg);
  };
  return { run, code, configure, send, hup };
}

it('HUP puts the callback as it is now in place, and says that other changes wait', async (test) => {
  const { run, code, configure, send, hup } = await running(test);
  assert.equal(await send(), 'old');
  writeFileSync(code, codeThatSays('new'));
  assert.equal(await hup(), 'HUP: the callback and rules are those of the configuration as it is now');
  assert.equal(await send(), 'new');
  configure('window = 5\n');
  assert.match(await hup(), /; what changed besides waits for a restart: window$/);
  assert.equal((await run.stop()).code, 0);
});

for (const [name, spoil] of [
  ['callback', ({ code }: { code: string }) => writeFileSync(code, 'function check(msg) { = }')],
  ['configuration', ({ configure }: { configure(more: string): void }) => configure('windou = 5\n')],
] as const) {
  it(`HUP refuses a wrong ${name}, and the old one goes on`, async (test) => {
    const scene = await running(test);
    assert.equal(await scene.send(), 'old');
    spoil(scene);
    assert.match(await scene.hup(), /^HUP: refused, the old configuration goes on: /);
    assert.equal(await scene.send(), 'old');
    assert.equal((await scene.run.stop()).code, 0);
  });
}
