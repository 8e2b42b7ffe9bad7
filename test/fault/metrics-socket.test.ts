import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { MetricsServer, plain } from '../../src/metrics/metrics-server.js';
import { ask } from '../support/http-ask.js';
import { atEnd, tempFolder } from '../support/temp-folder.js';

async function listenAt(test: TestContext, path: string): Promise<MetricsServer> {
  const server = await MetricsServer.listen({
    address: { kind: 'unix', path },
    remote: false,
    clock: systemClock,
    answer: async () => plain(200, 'here'),
    onFault: () => undefined,
  });
  atEnd(test, () => server.close());
  return server;
}

async function stranger(test: TestContext, where: string | number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(where, () => resolve()));
  atEnd(test, () => new Promise((resolve) => server.close(resolve)));
  return server;
}

describe('metrics-listen on a socket', () => {
  it('answers there, for user and group alone, and takes the file away at the end', async (test) => {
    const path = join(await tempFolder(test), 'm.sock');
    const server = await listenAt(test, path);
    assert.equal((await ask(server.address, '/', { host: 'anything' })).body, 'here\n');
    assert.equal(statSync(path).mode & 0o777, 0o660);
    await server.close();
    assert.throws(() => lstatSync(path), { code: 'ENOENT' });
  });

  it('takes the place of one that a dead process left', async (test) => {
    const folder = await tempFolder(test);
    const [path, kept] = [join(folder, 'm.sock'), join(folder, 'kept')];
    const server = await stranger(test, path);
    // the file of a server that closes goes; under another name it stays, as after a kill
    renameSync(path, kept);
    await new Promise((resolve) => server.close(resolve));
    renameSync(kept, path);
    assert.equal((await ask((await listenAt(test, path)).address, '/')).body, 'here\n');
  });

  it('leaves that of a living process alone', async (test) => {
    const path = join(await tempFolder(test), 'm.sock');
    const first = await listenAt(test, path);
    const refused = { code: 'METRICS_LISTEN', message: /another process listens there: stop that one/, exitCode: 73 };
    await assert.rejects(listenAt(test, path), refused);
    assert.equal((await ask(first.address, '/')).body, 'here\n');
  });

  for (const [what, make] of [
    ['a file', (path: string) => writeFileSync(path, 'precious')],
    ['an empty file', (path: string) => writeFileSync(path, '')],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a link', (path: string) => symlinkSync('/nowhere/else', path)],
  ] as const) {
    it(`leaves ${what} alone`, async (test) => {
      const path = join(await tempFolder(test), 'm.sock');
      make(path);
      const before = lstatSync(path).ino;
      await assert.rejects(listenAt(test, path), { code: 'METRICS_LISTEN', message: /is there and is no socket/ });
      assert.equal(lstatSync(path).ino, before);
      if (what === 'a file') assert.equal(readFileSync(path, 'utf8'), 'precious');
    });
  }

  it('says what to do when the folder is missing', async (test) => {
    const path = join(await tempFolder(test), 'none', 'm.sock');
    await assert.rejects(listenAt(test, path), { message: /its folder is not there: make it/ });
  });
});

describe('metrics-listen on a port', () => {
  it('says what to do when it is in use', async (test) => {
    const bound = (await stranger(test, 0)).address();
    assert.ok(typeof bound === 'object' && bound !== null);
    const listening = MetricsServer.listen({
      address: { kind: 'tcp', host: '127.0.0.1', port: bound.port },
      remote: false,
      clock: systemClock,
      answer: async () => undefined,
      onFault: () => undefined,
    });
    await assert.rejects(listening, {
      code: 'METRICS_LISTEN',
      message: new RegExp(
        `^metrics-listen\\(127\\.0\\.0\\.1:${bound.port}\\): something listens there already: choose another port`,
      ),
    });
  });

  it('says what to do when the host has no such address', async () => {
    const listening = MetricsServer.listen({
      address: { kind: 'tcp', host: '192.0.2.1', port: 0 },
      remote: true,
      clock: systemClock,
      answer: async () => undefined,
      onFault: () => undefined,
    });
    await assert.rejects(listening, { code: 'METRICS_LISTEN', message: /this host has no such address/ });
  });
});
