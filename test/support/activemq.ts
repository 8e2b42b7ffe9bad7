import { join } from 'node:path';
import { BrokerFolder, runAsBroker } from './broker-process.js';
import { freePort } from './free-port.js';
import { LocalBroker, TEST_PASS, TEST_USER } from './local-broker.js';
import { type QueueDepth, type RealBroker, STRICT_BYTES, type StartOptions } from './real-broker.js';

const HOME = '/usr/share/activemq';
const JAR = `${HOME}/bin/activemq.jar`;

/**
 * Starts Debian's ActiveMQ with a `stomp+nio` connector on a free loopback port, one user, and persistence (KahaDB),
 * in a temporary folder. Rejects, with the end of the broker's log, when it does not start.
 */
export async function startActivemq(options: StartOptions = {}): Promise<RealBroker> {
  const [port, managementPort] = [await freePort(), await freePort()];
  const folder = await BrokerFolder.create('activemq', (path) => ({
    'activemq.xml': configuration(path, port, options),
    'log4j.properties': LOGGING,
    'jmx.password': `${TEST_USER} ${TEST_PASS}\n`,
    'jmx.access': `${TEST_USER} readonly\n`,
  }));
  const env = { HOME: folder.path };
  const settings = [
    `-Djava.io.tmpdir=${folder.path}`,
    `-Dlog4j.configuration=file:${join(folder.path, 'log4j.properties')}`,
    `-Dactivemq.home=${HOME}`,
    `-Dactivemq.base=${folder.path}`,
    `-Dactivemq.conf=${folder.path}`,
    `-Dactivemq.data=${join(folder.path, 'data')}`,
  ];
  const xml = join(folder.path, 'activemq.xml');
  const start = [
    '-Xmx768m',
    ...management(folder, managementPort),
    ...settings,
    '-jar',
    JAR,
    'start',
    `xbean:file:${xml}`,
  ];
  return await LocalBroker.launch({
    kind: 'activemq',
    folder,
    port,
    server: { file: 'java', args: start, env },
    depth: async (name) => {
      const object = `type=Broker,brokerName=*,destinationType=Queue,destinationName=${name}`;
      const login = ['--jmxuser', TEST_USER, '--jmxpassword', TEST_PASS];
      const url = `service:jmx:rmi:///jndi/rmi://127.0.0.1:${managementPort}/jmxrmi`;
      const query = ['query', '--jmxurl', url, ...login, '--objname', object, '--view', 'QueueSize,InFlightCount'];
      return depthOf(await runAsBroker(folder, { file: 'java', args: [...settings, '-jar', JAR, ...query], env }));
    },
  });
}

/**
 * Java management, with a password and for reading only: `queueDepth` asks there. Java opens one more port beside it,
 * on every address, and hangs up on whoever is not on this machine.
 */
function management(folder: BrokerFolder, port: number): string[] {
  const remote = '-Dcom.sun.management.jmxremote';
  return [
    `${remote}.port=${port}`,
    `${remote}.rmi.port=${port}`,
    `${remote}.host=127.0.0.1`,
    '-Djava.rmi.server.hostname=127.0.0.1',
    `${remote}.ssl=false`,
    `${remote}.password.file=${join(folder.path, 'jmx.password')}`,
    `${remote}.access.file=${join(folder.path, 'jmx.access')}`,
  ];
}

function configuration(folder: string, port: number, { anonymous = false, strict = false }: StartOptions): string {
  const limit = strict ? `?transport.maxDataLength=${STRICT_BYTES}` : '';
  return `<beans xmlns="http://www.springframework.org/schema/beans"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.springframework.org/schema/beans
      http://www.springframework.org/schema/beans/spring-beans-2.0.xsd
      http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="stompctl" persistent="true" useJmx="true"
      dataDirectory="${folder}/data">
    <managementContext><managementContext createConnector="false"/></managementContext>
    <persistenceAdapter><kahaDB directory="${folder}/data/kahadb"/></persistenceAdapter>
    <plugins>
      <simpleAuthenticationPlugin anonymousAccessAllowed="${anonymous}">
        <users><authenticationUser username="${TEST_USER}" password="${TEST_PASS}" groups="users"/></users>
      </simpleAuthenticationPlugin>${strict ? STRICT : ''}
    </plugins>
    <systemUsage>
      <systemUsage>
        <memoryUsage><memoryUsage limit="256 mb"/></memoryUsage>
        <storeUsage><storeUsage limit="8 gb"/></storeUsage>
        <tempUsage><tempUsage limit="1 gb"/></tempUsage>
      </systemUsage>
    </systemUsage>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp+nio://127.0.0.1:${port}${limit}"/>
    </transportConnectors>
  </broker>
</beans>
`;
}

/** what entries allow adds up, so the queues that nobody may write to must not match another; advisory topics: the broker tells */
const STRICT = `
      <authorizationPlugin>
        <map><authorizationMap><authorizationEntries>
          <authorizationEntry queue="*" read="users" write="users" admin="users"/>
          <authorizationEntry topic=">" read="users" write="users" admin="users"/>
          <authorizationEntry queue="forbidden.>" read="users" write="others" admin="users"/>
        </authorizationEntries></authorizationMap></map>
      </authorizationPlugin>`;

const LOGGING = `log4j.rootLogger=INFO, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=%d %-5p %c: %m%n
`;

/**
 * The console prints `QueueSize = 3`, and counts messages in flight into it; nothing at all for an unknown queue, and
 * it exits 0 whatever happens.
 */
function depthOf(printed: string): QueueDepth {
  if (/^ERROR|not available/m.test(printed)) throw new Error(`queueDepth(activemq): ${printed}`);
  const number = (attribute: string): number =>
    Number(new RegExp(`^${attribute} = (\\d+)$`, 'm').exec(printed)?.[1] ?? 0);
  const unacknowledged = number('InFlightCount');
  return { ready: number('QueueSize') - unacknowledged, unacknowledged };
}
