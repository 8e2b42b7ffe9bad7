import { StompctlError } from '../../base/errors.js';
import { printable } from '../../base/printable.js';

/** The other AMQP than the one that was begun with: `speaks` is what the server answered with. */
export class OtherAmqp extends StompctlError {
  readonly speaks: 'amqp091' | 'amqp1';

  constructor(peer: string, speaks: 'amqp091' | 'amqp1') {
    const [theirs, ours] = speaks === 'amqp1' ? ['1.0', '0-9-1'] : ['0-9-1', '1.0'];
    const reason = `the server speaks AMQP ${theirs}, but not ${ours}; set …-broker-protocol to ${speaks}, or leave it out; on RabbitMQ, AMQP 1.0 is the plugin rabbitmq_amqp1_0`;
    super('CONNECT_FAILED', 'connect', peer, reason);
    this.speaks = speaks;
  }
}

/**
 * Why the first bytes of a server are none of the AMQP that was begun with. AMQP 0-9-1, section 4.2.2, and AMQP 1.0, part 2, section 2.2:
 * a server that does not speak it answers with the header of what it speaks, and closes.
 */
export function strangerError(peer: string, first: Buffer, wanted: 'amqp091' | 'amqp1'): StompctlError {
  const text = first.toString('latin1', 0, 40);
  const version = first.subarray(5, 8).join('.');
  if (text.startsWith('AMQP')) {
    if (version === '1.0.0' && wanted === 'amqp091') return new OtherAmqp(peer, 'amqp1');
    if (version === '0.9.1' && wanted === 'amqp1') return new OtherAmqp(peer, 'amqp091');
  }
  let what = `the server answers with ${JSON.stringify(printable(text))}, which is not AMQP`;
  if (text.startsWith('AMQP')) what = `the server speaks AMQP ${version}, which is not spoken here`;
  else if (/^(?:ERROR|CONNECTED|RECEIPT|MESSAGE)\b/.test(text)) {
    what = 'the server speaks STOMP on this port: use stomp://';
  }
  return new StompctlError('CONNECT_FAILED', 'connect', peer, `${what}; check the port (5672 for AMQP)`);
}
