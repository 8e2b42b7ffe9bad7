import { InProcessBroker } from '../../src/broker/in-process-broker.js';
import type { BrokerOptions } from '../../src/broker/in-process-options.js';
import { atEnd, type Cleaning } from './temp-folder.js';

/** An in-process broker that is killed when the test ends. */
export async function startedBroker(test: Cleaning, options: BrokerOptions = {}): Promise<InProcessBroker> {
  const broker = await InProcessBroker.start(options);
  atEnd(test, () => broker.kill());
  return broker;
}
