import { brokerRefusesMessage } from '../../src/broker/faults.js';
import { isSpoilt, marked, testPoison } from '../support/poison.js';
import type { Sample } from '../support/sample-messages.js';

const to = (destination: string) => (healthy: Sample) => {
  const { header, ...rest } = marked(healthy);
  return { ...rest, header: { ...header, destination } };
};

testPoison([
  {
    // ActiveMQ: ERROR with receipt-id, the session goes on
    name: 'a forbidden destination, of a broker that names the message',
    spoil: to('/queue/forbidden'),
    broker: () => ({
      faults: [
        brokerRefusesMessage({ when: isSpoilt, message: 'User is not authorized', receiptId: true, close: false }),
      ],
    }),
    code: 'MESSAGE_REFUSED',
    attempts: 3,
  },
  {
    // RabbitMQ: ERROR without one, and the end of the session
    name: 'a forbidden destination, of a broker that hangs up',
    spoil: to('/queue/forbidden'),
    broker: () => ({
      faults: [brokerRefusesMessage({ when: isSpoilt, message: 'access_refused', receiptId: false, close: true })],
    }),
    code: 'MESSAGE_REFUSED',
  },
  {
    name: 'an exchange of RabbitMQ that is not there',
    spoil: to('/exchange/no-such-exchange/key'),
    broker: () => ({ server: 'RabbitMQ/3.10.8' }),
    code: 'MESSAGE_REFUSED',
  },
]);
