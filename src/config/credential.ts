import { constants, open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { errnoOf, reasonOf, StompctlError } from '../base/errors.js';
import { readAtMost } from '../base/read-at-most.js';
import type { Environment } from './formats/environment.js';
import type { CredentialSettings } from './settings.js';

/** What to log in with. Empty when there is nothing to log in with. */
export interface ResolvedCredential {
  readonly login?: string;
  readonly passcode?: string;
  readonly x509?: ResolvedCertificate;
}

export interface ResolvedCertificate {
  /** paths */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** files and folders; empty: the CAs of the system */
  readonly ca: readonly string[];
  /** what the key is encrypted with */
  readonly pass: string | undefined;
}

/** No password is longer; a log or a disk image given by mistake is. */
const LONGEST_SECRET_BYTES = 65_536;
const READABLE_BY_OTHERS = 0o004;

/**
 * Resolves the credentials of a broker, reading password files and variables anew, so that a changed password is used at
 * the next attempt to connect. `warn` hears of a password file that everybody may read.
 * Rejects with CREDENTIAL_UNREADABLE or CREDENTIAL_INVALID, whose texts never hold the secret.
 */
export async function resolveCredentials(
  credentials: readonly CredentialSettings[],
  env: Environment,
  warn: (text: string) => void = () => undefined,
): Promise<ResolvedCredential> {
  let resolved: ResolvedCredential = {};
  for (const { scheme, fields } of credentials) {
    if (scheme === 'plain') resolved = { ...resolved, ...(await resolvePlain(fields, env, warn)) };
    else if (scheme === 'x509') resolved = { ...resolved, x509: await resolveCertificate(fields, env, warn) };
  }
  return resolved;
}

type Fields = CredentialSettings['fields'];
type Warn = (text: string) => void;

async function resolvePlain(fields: Fields, env: Environment, warn: Warn): Promise<ResolvedCredential> {
  const login = fields.name ?? '';
  const { secret = '', from } = await readSecret(fields, env, warn);
  // STOMP 1.2, "Value Encoding": CONNECT is not escaped, so these cannot be sent
  if (/[\r\n\0]/.test(login)) throw invalid('name', 'has a line end or NUL in it, which CONNECT cannot carry');
  if (/[\r\n\0]/.test(secret)) throw invalid(from, 'has a line end or NUL in it, which CONNECT cannot carry');
  return { login, passcode: secret };
}

/** As Perl's Authen::Credential: what is not given is taken from the environment, where grid tools put it. */
async function resolveCertificate(fields: Fields, env: Environment, warn: Warn): Promise<ResolvedCertificate> {
  const { secret } = await readSecret(fields, env, warn);
  const ca = [fields.ca ?? env.X509_CERT_DIR, fields.ca_file ?? env.X509_CERT_FILE];
  return {
    cert: fields.cert ?? env.X509_USER_CERT,
    key: fields.key ?? env.X509_USER_KEY,
    ca: ca.filter((path) => path !== undefined),
    pass: secret,
  };
}

function invalid(argument: string, reason: string): StompctlError {
  return new StompctlError('CREDENTIAL_INVALID', 'credential', argument, reason);
}

function unreadable(argument: string, reason: string, cause?: unknown): StompctlError {
  return new StompctlError('CREDENTIAL_UNREADABLE', 'credential', argument, reason, cause);
}

/** The password, from wherever it is, and a name for that place. */
async function readSecret(
  fields: Fields,
  env: Environment,
  warn: Warn,
): Promise<{ secret: string | undefined; from: string }> {
  const { pass, 'pass-file': file, 'pass-env': variable, 'pass-credential': name } = fields;
  if (file !== undefined) return { secret: await readSecretFile(file, warn), from: `pass-file ${file}` };
  if (variable !== undefined) {
    const secret = Object.hasOwn(env, variable) ? env[variable] : undefined;
    if (secret === undefined) throw unreadable(`pass-env ${variable}`, 'the environment has no such variable: set it');
    return { secret, from: `pass-env ${variable}` };
  }
  if (name !== undefined) {
    return {
      secret: await readSecretFile(credentialPath(name, env), () => undefined),
      from: `pass-credential ${name}`,
    };
  }
  return { secret: pass, from: 'pass' };
}

/** systemd.exec(5), "CREDENTIALS": a file of this name in the folder that the service manager names. */
function credentialPath(name: string, env: Environment): string {
  const folder = env.CREDENTIALS_DIRECTORY;
  if (folder === undefined || !isAbsolute(folder)) {
    const reason = `CREDENTIALS_DIRECTORY is not set: add LoadCredential=${name}:PATH to the systemd unit`;
    throw unreadable(`pass-credential ${name}`, reason);
  }
  if (name.includes('/') || name === '.' || name === '..') {
    throw invalid(`pass-credential ${name}`, 'must be the name of a credential, not a path: use pass-file for a path');
  }
  return join(folder, name);
}

/** What to do about a password file that the system does not give. */
function nextStep(error: unknown): string {
  const whom = 'the user that runs stompctl';
  return errnoOf(error) === 'ENOENT'
    ? `make it, readable for ${whom} alone, or correct the path`
    : `let ${whom} read it (chown, chmod)`;
}

async function readSecretFile(path: string, warn: Warn): Promise<string> {
  try {
    // without O_NONBLOCK, opening a pipe that nobody writes to never ends
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw unreadable(path, 'is not a plain file');
      if ((stat.mode & READABLE_BY_OTHERS) !== 0) {
        warn(`the password file ${path} can be read by everybody: chmod o-rwx it`);
      }
      const bytes = await readAtMost(file, LONGEST_SECRET_BYTES + 1);
      if (bytes.length > LONGEST_SECRET_BYTES) throw invalid(path, `is longer than ${LONGEST_SECRET_BYTES} bytes`);
      // editors and echo end a file with a line end, which is not part of the password
      return bytes.toString('utf8').replace(/\r?\n$/, '');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof StompctlError) throw error;
    throw unreadable(path, `cannot be read: ${reasonOf(error)}; ${nextStep(error)}`, error);
  }
}
