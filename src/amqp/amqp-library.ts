/** What an end of a transfer uses of this folder: loaded when it is opened, so that others do not pay for it. */

export { AmqpSession } from './amqp-session.js';
export { parseDestination } from './destination.js';
export { headerOf, propertiesOf } from './header-table.js';
export { declare, declareForSending, queueArguments, subscribe } from './subscribe.js';
