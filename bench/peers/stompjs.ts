import { fileURLToPath } from 'node:url';
import type { OpenBroker } from '../measure/bench-brokers.js';
import { type Figures, OURS, runCommand } from '../measure/command-run.js';

const PROGRAM = fileURLToPath(new URL('stompjs-program.js', import.meta.url));

/** What the program is given, as one JSON text. */
export interface StompjsTask {
  readonly way: 'send' | 'receive';
  readonly broker: Pick<OpenBroker, 'host' | 'port' | 'user' | 'pass' | 'vhost'>;
  readonly destination: string;
  readonly messages: number;
  readonly bytes: number;
  /** receipts outstanding at most; messages that the broker sends ahead at most */
  readonly window: number;
}

/** @stomp/stompjs over TCP, without a queue: it sends bodies made beforehand, or throws away what it has acknowledged. */
export function stompjs(task: StompjsTask): Promise<Figures> {
  const { host, port, user, pass, vhost } = task.broker;
  const given = JSON.stringify({ ...task, broker: { host, port, user, pass, vhost } });
  return runCommand([OURS[0] ?? '', PROGRAM, given], task.messages);
}
