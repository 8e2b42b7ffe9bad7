import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startActivemq } from '../support/activemq.js';
import { startRabbitmq } from '../support/rabbitmq.js';
import type { RealBroker } from '../support/real-broker.js';
import type { Order, Reply } from './scripted-broker.js';

/** A program that runs; cells name it, and the protocol where it has several. */
export type Program = 'RabbitMQ' | 'ActiveMQ' | 'scripted';

const PROGRAMS = {
  RabbitMQ: 'RabbitMQ',
  'RabbitMQ over AMQP': 'RabbitMQ',
  'RabbitMQ over AMQP 1.0': 'RabbitMQ',
  ActiveMQ: 'ActiveMQ',
  scripted: 'scripted',
} as const satisfies Readonly<Record<string, Program>>;

export type BrokerName = keyof typeof PROGRAMS;

export function programOf(name: BrokerName): Program {
  return PROGRAMS[name];
}

/** A broker that cells share, one after the other. */
export interface BrokerHost {
  readonly name: BrokerName;
  /** where the harness speaks STOMP to it, but for AMQP 1.0 */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly pass: string;
  /** how stompctl speaks to it */
  readonly agents: { readonly scheme: 'stomp' | 'amqp'; readonly port: number; readonly protocol?: 'amqp1' };
  /** The same program, as a cell of that name has it. */
  as(name: BrokerName): BrokerHost;
  /** Ends it, and resolves when it is gone; what it has on its disk stays. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Starts it again; resolves when it lets clients in. */
  start(): Promise<void>;
  /** Resolves when all queues made by now survive a SIGKILL. */
  keepQueues(): Promise<void>;
  /** The end of its log. */
  logTail(): Promise<string>;
  stop(): Promise<void>;
}

/** The broker of ours, which also misbehaves when told to. */
export interface ScriptedHost extends BrokerHost {
  readonly name: 'scripted';
  /** From now on every SEND is answered by ERROR, or not any more. */
  refuseSends(refuse: boolean): Promise<void>;
  /** From now on receipts come that much later; 0: at once. */
  delayReceipts(ms: number): Promise<void>;
}

export async function startHost(program: Program): Promise<BrokerHost> {
  if (program === 'scripted') return await ScriptedBroker.start();
  return hostOf(await (program === 'RabbitMQ' ? startRabbitmq() : startActivemq()), program);
}

function hostOf(broker: RealBroker, name: BrokerName): BrokerHost {
  const { host, port, user, pass, amqpUri = '' } = broker;
  return {
    ...{ name, host, port, user, pass },
    agents: agentsOf(name, port, amqpUri),
    as: (other) => hostOf(broker, other),
    kill: (signal) => broker.kill(signal),
    start: () => broker.start(),
    keepQueues: () => broker.keepQueues(),
    logTail: () => broker.logTail(100),
    stop: () => broker.stop(),
  };
}

function agentsOf(name: BrokerName, port: number, amqpUri: string): BrokerHost['agents'] {
  switch (name) {
    case 'RabbitMQ over AMQP':
      return { scheme: 'amqp', port: Number(new URL(amqpUri).port) };
    case 'RabbitMQ over AMQP 1.0':
      return { scheme: 'amqp', port: Number(new URL(amqpUri).port), protocol: 'amqp1' };
    case 'RabbitMQ':
    case 'ActiveMQ':
    case 'scripted':
      return { scheme: 'stomp', port };
  }
}

export function isScripted(host: BrokerHost | undefined): host is ScriptedHost {
  return host?.name === 'scripted';
}

/** The in-process broker in a process of its own, so that it competes with nothing of the harness. */
class ScriptedBroker implements ScriptedHost {
  readonly name = 'scripted';
  readonly host = '127.0.0.1';
  readonly user = 'stompctl';
  readonly pass = 'stompctl';
  readonly port: number;
  readonly agents: BrokerHost['agents'];
  readonly #child: ChildProcess;
  #orders: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    this.agents = { scheme: 'stomp', port };
  }

  static async start(): Promise<ScriptedBroker> {
    const child = fork(fileURLToPath(new URL('scripted-broker.js', import.meta.url)), { execArgv: [] });
    const [reply] = (await once(child, 'message')) as [Reply];
    return new ScriptedBroker(child, reply.port);
  }

  as(): BrokerHost {
    return this;
  }

  async kill(): Promise<void> {
    await this.#order({ do: 'kill' });
  }

  async start(): Promise<void> {
    await this.#order({ do: 'start' });
  }

  async refuseSends(refuse: boolean): Promise<void> {
    await this.#order({ do: 'refuse sends', refuse });
  }

  async delayReceipts(ms: number): Promise<void> {
    await this.#order({ do: 'delay receipts', ms });
  }

  keepQueues(): Promise<void> {
    return Promise.resolve();
  }

  logTail(): Promise<string> {
    return Promise.resolve('(it writes no log)');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** One after the other: replies have no number. */
  #order(order: Order): Promise<unknown> {
    const next = this.#orders.then(async () => {
      const reply = once(this.#child, 'message', { signal: AbortSignal.timeout(60_000) });
      this.#child.send(order);
      await reply;
    });
    this.#orders = next.catch(() => undefined);
    return next;
  }
}
