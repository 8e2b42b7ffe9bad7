import { StompctlError } from '../../base/errors.js';
import { hostPort } from '../../base/host-port.js';
import type { Endpoint, Transport, TransportOptions } from './transport.js';

/**
 * Opens a byte stream to `endpoint`. Errors: HOST_UNKNOWN, CONNECT_FAILED, CONNECT_TIMEOUT, TLS_FAILED. Each kind of transport is
 * loaded when first used.
 */
export async function openTransport(endpoint: Endpoint, options: TransportOptions): Promise<Transport> {
  switch (endpoint.transport) {
    case 'tcp':
      return (await import('./tcp-transport.js')).openTcp(endpoint, options);
    case 'tls':
      return (await import('./tls-transport.js')).openTls(endpoint, options);
    case 'ws':
    case 'wss':
      return (await import('./web-socket-transport.js')).openWebSocket(endpoint, options);
    case 'udp': {
      const reason = 'UDP carries no session: it can only send';
      throw new StompctlError('CONNECT_FAILED', 'connect', hostPort(endpoint.host, endpoint.port), reason);
    }
  }
}
