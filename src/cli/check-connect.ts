import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { brokerEnd } from '../app/broker-end.js';
import { systemClock } from '../base/clock.js';
import { errnoOf, reasonOf, StompctlError, unreachable } from '../base/errors.js';
import { brokerUris } from '../config/broker-uris.js';
import type { Environment } from '../config/formats/environment.js';
import type { BrokerSettings, Settings } from '../config/settings.js';
import type { Logger } from '../observe/logger.js';
import { StompSession } from '../stomp/session.js';

/** What was found at one end of a transfer. */
export interface EndFinding {
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
  for (const end of [settings.source, settings.sink]) {
    switch (end.kind) {
      case 'queue':
        if (end.queue.type === 'NULL') break;
        findings.push(checkQueue(end.queue.path, end === settings.source && !settings.loop));
        break;
      case 'broker':
        findings.push(...(await checkBrokers(end.broker, settings, env)));
        break;
      default:
        unreachable(end);
    }
  }
  for (const queue of [settings.failureQueue, settings.tapQueue]) {
    if (queue !== undefined) findings.push(checkQueue(queue.path));
  }
  return findings;
}

/** Each broker that the URI names: a run takes whichever is up, but one that is down or refuses should be known of. */
async function checkBrokers(broker: BrokerSettings, settings: Settings, env: Environment): Promise<EndFinding[]> {
  let uris: readonly string[];
  try {
    ({ uris } = await brokerUris(broker.uri));
  } catch (error) {
    if (error instanceof StompctlError) return [{ found: error.message, error }];
    throw error;
  }
  const findings: EndFinding[] = [];
  for (const uri of uris) findings.push(await checkBroker({ ...broker, uri }, settings, env));
  return findings;
}

async function checkBroker(broker: BrokerSettings, settings: Settings, env: Environment): Promise<EndFinding> {
  const warnings = new Set<string>();
  const nothing = () => undefined;
  const warn = (_event: string, text: string) => void warnings.add(text);
  const logger: Logger = { trace: nothing, debug: nothing, info: nothing, warn, error: nothing };
  const { name, connect, onSession } = brokerEnd(broker, settings, { clock: systemClock, logger, env });
  const finding = await attempt(async () => {
    const options = await connect();
    if (options.endpoint.transport === 'udp') return `${name}: nothing can be known of it, UDP is not answered`;
    const session = await StompSession.connect(options);
    onSession(session);
    const { server = 'it does not say what it is', version, peer } = session;
    await session.close();
    return `${name}: logged in at ${peer} (${server}, STOMP ${version})`;
  });
  return { ...finding, warnings: [...warnings] };
}

/** `mustExist`: it is read once, and so is not made. */
function checkQueue(path: string, mustExist = false): EndFinding {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined && mustExist) {
      throw new StompctlError(
        'QUEUE_MISSING',
        'check',
        path,
        'there is no such folder: correct the path, or make the folder',
      );
    }
    if (stats !== undefined && !stats.isDirectory()) {
      throw new StompctlError('QUEUE_INVALID', 'check', path, 'is not a folder; name a folder of its own');
    }
    accessSync(stats === undefined ? existingParent(path) : path, constants.R_OK | constants.W_OK | constants.X_OK);
    return { found: `queue ${path}: ${stats === undefined ? 'is not there yet and will be made' : 'can be used'}` };
  } catch (caught) {
    const error = caught instanceof StompctlError ? caught : noAccess(path, caught);
    return { found: `queue ${path}`, error };
  }
}

function existingParent(path: string): string {
  const parent = dirname(path);
  return statSync(parent, { throwIfNoEntry: false }) === undefined && parent !== path ? existingParent(parent) : parent;
}

function noAccess(path: string, cause: unknown): StompctlError {
  const denied = errnoOf(cause) === 'EACCES' || errnoOf(cause) === 'EROFS';
  const reason = `${reasonOf(cause)}; the user that runs stompctl must be able to read and write it`;
  return new StompctlError(denied ? 'QUEUE_PERMISSION' : 'QUEUE_INVALID', 'check', path, reason, cause);
}

async function attempt(look: () => Promise<string>): Promise<EndFinding> {
  try {
    return { found: await look() };
  } catch (error) {
    if (error instanceof StompctlError) return { found: error.message, error };
    throw error;
  }
}
