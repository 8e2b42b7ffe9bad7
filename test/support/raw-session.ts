import { RawStomp } from './raw-stomp.js';
import type { RealBroker } from './real-broker.js';

/** A raw connection that is logged in, with the given protocol version; `connect` are further CONNECT headers. */
export async function loggedIn(
  broker: RealBroker,
  version: '1.0' | '1.1' | '1.2' = '1.2',
  connect: Readonly<Record<string, string>> = {},
): Promise<RawStomp> {
  const client = await RawStomp.open(broker);
  const identity = { host: broker.vhost, login: broker.user, passcode: broker.pass };
  client.frame('CONNECT', { 'accept-version': version, ...identity, ...connect });
  const answer = await client.next();
  if (answer.command !== 'CONNECTED') {
    client.destroy();
    throw new Error(`loggedIn(${broker.uri}): ${answer.command} ${answer.body.toString()}`);
  }
  return client;
}
