import { createServer, type Socket } from 'node:net';
import type { Cleaning } from './temp-folder.js';

/** What a scripted server has heard and says: bytes, one character a byte, so that nothing is repaired on the way. */
export interface ScriptedServer {
  readonly port: number;
  /** all that the last client wrote */
  heard(): string;
  /** Writes to the last client, as it stands. */
  say(bytes: string): void;
}

/**
 * A server that answers CONNECT with `connected` (default: STOMP 1.2 without a name) and confirms whatever asks for a receipt, after
 * `unconfirmed` such frames that it does not confirm. Closed when the test ends.
 */
export async function scriptedServer(
  test: Cleaning,
  connected = 'CONNECTED\nversion:1.2\n\n\0',
  unconfirmed = 0,
): Promise<ScriptedServer> {
  let client: Socket | undefined;
  let heard = '';
  let left = unconfirmed;
  const server = createServer((socket) => {
    client = socket;
    heard = '';
    let seen = 0;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      for (let end = heard.indexOf('\0', seen); end >= 0; end = heard.indexOf('\0', seen)) {
        const frame = heard.slice(seen, end).trimStart();
        seen = end + 1;
        if (frame.startsWith('CONNECT\n')) socket.write(connected, 'latin1');
        const receipt = /\nreceipt:(.*)\n/.exec(frame)?.[1];
        if (receipt === undefined) continue;
        if (left > 0) left -= 1;
        else socket.write(`RECEIPT\nreceipt-id:${receipt}\n\n\0`, 'latin1');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(async () => {
    client?.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('scriptedServer(): no port');
  return { port: address.port, heard: () => heard, say: (bytes) => client?.write(bytes, 'latin1') };
}
