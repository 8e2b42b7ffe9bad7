import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

const LOWEST = 20_000;

/**
 * A loopback port that nobody listens on, for servers that must come back on the same port after a kill; no other call gets it, in
 * whichever process, as long as this one lives: a broker listens on its ports one after the other, for seconds. It lies below
 * the range from which the kernel takes the ports of outgoing connections: otherwise a client that keeps trying to
 * reconnect is sooner or later given that very port, connects to itself, and the server cannot bind it any more.
 */
export async function freePort(): Promise<number> {
  const below = await lowestOutgoingPort();
  const [from, to] = below > LOWEST + 1000 ? [LOWEST, below] : [61_000, 65_536];
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = from + Math.floor(Math.random() * (to - from));
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
  throw new Error(`freePort(${from}-${to}): no free port in 100 attempts`);
}

async function lowestOutgoingPort(): Promise<number> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'ascii');
  return Number.parseInt(range, 10);
}

/** True: it is ours to give away. The name is one of no file (unix(7), abstract), and goes with the process. */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().unref();
    server.once('error', () => resolve(false));
    server.listen(`\0stompctl-test-port-${port}`, () => resolve(true));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
