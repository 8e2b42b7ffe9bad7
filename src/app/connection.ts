import type { Clock } from '../base/clock.js';
import { parseBrokerUri } from '../config/broker-uri.js';
import { resolveCredentials } from '../config/credential.js';
import type { Environment } from '../config/environment.js';
import type { BrokerSettings, Settings } from '../config/settings.js';
import type { Logger } from '../observe/logger.js';
import type { StompSession } from '../stomp/session.js';
import type { SeenFrame, SessionOptions } from '../stomp/session-options.js';

export interface ConnectionContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Environment;
}

/** What both ends of a transfer need of a broker: its name in logs, and what to do at each opening. */
export interface Connection {
  /** `broker stomp://host:61613` */
  readonly name: string;
  /** Reads the credentials again and gives the options of one session. */
  readonly connect: () => Promise<SessionOptions>;
  readonly onSession: (session: StompSession) => void;
}

export function connectionTo(broker: BrokerSettings, settings: Settings, context: ConnectionContext): Connection {
  const { clock, logger } = context;
  const name = `broker ${broker.uri}`;
  const { timeouts } = settings;
  return {
    name,
    async connect() {
      const { transport, host, port, path, vhost } = parseBrokerUri(broker.uri);
      const warn = (text: string) => logger.warn('credential', text, { end: name });
      const { login, passcode } = await resolveCredentials(broker.auth, context.env, warn);
      return {
        endpoint: { transport, host, port, path },
        vhost,
        versions: broker.version,
        ...(login !== undefined && { login }),
        ...(passcode !== undefined && { passcode }),
        connectHeaders: broker.connect,
        heartBeat: settings.heartBeat ? { clientMs: timeouts.clientMs, serverMs: timeouts.serverMs } : 'off',
        connectTimeoutMs: timeouts.connectMs,
        receiptTimeoutMs: timeouts.brokerMs,
        disconnectTimeoutMs: timeouts.disconnectMs,
        maxMessageSize: settings.maxMessageSize,
        ...(broker.type !== undefined && { type: broker.type }),
        clock,
        ...(broker.stompDebug.length > 0 && { onFrame: frameLogger(broker.stompDebug, name, logger) }),
      };
    },
    onSession({ server, version, peer, dialect }) {
      const what = server ?? 'a broker that does not say what it is';
      logger.info('session-open', `connected to ${peer}: ${what}, STOMP ${version}`, {
        end: name,
        server,
        version,
        dialect: dialect.type,
      });
    },
  };
}

/** `…-stomp-debug`: a line a frame. Bodies are never logged: `body` shows how long they are. */
function frameLogger(wanted: readonly string[], end: string, logger: Logger): (frame: SeenFrame) => void {
  const all = wanted.includes('all');
  const shows = (part: string) => all || wanted.includes(part);
  return ({ direction, command, header, body }) => {
    logger.info('frame', `${direction === 'in' ? 'received' : 'sent'} ${command}`, {
      end,
      ...(shows('header') && { header }),
      ...(shows('body') && { bodyBytes: body.length }),
    });
  };
}
