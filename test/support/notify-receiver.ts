import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { atEnd, type Cleaning, tempFolder } from './temp-folder.js';

/** What Node cannot be: the other end of a unix datagram socket. Prints each datagram as a line of JSON. */
const RECEIVER = `
import json, socket, sys
name = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind('\\0' + name[1:] if name.startswith('@') else name)
print(json.dumps('bound'), flush=True)
while True:
    print(json.dumps(receiver.recv(65536).decode()), flush=True)
`;

export interface NotifyReceiver {
  readonly socket: string;
  /** the assignments so far, one a line of each datagram, without what systemd-notify sends of its own */
  readonly lines: () => readonly string[];
  /** ends it: what is sent from now on is refused */
  stop(): Promise<void>;
}

/** A service manager's end, on an own socket, or on the one that is named (`@NAME`: an abstract one). */
export async function notifyReceiver(test: Cleaning, name?: string): Promise<NotifyReceiver> {
  const socket = name ?? join(await tempFolder(test), 'notify');
  const child = spawn('python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const ended = once(child, 'close');
  const bound = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve();
    });
    ended.then(([code]) => reject(new Error(`the receiver ended with ${code}`)), reject);
  });
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  atEnd(test, stop);
  await bound;
  const datagrams = () => text.split('\n').slice(1, -1).map(asText);
  const lines = () => datagrams().flatMap((datagram) => datagram.split('\n'));
  return { socket, lines: () => lines().filter((line) => line !== '' && line !== 'BARRIER=1'), stop };
}

function asText(line: string): string {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'string') throw new Error(`no datagram: ${line}`);
  return value;
}
