import { connect } from 'node:net';
import { Client, type IStompSocket } from '@stomp/stompjs';
import type { StompjsTask } from './stompjs.js';

/** A TCP socket as the library wants it: that of a browser. */
function tcp(host: string, port: number): IStompSocket {
  const socket = connect(port, host).setNoDelay(true);
  const seen = {
    url: `tcp://${host}:${port}`,
    binaryType: 'arraybuffer' as const,
    readyState: 0,
    onopen: undefined,
    onmessage: undefined,
    onclose: undefined,
    onerror: undefined,
    send: (data: string | ArrayBuffer) => void socket.write(typeof data === 'string' ? data : new Uint8Array(data)),
    close: () => socket.end(),
  } as unknown as IStompSocket;
  socket.on('connect', () => {
    Object.assign(seen, { readyState: 1 });
    seen.onopen?.({});
  });
  socket.on('data', (chunk) => {
    const data = chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + chunk.byteLength);
    seen.onmessage?.({ data: data as ArrayBuffer });
  });
  socket.on('close', () => seen.onclose?.({}));
  socket.on('error', fail);
  return seen;
}

function fail(error: unknown): never {
  process.stderr.write(`${error}\n`);
  process.exit(1);
}

const { way, broker, destination, messages, bytes, window } = JSON.parse(process.argv[2] ?? '') as StompjsTask;
const client = new Client({
  webSocketFactory: () => tcp(broker.host, broker.port),
  connectHeaders: { login: broker.user, passcode: broker.pass, host: broker.vhost },
  heartbeatIncoming: 0,
  heartbeatOutgoing: 0,
  reconnectDelay: 0,
  onStompError: ({ headers, body }) => fail(`${headers.message}: ${body}`),
});
client.onConnect = () => {
  const startedMs = performance.now();
  const finish = (): void => {
    const seconds = (performance.now() - startedMs) / 1000;
    process.stdout.write(`processed ${messages} messages in ${seconds.toFixed(3)} seconds\n`);
    client.onDisconnect = () => process.exit(0);
    void client.deactivate();
  };
  if (way === 'send') send(finish);
  else receive(finish);
};
client.activate();

function send(finish: () => void): void {
  const body = 'x'.repeat(bytes);
  let [sent, confirmed] = [0, 0];
  const more = (): void => {
    for (; sent < messages && sent < confirmed + window; sent += 1) {
      const receipt = `r${sent}`;
      client.watchForReceipt(receipt, () => {
        confirmed += 1;
        if (confirmed === messages) finish();
        else more();
      });
      client.publish({ destination, body, headers: { persistent: 'true', receipt } });
    }
  };
  more();
}

function receive(finish: () => void): void {
  let taken = 0;
  const headers = { ack: 'client-individual', 'prefetch-count': `${window}`, 'activemq.prefetchSize': `${window}` };
  client.subscribe(
    destination,
    (message) => {
      message.ack();
      taken += 1;
      if (taken === messages) finish();
    },
    headers,
  );
}
