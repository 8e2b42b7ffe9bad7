import { connect, type Socket } from 'node:net';

/** Where a broker is and who we are there. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly pass: string;
  readonly vhost: string;
}

/** What one measurement gave. */
export interface Floor {
  readonly messages: number;
  readonly perSecond: number;
  /** of this process, user and system time */
  readonly cpuMicrosPerMessage: number;
}

/** A logged-in socket; nothing of it comes from `src/`, since it is what `src/` is measured against. */
export function openRaw({ host, port, user, pass, vhost }: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.write(`CONNECT\naccept-version:1.2\nhost:${vhost}\nlogin:${user}\npasscode:${pass}\n\n\0`);
    socket.once('data', (chunk: Buffer) => {
      if (chunk.toString('latin1').startsWith('CONNECTED')) resolve(socket);
      else reject(new Error(`openRaw(${host}:${port}): ${chunk.toString()}`));
    });
  });
}

/** Runs `work`, which handles `messages`, and puts its time into figures. */
export async function measured(messages: number, work: () => Promise<void>): Promise<Floor> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { messages, perSecond: messages / seconds, cpuMicrosPerMessage: (user + system) / messages };
}

/**
 * Resolves when the peer has sent `frames` more frames. Counts NUL bytes: right as long as no body contains one.
 * Rejects at an ERROR frame that begins a chunk, at the end of the connection, and when nothing comes for 30 s.
 */
export function framesFrom(socket: Socket, frames: number, onCount?: (newFrames: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = frames;
    const finish = (error?: Error): void => {
      socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('timeout').setTimeout(0);
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.setTimeout(30_000);
    socket.once('timeout', () => finish(new Error(`framesFrom(${frames}): ${left} did not come`)));
    socket.once('close', () => finish(new Error(`framesFrom(${frames}): closed, ${left} did not come`)));
    socket.on('data', (chunk: Buffer) => {
      if (chunk[0] === 69 && chunk.toString('latin1', 0, 5) === 'ERROR') return finish(new Error(chunk.toString()));
      let count = 0;
      for (let at = chunk.indexOf(0); at >= 0; at = chunk.indexOf(0, at + 1)) count += 1;
      left -= count;
      if (count > 0) onCount?.(count);
      if (left <= 0) finish();
    });
  });
}
