import { StompctlError } from '../base/errors.js';
import type { Settings } from '../config/settings.js';
import type { Sink } from '../flow/sink.js';
import { QueueSink } from '../sinks/queue/queue-sink.js';

/** Opens the queues that a callback gives copies of messages to, which are synced as those of the run are. */
export function tapOpener({ sync }: Pick<Settings, 'sync'>): (path: string, type: string) => Promise<Sink> {
  return (path, type) => openTap(path, type, sync);
}

async function openTap(path: string, type: string, sync: Settings['sync']): Promise<Sink> {
  if (type !== 'DQS' && type !== 'DQN') {
    throw new StompctlError('CONFIG_INVALID', 'tap', path, `unknown queue type ${type}; known are DQS and DQN`);
  }
  const tap = new QueueSink({ path, type, sync });
  await tap.open();
  return tap;
}
