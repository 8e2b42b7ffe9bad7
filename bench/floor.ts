/**
 * What a broker gives to a bare socket: the floor that transfers are compared with, side by side in one run.
 * Run: npm run bench -- floor [messages, default 20000] [body bytes, default 1000]
 */
import { brokerKinds, openBroker } from '../test/support/real-brokers.js';
import { rawReceive } from './raw/raw-receive.js';
import { rawSend } from './raw/raw-send.js';
import type { Floor } from './raw/raw-socket.js';

const [messages = 20_000, bodyBytes = 1000] = process.argv.slice(2).map(Number);
const destination = '/queue/bench-floor';

function show(name: string, { perSecond, cpuMicrosPerMessage }: Floor): void {
  const figures = `${perSecond.toFixed(0).padStart(8)} msg/s ${cpuMicrosPerMessage.toFixed(1).padStart(8)} µs CPU/msg`;
  process.stdout.write(`${name.padEnd(44)}${figures}\n`);
}

for (const kind of brokerKinds()) {
  const broker = await openBroker(kind);
  try {
    const sending = { destination, messages, bodyBytes };
    show(`${kind}: send, a receipt each, window 1000`, await rawSend(broker, { ...sending, window: 1000 }));
    show(`${kind}: receive, ack:auto`, await rawReceive(broker, { destination, messages }));
    show(`${kind}: send, one receipt at the end`, await rawSend(broker, { ...sending, window: undefined }));
    show(`${kind}: receive, ack:auto`, await rawReceive(broker, { destination, messages }));
  } finally {
    await broker.stop();
  }
}
