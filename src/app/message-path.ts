import { StompctlError, unreachable } from '../base/errors.js';
import { withDeadline } from '../base/wait.js';
import type { Settings } from '../config/settings.js';
import type { Message } from '../message/message.js';
import { TransferReport } from '../transfer/report.js';
import { Statistics } from '../transfer/statistics.js';
import { SupervisedSink } from '../transfer/supervised-sink.js';
import type { BuildContext } from './build-transfer.js';
import { makeSink } from './make-ends.js';
import { openProcessor } from './open-processor.js';
import { tapOpener } from './open-tap.js';
import { outputFault } from './output-fault.js';

/** What a run does to a message between its source and its destination, for messages from elsewhere. */
export interface MessagePath {
  /**
   * Resolves when the message is safe at the destination, or dropped by the callback, with what became of it. Rejects as the
   * destination of a run does: with the action `reject` when the message is at fault.
   */
  carry(message: Message): Promise<string>;
  close(): Promise<void>;
}

/** Opens callback and destination, without source and failure queue. Rejects as a run that cannot start. */
export async function openMessagePath(given: Settings, context: BuildContext): Promise<MessagePath> {
  // it is to end, whatever the run is to do
  const settings: Settings = { ...given, count: given.count ?? Number.MAX_SAFE_INTEGER };
  const { clock, logger, env } = context;
  const { timeouts, maxAttempts, reconnect } = settings;
  const report = new TransferReport({ statistics: new Statistics(clock), logger, maxParked: settings.maxParked });
  const processor = await openProcessor(settings, { ...context, openTap: tapOpener(settings) });
  const bounded = { ...settings, reconnect: { ...reconnect, attempts: reconnect.attempts ?? 10 } };
  const { end, supervisor } = makeSink(settings.sink, bounded, { clock, logger, env, report });
  const sink = new SupervisedSink(end, { supervisor, maxAttempts, logger });
  const send = async (message: Message, to?: string) => {
    const fault = to === undefined ? undefined : outputFault(to, settings.sink);
    if (fault !== undefined) throw fault;
    await sink.send(message, undefined, to);
    return `sent to ${to ?? sink.name}`;
  };
  const close = async () => {
    await withDeadline(clock, timeouts.lingerMs, sink.flush(), () => undefined);
    await Promise.all([sink.close(), processor?.close()]);
  };
  try {
    await sink.open();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async carry(message) {
      if (processor === undefined) return send(message);
      const [outcome] = await processor.process([message]);
      if (outcome === undefined)
        throw new StompctlError('SESSION_CLOSED', 'callback', sink.name, 'it was closed meanwhile');
      switch (outcome.kind) {
        case 'pass':
          return send(outcome.message, outcome.to);
        case 'drop':
          return 'dropped by the callback';
        case 'reject':
          throw outcome.error;
        default:
          return unreachable(outcome);
      }
    },
    close,
  };
}
