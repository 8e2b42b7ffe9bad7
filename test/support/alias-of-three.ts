import assert from 'node:assert/strict';
import type { Resolver } from '../../src/members/resolver.js';
import { eventually } from './eventually.js';
import { type Options, ReloadScene } from './reload-scene.js';
import { type Cleaning, tempFolder } from './temp-folder.js';

export const ALIAS_URI = 'amqp://mq.test';
const ADDRESSES = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const;
const QUICK = { 'reconnect-delay': 0.02, 'reconnect-max-delay': 0.1 };

/** Three brokers, each at an address and on a port of its own, behind a name that nobody else knows; `start` starts one. */
export async function aliasOfThree<Peer extends { readonly port: number }>(
  test: Cleaning,
  start: (address: string) => Promise<Peer>,
) {
  const folder = await tempFolder(test);
  const [one, two, three] = ADDRESSES;
  const peers = [await start(one), await start(two), await start(three)] as const;
  const resolver: Resolver = {
    services: async (name) => {
      assert.equal(name, '_amqp._tcp.mq.test');
      return peers.map(({ port }, index) => ({ host: `${index}.mq.test`, port }));
    },
    addresses: async (host) => {
      const address = ADDRESSES[Number.parseInt(host, 10)];
      assert.ok(address !== undefined, host);
      return [address];
    },
  };
  /** Resolves when there is a session with each. */
  const run = async (options: Options) => {
    const scene = await ReloadScene.run(test, { ...options, ...QUICK }, folder, resolver);
    const sent = () => scene.built.statistics.snapshot().sent;
    const sessions = () => {
      const ends = scene.logger.events('session-open').map(({ fields }) => String(fields.end));
      return ADDRESSES.map((address) => ends.filter((end) => end.endsWith(`[${address}]`)).length);
    };
    await eventually(() => sessions().every((count) => count === 1), { what: 'each has a session' });
    return { scene, sent, sessions };
  };
  return { folder, peers, run };
}
