import type { Sink } from '../../src/flow/sink.js';
import type { Message } from '../../src/message/message.js';
import type { OutputsOptions } from '../../src/outputs/output-parts.js';
import { asStompctlError, Supervisor } from '../../src/transfer/supervisor.js';
import type { FakeSink } from './fake-ends.js';
import { ManualClock } from './manual-clock.js';
import { MemoryLogger } from './memory-logger.js';

/** Outputs over sinks by name, each with a supervisor that waits 1 s, 2 s, …, on a clock of the test. */
export function fakeOutputs(sinks: Readonly<Record<string, FakeSink>>, attempts?: number) {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const policy = { delayMs: 1000, maxDelayMs: 60_000, attempts, bounded: false, random: () => 1 };
  const outputs = Object.entries(sinks).map(([name, end]) => {
    const supervisor = new Supervisor({ ...policy, clock, logger });
    return {
      name,
      end,
      supervisor,
      state: () => supervisor.state,
      waitingFor: () => [supervisor.waitingFor ?? []].flat(),
      configure: () => undefined,
      session: () => undefined,
      secretsChanged: async () => false,
    };
  });
  const options: OutputsOptions = { outputs, maxAttempts: 3, onReopened: () => undefined, logger };
  return { clock, logger, options };
}

/** How each send has ended so far: `safe`, or the code of its error. */
export class Sends {
  readonly ended = new Map<string, string>();
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  send(message: Message, { id, to }: { readonly id?: string; readonly to?: string } = {}): void {
    const name = message.body.toString();
    this.#sink.send(message, id, to).then(
      () => this.ended.set(name, 'safe'),
      (error: unknown) => this.ended.set(name, asStompctlError(error, name).code),
    );
  }
}
