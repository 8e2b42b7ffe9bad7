import { type Endpoint, type Floor, framesFrom, measured, openRaw } from './raw-socket.js';

export interface RawReceiveOptions {
  readonly destination: string;
  /** how many there are; their bodies must not contain NUL */
  readonly messages: number;
}

/** Reads messages that the broker counts as settled when sent (`ack:auto`), and throws them away. */
export async function rawReceive(endpoint: Endpoint, { destination, messages }: RawReceiveOptions): Promise<Floor> {
  const socket = await openRaw(endpoint);
  try {
    return await measured(messages, async () => {
      const all = framesFrom(socket, messages);
      socket.write(`SUBSCRIBE\nid:1\ndestination:${destination}\nack:auto\n\n\0`);
      await all;
    });
  } finally {
    socket.destroy();
  }
}
