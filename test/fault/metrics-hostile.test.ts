import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../src/base/clock.js';
import { MetricsServer, type MetricsServerOptions, plain } from '../../src/metrics/metrics-server.js';
import { routes } from '../../src/metrics/routes.js';
import { eventually } from '../support/eventually.js';
import { ask, RawAsker } from '../support/http-ask.js';
import { atEnd, type Cleaning } from '../support/temp-folder.js';

async function server(test: Cleaning, changed: Partial<MetricsServerOptions> = {}): Promise<string> {
  const made = await MetricsServer.listen({
    address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    remote: false,
    clock: systemClock,
    answer: async (path) => (path === '/healthz' ? plain(200, 'idle') : undefined),
    onFault: () => undefined,
    ...changed,
  });
  atEnd(test, () => made.close());
  return made.address;
}

describe('who asks metrics-listen', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
    it(`with ${method} is told that only GET and HEAD are understood`, async (test) => {
      const told = await ask(await server(test), '/healthz', { method });
      assert.deepEqual([told.status, told.headers.allow], [405, 'GET, HEAD']);
    });
  }

  it('with CONNECT or an upgrade is cut off', async (test) => {
    const address = await server(test);
    for (const text of [
      'CONNECT other:80 HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ]) {
      const asker = new RawAsker(test, address);
      asker.socket.write(text);
      await eventually(() => asker.closed);
      assert.equal(asker.heard, '');
    }
  });

  it('with HEAD gets the headers alone', async (test) => {
    const told = await ask(await server(test), '/healthz', { method: 'HEAD' });
    assert.deepEqual([told.status, told.body, told.headers['content-length']], [200, '', '5']);
  });

  it('gets an answer that no other origin may read, keep or frame', async (test) => {
    const { headers } = await ask(await server(test), '/healthz');
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
  });

  for (const host of ['attacker.example', 'attacker.example:9464', 'localhost.attacker.example', '127.0.0.1.nip.io']) {
    it(`as "${host}" is refused: its name may point here for a moment only`, async (test) => {
      const told = await ask(await server(test), '/healthz', { host });
      assert.equal(told.status, 403);
      assert.match(told.body, /ask under localhost/);
    });
  }

  for (const host of ['localhost', 'LOCALHOST:9464', '127.0.0.1:1', '[::1]:9464', '[::1]', '192.0.2.7']) {
    it(`as "${host}" is answered`, async (test) => {
      assert.equal((await ask(await server(test), '/healthz', { host })).status, 200);
    });
  }

  it('may use any name where other hosts may ask', async (test) => {
    const address = await server(test, { remote: true });
    assert.equal((await ask(address, '/healthz', { host: 'node7.example:9464' })).status, 200);
  });

  it('sends a body, or a huge one, and is cut off', async (test) => {
    const address = await server(test);
    const small = new RawAsker(test, address);
    small.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello');
    await eventually(() => small.closed);
    assert.match(small.heard, /^HTTP\/1\.1 413 .*\r\nconnection: close\r\n/s);
    const asker = new RawAsker(test, address);
    asker.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n');
    asker.socket.write('x'.repeat(100_000));
    await eventually(() => asker.closed);
  });

  it('sends headers without end, and is cut off', async (test) => {
    const asker = new RawAsker(test, await server(test));
    asker.socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(20_000)}`);
    await eventually(() => asker.closed);
    assert.match(asker.heard, /^HTTP\/1\.1 431 /);
  });

  it('sends what is no HTTP, and is cut off', async (test) => {
    const asker = new RawAsker(test, await server(test));
    asker.socket.write('CONNECT\naccept-version:1.2\nhost:/\n\n\0');
    await eventually(() => asker.closed);
    assert.match(asker.heard, /^HTTP\/1\.1 400 /);
  });

  it('never ends its request, and is cut off in time', async (test) => {
    const address = await server(test, { askMs: 100 });
    const silent = new RawAsker(test, address);
    const slow = new RawAsker(test, address);
    slow.socket.write('GET /healthz HTTP/1.1\r\nHost: localh');
    await eventually(() => silent.closed && slow.closed);
    assert.equal((await ask(address, '/healthz')).status, 200);
  });

  it('opens connections by the hundred: few are kept, and others are answered once they are gone', async (test) => {
    const address = await server(test, { askMs: 60_000 });
    const askers = Array.from({ length: 100 }, () => new RawAsker(test, address));
    await eventually(() => askers.filter(({ closed }) => closed).length === 50);
    for (const { socket } of askers) socket.destroy();
    const told = await eventually(() => ask(address, '/healthz').catch(() => undefined));
    assert.equal(told.status, 200);
  });

  it('is told of a fault without its reason', async (test) => {
    const faults: unknown[] = [];
    const address = await server(test, {
      answer: async () => {
        throw new Error('s3cret');
      },
      onFault: (error) => faults.push(error),
    });
    const told = await ask(address, '/metrics');
    assert.equal(told.status, 500);
    assert.doesNotMatch(told.body, /s3cret/);
    assert.equal(faults.length, 1);
  });

  it('and asks all the time, has an answer made now and then only', async () => {
    let made = 0;
    const answer = routes({
      clock: { ...systemClock, monotonicMs: () => 1000 },
      shown: () => undefined,
      metrics: async () => {
        made += 1;
        return { type: 'text/plain', text: '' };
      },
      about: () => ({}),
    });
    for (let time = 0; time < 100; time += 1) assert.equal((await answer('/metrics'))?.status, 200);
    assert.equal(made, 1);
    assert.equal(await answer('/toString'), undefined);
  });

  it('and writes one name in many ways, is given the one answer that is kept of it', async () => {
    let made = 0;
    const answer = routes({
      clock: { ...systemClock, monotonicMs: () => 1000 },
      shown: () => ({
        status: () => ({ state: 'idle', reason: '' }),
        unready: () => undefined,
        options: (name) => {
          made += 1;
          return name === 'abc' ? [] : undefined;
        },
      }),
      metrics: async () => ({ type: 'text/plain', text: '' }),
      about: () => ({}),
    });
    const first = await answer('/options/abc');
    assert.equal(first?.status, 200);
    for (const name of ['%61bc', 'a%62c', 'ab%63', '%61%62%63']) assert.equal(await answer(`/options/${name}`), first);
    assert.equal(made, 1);
    for (const name of ['%', '%zz', 'other']) assert.equal(await answer(`/options/${name}`), undefined);
  });
});
