import { connectAmqp } from '../app/amqp-end.js';
import { brokerEnd, protocolName } from '../app/broker-end.js';
import { checkQueue, oddQueue } from '../app/check-queue.js';
import { checkCommand, programOf } from '../app/command-ends.js';
import { membersOf } from '../app/member-ends.js';
import { systemClock } from '../base/clock.js';
import { StompctlError, unreachable } from '../base/errors.js';
import { brokerUris } from '../config/broker-uris.js';
import type { Environment } from '../config/formats/environment.js';
import { type BrokerSettings, inputsOf, outputsOf, type Settings } from '../config/settings.js';
import type { Logger } from '../observe/logger.js';
import { shownUri } from '../observe/mask.js';
import { StompSession } from '../stomp/session.js';

/** What was found at one end of a transfer. */
export interface EndFinding {
  /** `broker stomp://host:61613`, `queue /the/folder` */
  readonly end: string;
  /** a sentence */
  readonly found: string;
  /** what a run would warn of as well */
  readonly warnings?: readonly string[];
  readonly error?: StompctlError;
}

/**
 * `check --connect`: logs in to each broker and leaves again, and looks whether each queue folder can be used, or made.
 * Moves and makes nothing. One finding a queue and a broker, of a list each of them; never rejects with an error of ours.
 */
export async function checkEnds(settings: Settings, env: Environment): Promise<EndFinding[]> {
  const findings: EndFinding[] = [];
  const inputs = inputsOf(settings);
  for (const end of [...inputs, ...outputsOf(settings)]) {
    const isInput = inputs.some((input) => input === end);
    switch (end.kind) {
      case 'queue':
        if (end.queue.type === 'NULL') break;
        findings.push({
          ...lookAtQueue(end.queue.path, isInput && !settings.loop),
          ...(isInput && odd(end.queue.path)),
        });
        break;
      case 'broker':
        findings.push(...(await checkBrokers(end.broker, settings, env)));
        break;
      case 'folder':
        findings.push(lookAtQueue(end.folder.path, isInput, 'folder'));
        break;
      case 'command':
        findings.push({
          end: `command ${programOf(end.command)}`,
          ...(await attempt(async () => `command ${checkCommand(programOf(end.command), env)}: can be run`)),
        });
        break;
      default:
        unreachable(end);
    }
  }
  for (const queue of [settings.failureQueue, settings.tapQueue]) {
    if (queue !== undefined) findings.push(lookAtQueue(queue.path));
  }
  return findings;
}

/** Each broker that the URI names: a run takes whichever is up, but one that is down or refuses should be known of. */
async function checkBrokers(broker: BrokerSettings, settings: Settings, env: Environment): Promise<EndFinding[]> {
  const findings: EndFinding[] = [];
  try {
    for (const place of await namedBrokers(broker, settings, findings)) {
      findings.push(await checkBroker(place, settings, env));
    }
  } catch (error) {
    if (!(error instanceof StompctlError)) throw error;
    findings.push({ end: `broker ${shownUri(broker.uri)}`, found: error.message, error });
  }
  return findings;
}

/** With `members=all` each address behind each name; `findings` gets what could not be looked up. */
async function namedBrokers(broker: BrokerSettings, settings: Settings, findings: EndFinding[]): Promise<Place[]> {
  if (broker.members === 'one')
    return (await brokerUris(broker.uri)).uris.map((uri) => ({ broker: { ...broker, uri } }));
  const { places, incomplete } = await membersOf(broker, { clock: systemClock }, settings.timeouts.connectMs);
  if (incomplete !== undefined)
    findings.push({ end: `broker ${shownUri(broker.uri)}`, found: incomplete.message, error: incomplete });
  return [...places];
}

interface Place {
  readonly broker: BrokerSettings;
  readonly address?: string;
}

async function checkBroker({ broker, address }: Place, settings: Settings, env: Environment): Promise<EndFinding> {
  const warnings = new Set<string>();
  const nothing = () => undefined;
  const warn = (_event: string, text: string) => void warnings.add(text);
  const logger: Logger = { trace: nothing, debug: nothing, info: nothing, warn, error: nothing };
  const context = { clock: systemClock, logger, env, ...(address !== undefined && { address }) };
  const { name, connect, onSession } = brokerEnd(broker, settings, context);
  const finding = await attempt(async () => {
    const options = await connect();
    if (options.endpoint.transport === 'udp') return `${name}: nothing can be known of it, UDP is not answered`;
    const { protocol } = broker;
    const session = await (protocol === 'stomp'
      ? StompSession.connect(options)
      : connectAmqp(protocol, options, settings));
    onSession(session);
    const { server = 'it does not say what it is', version, peer } = session;
    await session.close();
    return `${name}: logged in at ${peer} (${server}, ${protocolName(broker)} ${version})`;
  });
  return { ...finding, end: name, warnings: [...warnings] };
}

function lookAtQueue(path: string, mustExist = false, what = 'queue'): EndFinding {
  try {
    const found = checkQueue(path, mustExist);
    return {
      end: `${what} ${path}`,
      found: `${what} ${path}: ${found === 'is-there' ? 'can be used' : 'is not there yet and will be made'}`,
    };
  } catch (error) {
    if (error instanceof StompctlError) return { end: `${what} ${path}`, found: `${what} ${path}`, error };
    throw error;
  }
}

function odd(path: string): Pick<EndFinding, 'warnings'> {
  const text = oddQueue(path);
  return text === undefined ? {} : { warnings: [text] };
}

async function attempt(look: () => Promise<string>): Promise<Omit<EndFinding, 'end'>> {
  try {
    return { found: await look() };
  } catch (error) {
    if (error instanceof StompctlError) return { found: error.message, error };
    throw error;
  }
}
