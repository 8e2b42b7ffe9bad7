import { StompctlError } from '../base/errors.js';

/** RabbitMQ, of a queue that is there and as durable as asked for, but for its arguments. */
const SAYS_SO = /^PRECONDITION_FAILED - inequivalent arg 'x-/;

/** A queue is there, with other arguments than were asked for. */
export class OtherArguments extends StompctlError {}

/** `said`: by the broker, in its own words: a password may be one of them, and is masked where they are told. */
export function saysOtherArguments(said: string): boolean {
  return SAYS_SO.test(said);
}
