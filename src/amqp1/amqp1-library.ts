/** What an end of a transfer uses of this folder: loaded when it is opened, so that others do not pay for it. */

export { sourceOf, targetOf } from './address.js';
export { Amqp1Session } from './amqp1-session.js';
export { readSections } from './codec/sections.js';
export { headerFromSections } from './property-table.js';
