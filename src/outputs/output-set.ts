import { StompctlError } from '../base/errors.js';
import type { Sink } from '../flow/sink.js';
import type { MemberGroup } from '../members/member-group.js';
import type { Message } from '../message/message.js';
import { SupervisedSink } from '../transfer/supervised-sink.js';
import { asStompctlError, type ReconnectPolicy } from '../transfer/supervisor.js';
import type { MemberFacts } from '../transfer/verdict.js';
import {
  nameOfAll,
  nameOfOne,
  type OutputCounts,
  type OutputParts,
  type OutputsOptions,
  outputFacts,
} from './output-parts.js';

/** An output that is wanted whatever the others do: what is sent to it waits until it is safe there. */
export class KeptOutput implements OutputCounts {
  readonly parts: OutputParts;
  readonly sink: SupervisedSink;
  inFlight = 0;
  messages = 0;

  constructor(parts: OutputParts, { maxAttempts, logger, onReopened }: OutputsOptions) {
    this.parts = parts;
    const { supervisor } = parts;
    this.sink = new SupervisedSink(parts.end, { supervisor, maxAttempts, logger, onReopened });
  }

  get facts(): MemberFacts {
    return outputFacts(this.parts, this);
  }

  async send(message: Message, id: string | undefined): Promise<void> {
    this.inFlight += 1;
    try {
      await this.sink.send(message, id);
      this.messages += 1;
    } finally {
      this.inFlight -= 1;
    }
  }
}

/**
 * What outputs have in common that are all needed, each with a supervisor of its own: they outlive their sessions by themselves, and
 * one that is given up ends the run, as a sink that is alone does.
 */
export abstract class OutputSet implements Sink, MemberGroup {
  readonly name: string;
  protected readonly outputs: readonly KeptOutput[];
  #failure: StompctlError | undefined;
  #lost: ((error: StompctlError) => void) | undefined;

  constructor(options: OutputsOptions) {
    this.name = nameOfAll(options.outputs);
    this.outputs = options.outputs.map((parts) => new KeptOutput(parts, options));
  }

  get givenUp(): boolean {
    return this.#failure !== undefined;
  }

  facts(): MemberFacts[] {
    return this.outputs.map(({ facts }) => facts);
  }

  waitingFor(): string[] {
    return this.outputs.flatMap(({ parts }) => parts.waitingFor());
  }

  configure(policy: ReconnectPolicy): void {
    for (const { parts } of this.outputs) parts.configure(policy);
  }

  async secretsChanged(): Promise<boolean> {
    return (await Promise.all(this.outputs.map(({ parts }) => parts.secretsChanged()))).includes(true);
  }

  tune(limits: { readonly maxAttempts: number }): void {
    for (const { sink, parts } of this.outputs) {
      sink.maxAttempts = limits.maxAttempts;
      parts.end.tune?.(limits);
    }
  }

  async open(lost?: (error: StompctlError) => void): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const openings = this.outputs.map(async ({ sink }) => {
      try {
        await sink.open();
      } catch (error) {
        throw this.#fail(asStompctlError(error, sink.name));
      }
    });
    await this.opened(openings);
    this.#lost = lost;
  }

  /** Resolves when enough of them are open; rejects as one of them does. */
  protected abstract opened(openings: readonly Promise<void>[]): Promise<unknown>;

  abstract send(message: Message, id?: string, to?: string): Promise<void>;

  /** Rejects as a sink that is alone does, but for a refusal that ended a session: that one was the output's own. */
  protected async sendTo(output: KeptOutput, message: Message, id: string | undefined): Promise<void> {
    try {
      await output.send(message, id);
    } catch (caught) {
      const error = asStompctlError(caught, output.sink.name);
      if (error.code === 'MESSAGE_REFUSED') throw refusedBy(output, error);
      if (error.action !== 'reject' && error.code !== 'SESSION_CLOSED') this.#fail(error);
      throw error;
    }
  }

  async flush(): Promise<void> {
    await Promise.all(this.outputs.map(({ sink }) => sink.flush()));
  }

  async recall(): Promise<void> {
    await Promise.all(this.outputs.map(({ sink }) => sink.recall()));
  }

  async close(): Promise<void> {
    this.#lost = undefined;
    const results = await Promise.allSettled(this.outputs.map(({ sink }) => sink.close()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #fail(error: StompctlError): StompctlError {
    this.#failure ??= error;
    const lost = this.#lost;
    this.#lost = undefined;
    lost?.(this.#failure);
    return this.#failure;
  }
}

/** The session of that output was opened again already: the others need not be. */
function refusedBy({ parts }: KeptOutput, error: StompctlError): StompctlError {
  return new StompctlError('OUTPUT_REFUSED', 'send', nameOfOne(parts), error.message, error, error.attempts);
}
