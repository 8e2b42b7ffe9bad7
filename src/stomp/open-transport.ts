import { StompctlError } from '../base/errors.js';
import type { Endpoint, Transport, TransportOptions } from './transport.js';

/**
 * Opens a byte stream to `endpoint`. Errors: HOST_UNKNOWN, CONNECT_FAILED, CONNECT_TIMEOUT, TLS_FAILED. Each kind of transport is
 * loaded when first used.
 */
export async function openTransport(endpoint: Endpoint, options: TransportOptions): Promise<Transport> {
  switch (endpoint.transport) {
    case 'tcp':
      return (await import('./tcp-transport.js')).openTcp(endpoint, options);
    default:
      throw new StompctlError(
        'CONNECT_FAILED',
        'connect',
        `${endpoint.host}:${endpoint.port}`,
        'no such transport yet',
      );
  }
}
