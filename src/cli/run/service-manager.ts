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
  /** from now on the verdict on the run is told */
  watch(health: () => HealthFacts): void;
  /** the end was just asked for: told now, not at the next look */
  stopping(): void;
  reloading(): void;
  reloaded(text: string): void;
  /** the last word: how it ended, and whether well. Resolves when it is out, or two seconds are over. */
  end(text: string, well: boolean): Promise<void>;
}

const END_MS = 2000;

const NOBODY: ServiceManager = {
  watch: () => undefined,
  stopping: () => undefined,
  reloading: () => undefined,
  reloaded: () => undefined,
  end: async () => undefined,
};

/** The service manager that the environment names (NOTIFY_SOCKET, WATCHDOG_USEC), or one that hears nothing. */
export function serviceManager(env: Environment, logger: RunLogger): ServiceManager {
  const onTrouble = ({ message, code }: { message: string; code: string }) =>
    logger.warn('service-manager', message, { code });
  const request = serviceRequest(env, process.pid, onTrouble);
  if (request === undefined) return NOBODY;
  const notifier = new ServiceNotifier({ socket: request.socket, clock: systemClock, onTrouble });
  let reports: ServiceReports | undefined;
  return {
    watch(health) {
      reports = new ServiceReports({
        clock: systemClock,
        send: (notification) => notifier.send(notification),
        look: () => serviceLook(health()),
        watchdogMs: request.watchdogMs,
      });
      reports.start();
    },
    stopping: () => reports?.look(),
    reloading: () => reports?.reloading(),
    reloaded: (text) => reports?.reloaded(maskText(text)),
    async end(text, well) {
      if (reports !== undefined) reports.end(maskText(text), well);
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
