import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** RabbitMQ, "Password Hashing": a salt of 32 bits, then the digest of salt and password. */
const SALT_BYTES = 4;
const PREFIX = 'rabbit_password_hashing_';
const DIGEST_BYTES = { md5: 16, sha256: 32, sha512: 64 } as const;
type Algorithm = keyof typeof DIGEST_BYTES;

export interface PasswordHash {
  readonly hash: string;
  /** as RabbitMQ calls it */
  readonly hashing: string;
}

/** A hash of the password, with a salt of its own: two of the same password differ. */
export function hashPassword(password: string): PasswordHash {
  return { hash: salted('sha256', randomBytes(SALT_BYTES), password), hashing: `${PREFIX}sha256` };
}

/** Is it the password that was hashed? False for a hash in a way that is not known. */
export function isHashOf({ hash, hashing }: PasswordHash, password: string): boolean {
  const algorithm = algorithmOf(hash);
  if (algorithm === undefined || hashing !== `${PREFIX}${algorithm}`) return false;
  const stored = Buffer.from(hash, 'base64');
  const again = Buffer.from(salted(algorithm, stored.subarray(0, SALT_BYTES), password), 'base64');
  return timingSafeEqual(stored, again);
}

/** How a hash was made, told by its length; undefined: it is none. */
export function hashingOf(hash: string): string | undefined {
  const algorithm = algorithmOf(hash);
  return algorithm && `${PREFIX}${algorithm}`;
}

function algorithmOf(hash: string): Algorithm | undefined {
  const bytes = Buffer.from(hash, 'base64');
  if (bytes.toString('base64') !== hash) return undefined;
  const algorithms: readonly Algorithm[] = ['sha256', 'sha512', 'md5'];
  return algorithms.find((name) => bytes.length === SALT_BYTES + DIGEST_BYTES[name]);
}

function salted(algorithm: Algorithm, salt: Buffer, password: string): string {
  const digest = createHash(algorithm).update(salt).update(password, 'utf8').digest();
  return Buffer.concat([salt, digest]).toString('base64');
}
