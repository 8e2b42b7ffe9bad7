import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** dist/test/support → the source tree, where fixtures stay */
const FOLDER = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures', 'tls');

export type CertificateName = 'server' | 'other-host' | 'expired' | 'client';

/** The path of a file of `test/fixtures/tls` (its `make.sh` tells them apart). */
export function tlsFile(name: string): string {
  return join(FOLDER, name);
}

/** A certificate with its key, as `tls` options want them. */
export function certificate(name: CertificateName): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(tlsFile(`${name}.pem`)), key: readFileSync(tlsFile(`${name}.key`)) };
}

/** The CA that signed all of them; `other-ca` signed none. */
export function authority(name: 'ca' | 'other-ca' = 'ca'): Buffer {
  return readFileSync(tlsFile(`${name}.pem`));
}
