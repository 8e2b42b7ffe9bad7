import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { BrokerFolder, BrokerProcess, runAsBroker } from './broker-process.js';
import { freePort } from './free-port.js';
import { LocalBroker, TEST_PASS, TEST_USER } from './local-broker.js';
import type { QueueDepth, RealBroker, StartOptions } from './real-broker.js';

// Debian's own wrapper in /usr/sbin insists on the user rabbitmq and on /var/log; these do not.
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const TOOL = '/usr/lib/rabbitmq/bin/rabbitmqctl';

/**
 * Starts Debian's RabbitMQ with STOMP and STOMP over WebSocket on free loopback ports, in a temporary folder.
 * Everything else that it would listen on is off or on loopback: no AMQP, an epmd and a distribution port of its own.
 * Rejects, with the end of the broker's log, when it does not start.
 */
export async function startRabbitmq(options: StartOptions = {}): Promise<RealBroker> {
  const [port, webPort, distributionPort, epmdPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const { ca = '', cert = '', key = '' } = options.tls ?? {};
  const folder = await BrokerFolder.create('rabbitmq', (path) => ({
    'rabbitmq.conf': `${configuration(port, webPort, options)}${tlsConfiguration(path, options)}`,
    'ca.pem': ca,
    'server.pem': cert,
    'server.key': key,
    enabled_plugins: '[rabbitmq_stomp,rabbitmq_web_stomp].\n',
    // Erlang nodes talk to each other only with the same cookie
    '.erlang.cookie': randomBytes(20).toString('hex').toUpperCase(),
  }));
  const env = {
    HOME: folder.path,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // the script then becomes the server, instead of watching over it
    RUNNING_UNDER_SYSTEMD: 'true',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(folder.path, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder.path, 'none.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder.path, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder.path, 'data'),
    RABBITMQ_LOG_BASE: join(folder.path, 'log'),
    RABBITMQ_PID_FILE: join(folder.path, 'pid'),
    RABBITMQ_NODENAME: `stompctl-${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_CTL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
  // started here, not by Erlang, which would leave it behind as a daemon
  const epmd = await BrokerProcess.start(folder, { file: 'epmd', args: [], env });
  return await LocalBroker.launch({
    kind: 'rabbitmq',
    folder,
    port,
    webUri: `ws://127.0.0.1:${webPort}/ws`,
    server: { file: SERVER, args: [], env },
    helper: epmd,
    depth: async (name) => {
      const args = ['--silent', 'list_queues', '--formatter=json', 'name', 'messages_ready', 'messages_unacknowledged'];
      return depthOf(name, await runAsBroker(folder, { file: TOOL, args, env }));
    },
  });
}

function configuration(port: number, webPort: number, { anonymous = false }: StartOptions): string {
  const guest = `stomp.default_user = ${TEST_USER}\nstomp.default_pass = ${TEST_PASS}\n`;
  return `${anonymous ? guest : ''}listeners.tcp = none
stomp.listeners.tcp.1 = 127.0.0.1:${port}
web_stomp.tcp.ip = 127.0.0.1
web_stomp.tcp.port = ${webPort}
default_user = ${TEST_USER}
default_pass = ${TEST_PASS}
log.file = false
log.console = true
log.console.level = info
# a nearly full disk makes it stop reading from publishers, which would look like a hanging test
disk_free_limit.absolute = 100MB
`;
}

function tlsConfiguration(path: string, { tls }: StartOptions): string {
  if (tls === undefined) return '';
  return `stomp.listeners.ssl.1 = 127.0.0.1:${tls.port}
ssl_options.cacertfile = ${join(path, 'ca.pem')}
ssl_options.certfile = ${join(path, 'server.pem')}
ssl_options.keyfile = ${join(path, 'server.key')}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
`;
}

interface ListedQueue {
  readonly name: string;
  readonly messages_ready: number;
  readonly messages_unacknowledged: number;
}

function depthOf(name: string, listing: string): QueueDepth {
  const queue = (JSON.parse(listing) as ListedQueue[]).find((candidate) => candidate.name === name);
  return { ready: queue?.messages_ready ?? 0, unacknowledged: queue?.messages_unacknowledged ?? 0 };
}
