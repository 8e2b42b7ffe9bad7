import { lookup, resolveSrv } from 'node:dns/promises';
import { isIP } from 'node:net';
import { errnoOf } from '../base/errors.js';

/** Who is asked what stands behind a name; a test has one that follows a script. */
export interface Resolver {
  /** A and AAAA as the system resolves the name, files such as /etc/hosts included. May be empty. */
  addresses(host: string, family: 0 | 4 | 6): Promise<readonly string[]>;
  /** SRV records of a name such as `_stomp._tcp.mq.example.org`; empty when it has none. */
  services(name: string): Promise<readonly { readonly host: string; readonly port: number }[]>;
}

export interface Alias {
  readonly host: string;
  /** undefined: the URI does not say one, so SRV records may */
  readonly port: number | undefined;
  /** without either */
  readonly defaultPort: number;
  /** `_stomp._tcp`; undefined: there are no SRV records for this transport */
  readonly service: string | undefined;
  /** of addresses; 0: both */
  readonly family: 0 | 4 | 6;
}

export interface MemberAddress {
  readonly address: string;
  readonly port: number;
}

/** Every address behind the alias, each once. Rejects as the resolver does. */
export async function addressesBehind(alias: Alias, resolver: Resolver): Promise<MemberAddress[]> {
  const { host, port, defaultPort, service, family } = alias;
  if (isIP(host) !== 0) return [{ address: host, port: port ?? defaultPort }];
  const services = port === undefined && service !== undefined ? await resolver.services(`${service}.${host}`) : [];
  const targets = services.length > 0 ? services : [{ host, port: port ?? defaultPort }];
  const found = new Map<string, MemberAddress>();
  for (const target of targets) {
    const addresses = isIP(target.host) === 0 ? await resolver.addresses(target.host, family) : [target.host];
    for (const address of addresses) found.set(`${address} ${target.port}`, { address, port: target.port });
  }
  return [...found.values()];
}

/** no SRV record of that name, or no name server at all: then the files of the system say what they know of the name */
const NO_SERVICE: ReadonlySet<string | undefined> = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED']);

export const systemResolver: Resolver = {
  addresses: async (host, family) => {
    const found = await lookup(host, { all: true, family });
    return found.map(({ address }) => address);
  },
  services: async (name) => {
    try {
      const records = await resolveSrv(name);
      // RFC 2782: a target of "." says that the service is not offered there
      return records.flatMap(({ name: host, port }) => (host === '' || host === '.' ? [] : [{ host, port }]));
    } catch (error) {
      if (NO_SERVICE.has(errnoOf(error))) return [];
      throw error;
    }
  },
};
