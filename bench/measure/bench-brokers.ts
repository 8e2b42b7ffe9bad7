import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BrokerKind, openBroker } from '../../test/support/real-brokers.js';
import type { Endpoint } from '../raw/raw-socket.js';

export type BenchBroker = 'rabbitmq' | 'activemq' | 'in-process';

export interface OpenBroker extends Endpoint {
  readonly uri: string;
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('broker-program.js', import.meta.url));

/** A broker in a process of its own. */
export async function openBenchBroker(kind: BenchBroker): Promise<OpenBroker> {
  if (kind !== 'in-process') return inMemory(() => openBroker(kind satisfies BrokerKind));
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [printed] = await once(child.stdout, 'data');
  const uri = String(printed).trim();
  const { hostname: host, port } = new URL(uri);
  const stop = async () => {
    const closed = once(child, 'close');
    child.stdin.end();
    await closed;
  };
  return { uri, host, port: Number(port), user: 'stompctl', pass: 'stompctl', vhost: '/', stop };
}

/** Its data are in memory: the disk is for what is measured. */
async function inMemory(open: () => Promise<OpenBroker>): Promise<OpenBroker> {
  const { TMPDIR } = process.env;
  if (existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';
  try {
    return await open();
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
}
