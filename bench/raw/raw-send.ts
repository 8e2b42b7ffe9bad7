import { type Endpoint, type Floor, framesFrom, measured, openRaw } from './raw-socket.js';

export interface RawSendOptions {
  readonly destination: string;
  readonly messages: number;
  readonly bodyBytes: number;
  /** receipts outstanding at most; `undefined`: one receipt, for the last message only */
  readonly window: number | undefined;
}

/** Sends persistent messages over one socket, a write each as a client does it, as fast as the broker takes them; resolves when all are confirmed. */
export async function rawSend(endpoint: Endpoint, options: RawSendOptions): Promise<Floor> {
  const { destination, messages, bodyBytes, window } = options;
  const socket = await openRaw(endpoint);
  const head = `SEND\ndestination:${destination}\npersistent:true\ncontent-length:${bodyBytes}\n`;
  const tail = Buffer.concat([Buffer.from('\n\n'), Buffer.alloc(bodyBytes, 'x'), Buffer.from([0])]);
  let sent = 0;
  const sendUpTo = (limit: number): void => {
    for (; sent < Math.min(limit, messages); sent += 1) {
      const withReceipt = window !== undefined || sent === messages - 1;
      socket.cork();
      socket.write(`${head}${withReceipt ? 'receipt' : 'x-number'}:r${sent}`);
      socket.write(tail);
      socket.uncork();
    }
  };
  try {
    return await measured(messages, async () => {
      if (window === undefined) {
        const receipt = framesFrom(socket, 1);
        while (sent < messages) {
          sendUpTo(sent + 1000);
          if (socket.writableNeedDrain) await new Promise((resolve) => socket.once('drain', resolve));
        }
        return await receipt;
      }
      let confirmed = 0;
      const receipts = framesFrom(socket, messages, (count) => {
        confirmed += count;
        sendUpTo(confirmed + window);
      });
      sendUpTo(window);
      await receipts;
    });
  } finally {
    socket.destroy();
  }
}
