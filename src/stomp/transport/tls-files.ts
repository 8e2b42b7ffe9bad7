import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, reasonOf, StompctlError } from '../../base/errors.js';
import { readAtMost } from '../../base/read-at-most.js';
import { parseTlsSockopts } from './socket-options.js';
import type { TlsOptions } from './transport.js';

/** The files of an `x509` credential. */
export interface CertificateFiles {
  /** PEM, or PKCS#12 with certificate and key; undefined: we have none to show */
  readonly cert: string | undefined;
  /** PEM; undefined: the key stands in `cert` */
  readonly key: string | undefined;
  /** PEM files of CAs, or folders of such files; undefined or empty: those of the system */
  readonly ca: string | readonly string[] | undefined;
  /** what the key is encrypted with */
  readonly pass: string | undefined;
}

/** no certificate, key or list of CAs is larger; a log given by mistake is */
const LARGEST_FILE = 4 * 1024 * 1024;
/** where Linux distributions keep the CAs that their administrators trust */
const SYSTEM_CAS = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem'];

/**
 * What one TLS connection needs, read anew at each call, so that a renewed certificate is used at the next attempt. The credential
 * wins over socket options. Errors: CREDENTIAL_UNREADABLE, CREDENTIAL_INVALID, CONFIG_INVALID.
 */
export async function readTlsFiles(
  files: CertificateFiles | undefined,
  sockopts: Readonly<Record<string, string>> = {},
): Promise<TlsOptions> {
  const { cert, key, pass, ca, options } = withCredential(parseTlsSockopts(sockopts), files);
  const cas = ca.length === 0 ? await systemCas() : (await Promise.all(ca.map(readCas))).flat();
  const common = { ...options, ca: cas, ...(pass !== undefined && { passphrase: pass }) };
  if (cert === undefined || cert === '') return common;
  const certificate = await read(cert);
  if (!isPem(certificate)) return { ...common, pfx: certificate };
  return { ...common, cert: certificate, key: key === undefined ? certificate : await read(key) };
}

function withCredential(
  sockopts: ReturnType<typeof parseTlsSockopts>,
  files: CertificateFiles | undefined,
): ReturnType<typeof parseTlsSockopts> {
  if (files === undefined) return sockopts;
  const cas = typeof files.ca === 'string' ? [files.ca] : (files.ca ?? []);
  const shown = files.cert !== undefined && files.cert !== '';
  return {
    cert: shown ? files.cert : sockopts.cert,
    key: files.key ?? (shown ? undefined : sockopts.key),
    pass: files.pass ?? sockopts.pass,
    ca: cas.length === 0 ? sockopts.ca : cas,
    options: sockopts.options,
  };
}

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/;

async function readCas(path: string): Promise<Buffer[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const paths = found.isDirectory() ? (await readdir(path)).sort().map((name) => join(path, name)) : [path];
  const contents: Buffer[] = [];
  for (const file of paths) {
    // a folder may hold a readme, and links to certificates that are gone
    const content = found.isDirectory() ? await read(file).catch(() => undefined) : await read(file);
    // nor only certificates: those of grid tools have lists of revoked ones beside them
    if (content !== undefined && CERTIFICATE.test(content.toString('latin1'))) contents.push(content);
  }
  if (contents.length === 0) {
    throw new StompctlError('CREDENTIAL_INVALID', 'credential', path, 'no certificate in PEM form there; check ca');
  }
  return contents;
}

async function systemCas(): Promise<(string | Buffer)[]> {
  // it and the certificates in it cost a twentieth of a start, and most starts need no TLS
  const { rootCertificates } = await import('node:tls');
  for (const path of SYSTEM_CAS) {
    const content = await read(path).catch(() => undefined);
    if (content !== undefined) return [content, ...rootCertificates];
  }
  return [...rootCertificates];
}

function isPem(content: Buffer): boolean {
  return content.includes('-----BEGIN');
}

async function read(path: string): Promise<Buffer> {
  try {
    // without O_NONBLOCK, opening a pipe that nobody writes to never ends, and hangs the exit too
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if ((await file.stat()).isFIFO()) {
        throw new StompctlError('CREDENTIAL_UNREADABLE', 'credential', path, 'is a pipe, not a file');
      }
      // not by its size: a device has none, and no end
      const bytes = await readAtMost(file, LARGEST_FILE + 1);
      if (bytes.length <= LARGEST_FILE) return bytes;
      throw new StompctlError('CREDENTIAL_INVALID', 'credential', path, 'too large for a certificate or key');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof StompctlError) throw error;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): StompctlError {
  const reason = `cannot be read: ${errnoOf(error) ?? reasonOf(error)}`;
  return new StompctlError('CREDENTIAL_UNREADABLE', 'credential', path, reason, error);
}
