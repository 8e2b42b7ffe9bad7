import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { BrokerFolder, BrokerProcess, runAsBroker } from './broker-process.js';
import { authority, certificate } from './certificates.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { LocalBroker, TEST_PASS, TEST_USER } from './local-broker.js';
import { type QueueDepth, type RealBroker, STRICT_BYTES, type StartOptions } from './real-broker.js';

// Debian's own wrapper in /usr/sbin insists on the user rabbitmq and on /var/log; these do not.
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const TOOL = '/usr/lib/rabbitmq/bin/rabbitmqctl';

/**
 * Starts Debian's RabbitMQ with AMQP, STOMP and STOMP over WebSocket, all also over TLS, on free loopback ports, in a
 * temporary folder.
 * Everything else that it would listen on is off or on loopback: an epmd and a distribution port of its own.
 * Rejects, with the end of the broker's log, when it does not start.
 */
export async function startRabbitmq(options: StartOptions = {}): Promise<RealBroker> {
  const ports = {
    stomp: await freePort(),
    stompTls: await freePort(),
    web: await freePort(),
    webTls: await freePort(),
    amqp: await freePort(),
    amqpTls: await freePort(),
    distribution: await freePort(),
    epmd: await freePort(),
  };
  const folder = await BrokerFolder.create('rabbitmq', (path) => ({
    'rabbitmq.conf': configuration(path, ports, options),
    // copies: its user may not be allowed to read ours
    'ca.pem': authority().toString(),
    'server.pem': certificate('server').cert.toString(),
    'server.key': certificate('server').key.toString(),
    enabled_plugins: `[rabbitmq_stomp,rabbitmq_web_stomp,rabbitmq_auth_mechanism_ssl,rabbitmq_amqp1_0${options.managementPort === undefined ? '' : ',rabbitmq_management'}].\n`,
    // Erlang nodes talk to each other only with the same cookie
    '.erlang.cookie': randomBytes(20).toString('hex').toUpperCase(),
  }));
  const env = {
    HOME: folder.path,
    ERL_EPMD_PORT: String(ports.epmd),
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
    RABBITMQ_NODENAME: `stompctl-${ports.stomp}@localhost`,
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_CTL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
  // started here, not by Erlang, which would leave it behind as a daemon
  const epmd = await BrokerProcess.start(folder, { file: 'epmd', args: [], env });
  return await LocalBroker.launch({
    kind: 'rabbitmq',
    folder,
    port: ports.stomp,
    webUri: `ws://127.0.0.1:${ports.web}/ws`,
    tlsUri: `stomp+ssl://localhost:${ports.stompTls}`,
    webTlsUri: `wss://localhost:${ports.webTls}/ws`,
    amqpUri: `amqp://127.0.0.1:${ports.amqp}`,
    amqpTlsUri: `amqps://localhost:${ports.amqpTls}`,
    server: { file: SERVER, args: [], env },
    helper: epmd,
    depth: async (name) => {
      const args = ['--silent', 'list_queues', '--formatter=json', 'name', 'messages_ready', 'messages_unacknowledged'];
      // on a busy machine the tool may end without a word
      return await eventually(async () => depthOf(name, await runAsBroker(folder, { file: TOOL, args, env })));
    },
    keep: async () => {
      // decisions are handed on to a process, which hands them to another one, which writes them two seconds later
      const args = ['eval', 'ok = mnesia_recover:sync(), ok = mnesia:sync_log().'];
      await runAsBroker(folder, { file: TOOL, args, env });
    },
    tool: (args) => runAsBroker(folder, { file: TOOL, args, env }),
  });
}

interface Ports {
  readonly stomp: number;
  readonly stompTls: number;
  readonly web: number;
  readonly webTls: number;
  readonly amqp: number;
  readonly amqpTls: number;
}

function configuration(folder: string, ports: Ports, options: StartOptions): string {
  const { anonymous = false, strict = false, managementPort, secondAddress } = options;
  const second = secondAddress === undefined ? '' : `listeners.tcp.2 = ${secondAddress}:${ports.amqp}\n`;
  const management = `management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = ${managementPort}\n`;
  const guest = `stomp.default_user = ${TEST_USER}\nstomp.default_pass = ${TEST_PASS}\n`;
  return `${anonymous ? guest : ''}${strict ? STRICT : ''}${managementPort === undefined ? '' : management}listeners.tcp.1 = 127.0.0.1:${ports.amqp}
${second}listeners.ssl.1 = 127.0.0.1:${ports.amqpTls}
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
ssl_cert_login_from = common_name
stomp.listeners.tcp.1 = 127.0.0.1:${ports.stomp}
stomp.listeners.ssl.1 = 127.0.0.1:${ports.stompTls}
ssl_options.cacertfile = ${folder}/ca.pem
ssl_options.certfile = ${folder}/server.pem
ssl_options.keyfile = ${folder}/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
web_stomp.tcp.ip = 127.0.0.1
web_stomp.tcp.port = ${ports.web}
web_stomp.ssl.ip = 127.0.0.1
web_stomp.ssl.port = ${ports.webTls}
web_stomp.ssl.cacertfile = ${folder}/ca.pem
web_stomp.ssl.certfile = ${folder}/server.pem
web_stomp.ssl.keyfile = ${folder}/server.key
default_user = ${TEST_USER}
default_pass = ${TEST_PASS}
log.file = false
log.console = true
log.console.level = info
# a nearly full disk makes it stop reading from publishers, which would look like a hanging test
disk_free_limit.absolute = 100MB
`;
}

/** RabbitMQ 3.10 takes what is said of reading for writing, and the other way round: both say the same */
const STRICT = `max_message_size = ${STRICT_BYTES}
default_permissions.configure = .*
default_permissions.read = ^(?!amq[.]direct$).*
default_permissions.write = ^(?!amq[.]direct$).*
`;

interface ListedQueue {
  readonly name: string;
  readonly messages_ready: number;
  readonly messages_unacknowledged: number;
}

function depthOf(name: string, listing: string): QueueDepth {
  const queue = (JSON.parse(listing) as ListedQueue[]).find((candidate) => candidate.name === name);
  return { ready: queue?.messages_ready ?? 0, unacknowledged: queue?.messages_unacknowledged ?? 0 };
}
