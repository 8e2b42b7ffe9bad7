import { brokerRefusesMessage } from '../../src/broker/faults.js';
import { isSpoilt, marked, testPoison } from '../support/poison.js';

testPoison([
  {
    // ActiveMQ refuses it before it has read the receipt, and closes
    name: 'a header longer than ActiveMQ takes',
    spoil: (healthy) => ({ ...healthy, header: { ...healthy.header, 'x-long': 'x'.repeat(20_000) } }),
    broker: () => ({ server: 'ActiveMQ/5.17.2' }),
    code: 'MESSAGE_REFUSED',
  },
  {
    name: 'a header that the broker does not like, and names the message',
    spoil: marked,
    broker: () => ({
      faults: [brokerRefusesMessage({ when: isSpoilt, message: 'Invalid header', receiptId: true, close: false })],
    }),
    code: 'MESSAGE_REFUSED',
    attempts: 3,
  },
]);
