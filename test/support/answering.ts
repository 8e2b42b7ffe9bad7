import { StompSession } from '../../src/stomp/session.js';
import { atEnd, type Cleaning } from './temp-folder.js';

/** Where to log in. */
export interface Answering {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly pass: string;
  readonly vhost?: string;
}

/** Answers each number at `destination` with twice as much, until the test ends. */
export async function answerNumbers(test: Cleaning, at: Answering, destination: string): Promise<void> {
  const { host, port, user, pass, vhost = '/' } = at;
  const endpoint = { transport: 'tcp', host, port, path: '' } as const;
  const session = await StompSession.connect({ endpoint, vhost, login: user, passcode: pass });
  atEnd(test, () => session.close());
  await session.listen({ destination }, ({ header, body, ...frame }) => {
    const { 'reply-to': to = '', 'correlation-id': about = '' } = header;
    session.ack({ header, body, ...frame });
    const answer = Buffer.from(`${2 * Number(body.toString())}\n`);
    session.send({ destination: to, 'correlation-id': about }, answer).catch(() => undefined);
  });
}
