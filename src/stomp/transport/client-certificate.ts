import type { TlsOptions } from './transport.js';

/** Do we show a certificate, so that a broker may know us by it? */
export function hasCertificate(tls: TlsOptions | undefined): boolean {
  return tls?.cert !== undefined || tls?.pfx !== undefined;
}
