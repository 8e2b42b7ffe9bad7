import { type ReconnectPolicy, Supervisor } from '../../src/transfer/supervisor.js';
import { ManualClock } from './manual-clock.js';
import { MemoryLogger } from './memory-logger.js';

/** What is behind each name of an alias, looked up each minute, and what an end that stands for all of it is made with. */
export function fakeAlias<End>(members: Readonly<Record<string, End>>, attempts?: number) {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  /** who is behind it now */
  const alias = { keys: Object.keys(members) };
  const policy = { delayMs: 1000, maxDelayMs: 60_000, attempts, bounded: false, random: () => 1 };
  const options = {
    name: 'broker alias',
    called: 'member' as const,
    watch: {
      lookUp: async () => ({ places: alias.keys.map((key) => ({ key })), incomplete: undefined }),
      intervalMs: 60_000,
    },
    onReopened: () => undefined,
    lingerMs: 5000,
    closeMs: 5000,
    clock,
    logger,
  };
  const partsOf = (key: string) => {
    const end = members[key];
    if (end === undefined) throw new Error(`fakeAlias: nobody is at ${key}`);
    const supervisor = new Supervisor({ ...policy, clock, logger });
    const parts = {
      supervisor,
      state: () => supervisor.state,
      waitingFor: () => [supervisor.waitingFor ?? []].flat(),
      configure: (policy: ReconnectPolicy) => supervisor.configure(policy),
      session: () => undefined,
      secretsChanged: async () => false,
    };
    return { end, parts };
  };
  return { clock, logger, alias, options, partsOf };
}
