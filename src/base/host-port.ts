import { isIPv6 } from 'node:net';

/** `mq.example.org:61613`, `10.0.0.7:61613`, `[fd00::7]:61613`. */
export function hostPort(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
