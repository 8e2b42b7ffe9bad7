import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { membersOf } from '../../src/app/member-ends.js';
import { StompctlError } from '../../src/base/errors.js';
import type { BrokerSettings } from '../../src/config/settings.js';
import type { Resolver } from '../../src/members/resolver.js';
import { ManualClock } from '../support/manual-clock.js';

const BROKER: BrokerSettings = {
  uri: '',
  type: undefined,
  auth: [],
  version: ['1.2'],
  connect: {},
  sockopts: {},
  stompDebug: [],
  members: 'all',
  protocol: 'stomp',
  resolveMs: 60_000,
  persistent: 'true',
  contentLength: 'auto',
};

/** What a name server says; what it does not know has no address. */
function script(
  hosts: Readonly<Record<string, readonly string[]>>,
  services: Readonly<Record<string, readonly { host: string; port: number }[]>> = {},
): Resolver {
  return {
    addresses: async (host) => {
      const found = hosts[host];
      if (found === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
      return found;
    },
    services: async (name) => services[name] ?? [],
  };
}

async function found(uri: string, resolver: Resolver, sockopts: Readonly<Record<string, string>> = {}) {
  const { places, incomplete } = await membersOf(
    { ...BROKER, uri, sockopts },
    { clock: new ManualClock(), resolver },
    100,
  );
  return { places: places.map(({ key, broker, address }) => [key, broker.uri, address]), incomplete };
}

describe('the members behind a URI', () => {
  it('are all addresses of the name, each once', async () => {
    const resolver = script({ mq: ['10.0.0.1', 'fd00::1', '10.0.0.1'] });
    assert.deepEqual((await found('stomp://mq:61613/prod', resolver)).places, [
      ['tcp://10.0.0.1:61613/prod', 'stomp://mq:61613/prod', '10.0.0.1'],
      ['tcp://[fd00::1]:61613/prod', 'stomp://mq:61613/prod', 'fd00::1'],
    ]);
  });

  it('are those of the SRV records when the URI has no port, at their ports', async () => {
    const services = {
      '_stomp._tcp.mq': [
        { host: 'a', port: 61613 },
        { host: 'b', port: 7000 },
      ],
      '_stomps._tcp.mq': [{ host: 'a', port: 61614 }],
    };
    const resolver = script({ mq: ['10.0.0.9'], a: ['10.0.0.1'], b: ['10.0.0.2', '10.0.0.3'] }, services);
    assert.deepEqual((await found('stomp://mq/prod', resolver)).places, [
      ['tcp://10.0.0.1:61613/prod', 'stomp://mq/prod', '10.0.0.1'],
      ['tcp://10.0.0.2:7000/prod', 'stomp://mq:7000/prod', '10.0.0.2'],
      ['tcp://10.0.0.3:7000/prod', 'stomp://mq:7000/prod', '10.0.0.3'],
    ]);
    assert.deepEqual((await found('stomp+ssl://mq', resolver)).places, [
      ['tls://10.0.0.1:61614', 'stomp+ssl://mq:61614', '10.0.0.1'],
    ]);
    assert.deepEqual((await found('stomp://mq:61613', resolver)).places, [
      ['tcp://10.0.0.9:61613', 'stomp://mq:61613', '10.0.0.9'],
    ]);
  });

  it('are those of the name itself, at the usual port, without SRV records', async () => {
    const { places } = await found('stomp://mq', script({ mq: ['10.0.0.1'] }));
    assert.deepEqual(places, [['tcp://10.0.0.1:61613', 'stomp://mq', '10.0.0.1']]);
  });

  it('are the addresses of every broker of a list, and an address stands for itself', async () => {
    const resolver = script({ mq: ['10.0.0.1', '10.0.0.2'] });
    const { places, incomplete } = await found('failover:(stomp://mq:1,stomp://[::1]:2)', resolver);
    assert.deepEqual(
      places.map(([key]) => key),
      ['tcp://10.0.0.1:1', 'tcp://10.0.0.2:1', 'tcp://[::1]:2'],
    );
    assert.equal(incomplete, undefined);
  });

  it('are known to be incomplete when one name of a list cannot be looked up', async () => {
    const { places, incomplete } = await found('failover:(stomp://mq:1,stomp://gone:2)', script({ mq: ['10.0.0.1'] }));
    assert.deepEqual(places, [['tcp://10.0.0.1:1', 'stomp://mq:1', '10.0.0.1']]);
    assert.equal(incomplete?.code, 'HOST_UNKNOWN');
    assert.match(incomplete.message, /^look up\(broker stomp:\/\/gone:2\): .*ENOTFOUND/);
  });

  it('are looked up for the version of IP that the socket options say', async () => {
    const asked: number[] = [];
    const resolver: Resolver = {
      ...script({}),
      addresses: async (_host, family) => {
        asked.push(family);
        return ['fd00::1'];
      },
    };
    await found('stomp://mq:1', resolver, { Family: '6' });
    assert.deepEqual(asked, [6]);
  });

  it('are given up when nobody answers in time', async () => {
    const clock = new ManualClock();
    const resolver: Resolver = { ...script({}), addresses: () => new Promise(() => undefined) };
    const looking = membersOf({ ...BROKER, uri: 'stomp://mq:1' }, { clock, resolver }, 5000);
    await clock.advance(5000);
    const { places, incomplete } = await looking;
    assert.deepEqual(places, []);
    assert.ok(incomplete instanceof StompctlError && incomplete.code === 'CONNECT_TIMEOUT');
  });
});
