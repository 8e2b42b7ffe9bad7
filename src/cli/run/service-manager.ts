import { systemClock } from '../../base/clock.js';
import { printable } from '../../base/printable.js';
import type { Environment } from '../../config/formats/environment.js';
import { serviceRequest } from '../../daemon/notify-socket.js';
import { ServiceNotifier } from '../../daemon/service-notifier.js';
import { type ServiceLook, ServiceReports } from '../../daemon/service-reports.js';
import { maskText } from '../../observe/mask.js';
import type { RunLogger } from '../../observe/pino-logger.js';
import { type HealthFacts, verdictOf } from '../../transfer/verdict.js';

/** What a run tells the service manager that started it; each call is nothing where nobody asked. */
export interface ServiceManager {
  /** how often it must be told how the run is, at least; undefined: it does not watch */
  readonly periodMs: number | undefined;
  /** how the process is now: what is news of that is told */
  look(look: ServiceLook): void;
  reloading(): void;
  reloaded(text: string): void;
  /** the last word: how it ended, and whether well. Resolves when it is out, or two seconds are over. */
  end(text: string, well: boolean): Promise<void>;
}

const END_MS = 2000;

/** Of who hears nothing. */
export const UNHEARD: ServiceManager = {
  periodMs: undefined,
  look: () => undefined,
  reloading: () => undefined,
  reloaded: () => undefined,
  end: async () => undefined,
};

/** The service manager that the environment names (NOTIFY_SOCKET, WATCHDOG_USEC), or one that hears nothing. */
export function serviceManager(env: Environment, logger: RunLogger): ServiceManager {
  const onTrouble = ({ message, code }: { message: string; code: string }) =>
    logger.warn('service-manager', message, { code });
  const request = serviceRequest(env, process.pid, onTrouble);
  if (request === undefined) return UNHEARD;
  const notifier = new ServiceNotifier({ socket: request.socket, clock: systemClock, onTrouble });
  const reports = new ServiceReports({
    clock: systemClock,
    send: (notification) => notifier.send(notification),
    watchdogMs: request.watchdogMs,
  });
  let looked = false;
  return {
    periodMs: reports.periodMs,
    look(look) {
      looked = true;
      reports.look(look);
    },
    reloading: () => reports.reloading(),
    reloaded: (text) => reports.reloaded(maskText(text)),
    async end(text, well) {
      if (looked) reports.end(maskText(text), well);
      else if (!well) notifier.send({ STATUS: printable(maskText(text)) });
      await notifier.close(END_MS);
    },
  };
}

/** Ready is a run whose ends are all open; one that is not wanted yet (`lazy`) is not waited for. */
export function serviceLook(facts: HealthFacts): ServiceLook {
  const { state, reason } = verdictOf(facts);
  const source = facts.ends.find(({ role }) => role === 'source');
  const wanted = facts.ends.every(({ phase }) => phase === 'open' || phase === 'closed');
  return {
    ready: source?.phase === 'open' && wanted,
    healthy: state !== 'stuck',
    stopping: state === 'stopping',
    state,
    text: maskText(`${state}: ${reason}`),
  };
}
