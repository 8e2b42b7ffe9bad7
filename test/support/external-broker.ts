import type { BrokerKind, RealBroker } from './real-broker.js';

/** A broker that somebody else runs, from `stomp://user:pass@host:port/vhost` (parts %-encoded; the vhost may be left out). */
export function externalBroker(kind: BrokerKind, uri: string): RealBroker {
  const { hostname, port, username, password, pathname } = new URL(uri);
  const ours = (operation: string): Promise<never> =>
    Promise.reject(new Error(`${operation}(${hostname}:${port}): not possible with an external broker`));
  const offered = (what: string): string | undefined => process.env[`STOMPCTL_TEST_${kind.toUpperCase()}_${what}`];
  const vhost = decodeURIComponent(pathname.slice(1));
  return {
    kind,
    uri: `stomp://${hostname}:${port}`,
    webUri: offered('WEB'),
    tlsUri: offered('TLS'),
    webTlsUri: offered('WEB_TLS'),
    amqpUri: offered('AMQP'),
    amqpTlsUri: offered('AMQP_TLS'),
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    pass: decodeURIComponent(password),
    vhost: vhost === '' ? '/' : vhost,
    kill: () => ours('kill'),
    start: () => ours('start'),
    stop: () => Promise.resolve(),
    logTail: () => Promise.resolve('(external broker: see its own log)'),
    queueDepth: () => ours('queueDepth'),
    keepQueues: () => ours('keepQueues'),
    tool: () => ours('tool'),
  };
}
