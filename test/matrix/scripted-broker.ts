import type { Fault } from '../../src/broker/fault.js';
import { brokerAnswersError, brokerDelaysReceipts } from '../../src/broker/faults.js';
import { InProcessBroker } from '../../src/broker/in-process-broker.js';

/** What the harness tells this program over its channel. */
export type Order =
  | { readonly do: 'kill' }
  | { readonly do: 'start' }
  | { readonly do: 'refuse sends'; readonly refuse: boolean }
  | { readonly do: 'delay receipts'; readonly ms: number };

/** The answer to each, and the first word of the program. */
export interface Reply {
  readonly port: number;
}

/** Known to take `prefetch-count`, so that what a client has unacknowledged is bounded. */
const SERVER = 'RabbitMQ/3.10.8';

const broker = await InProcessBroker.start({ server: SERVER, heartBeat: [500, 500] });
let refusing: Fault | undefined;
let delaying: Fault | undefined;

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case 'kill':
      return await broker.kill();
    case 'start':
      return await broker.restart();
    case 'refuse sends':
      if (refusing !== undefined) broker.removeFault(refusing);
      refusing = order.refuse ? brokerAnswersError({ times: Number.POSITIVE_INFINITY }) : undefined;
      if (refusing !== undefined) broker.addFault(refusing);
      return;
    case 'delay receipts':
      if (delaying !== undefined) broker.removeFault(delaying);
      delaying = order.ms > 0 ? brokerDelaysReceipts({ delayMs: order.ms }) : undefined;
      if (delaying !== undefined) broker.addFault(delaying);
      return;
  }
}

function tell(): void {
  const reply: Reply = { port: broker.port };
  process.send?.(reply);
}

process.on('message', (order: Order) => {
  obey(order).then(tell, (error: unknown) => {
    process.stderr.write(`scripted-broker: ${String(error)}\n`);
    process.exit(1);
  });
});
// the harness has gone
process.on('disconnect', () => process.exit(0));
tell();
