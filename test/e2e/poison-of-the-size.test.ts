import { brokerRefusesMessage } from '../../src/broker/faults.js';
import { testPoison } from '../support/poison.js';
import type { Sample } from '../support/sample-messages.js';

const large = (healthy: Sample): Sample => ({ ...healthy, body: Buffer.alloc(50_000, 'x'), text: true });

testPoison([
  {
    name: 'a message over the size limit, of a broker that hangs up in the middle of it',
    spoil: large,
    broker: () => ({ maxFrameSize: 20_000 }),
    code: 'MESSAGE_REFUSED',
  },
  {
    name: 'a message over the size limit, of a broker that names it',
    spoil: large,
    broker: () => ({
      faults: [
        brokerRefusesMessage({
          when: ({ body }) => body.length > 20_000,
          message: 'Maximum message size was exceeded',
          receiptId: true,
          close: false,
        }),
      ],
    }),
    code: 'MESSAGE_REFUSED',
    attempts: 3,
  },
]);
