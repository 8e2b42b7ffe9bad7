import { systemClock } from '../../base/clock.js';
import type { RunConfiguration } from '../../config/reload-plan.js';
import type { ProcessSettings, Settings } from '../../config/settings.js';
import type { Monitor } from '../../metrics/monitor.js';
import type { Logger } from '../../observe/logger.js';
import type { Statistics } from '../../transfer/statistics.js';
import type { HealthFacts } from '../../transfer/verdict.js';
import { ownVersion } from '../command-line/version.js';
import { type ProcessLook, processPayload, transferVerdict } from './process-look.js';
import { statusPayload } from './published-status.js';

/** What `metrics-listen` and `metrics-textfile` ask for; undefined: nothing. Rejects with METRICS_LISTEN. */
export async function openMonitor(
  settings: ProcessSettings,
  logger: Logger,
  several: boolean,
): Promise<Monitor | undefined> {
  const { metricsListen, metricsRemote, metricsTextfile } = settings;
  if (metricsListen === undefined && metricsTextfile === undefined) return undefined;
  const { Monitor } = await import('../../metrics/monitor.js');
  return Monitor.open({
    listen: metricsListen,
    remote: metricsRemote,
    textfile: metricsTextfile,
    version: await ownVersion(),
    clock: systemClock,
    logger,
    several,
  });
}

export interface ShownRun {
  readonly health: () => HealthFacts;
  readonly statistics: Pick<Statistics, 'latency'>;
  /** what runs now: a reload may have changed it */
  readonly running: () => RunConfiguration;
  /** the options of it that wait for a restart */
  readonly pending: () => readonly string[];
}

/** Shows the run that was built. */
export async function monitorRun(monitor: Monitor | undefined, run: ShownRun): Promise<void> {
  if (monitor === undefined) return;
  const [{ unreadyOf }, optionsOf] = await Promise.all([import('../../metrics/routes.js'), optionShower()]);
  const { health, statistics, running } = run;
  const metered = { health, latency: () => statistics.latency };
  monitor.show({
    runs: () => [metered],
    status: () => ({ processor: processorText(running().settings), ...statusPayload(health()) }),
    unready: () => unreadyOf(health()),
    options: (transfer) => (transfer === undefined ? optionsOf(run) : undefined),
  });
}

/** Shows the transfers of a process that runs several. */
export async function monitorSeveral(
  monitor: Monitor | undefined,
  look: () => ProcessLook,
  shown: (transfer: string) => ShownRun | undefined,
): Promise<void> {
  if (monitor === undefined) return;
  const [{ unreadyOf }, optionsOf] = await Promise.all([import('../../metrics/routes.js'), optionShower()]);
  monitor.show({
    runs: () =>
      look().transfers.map(({ name, facts }) => ({
        transfer: name,
        health: () => facts,
        latency: () => shown(name)?.statistics.latency,
      })),
    status: () =>
      processPayload(look(), (name) => {
        const run = shown(name);
        return run && processorText(run.running().settings);
      }),
    unready: () => {
      const missing = look().transfers.flatMap((transfer) => {
        const { name, facts, end } = transfer;
        if (end?.code === 0) return [];
        const why = facts === undefined ? transferVerdict(transfer).state : unreadyOf(facts);
        return why === undefined ? [] : `${name}: ${why}`;
      });
      return missing.length === 0 ? undefined : missing.join('; ');
    },
    options: (transfer) => {
      if (transfer === undefined) return [];
      const run = shown(transfer);
      return run && optionsOf(run);
    },
  });
}

/** The configuration in effect, secrets masked and code left out. */
async function optionShower() {
  const { effectiveConfiguration, withoutCode } = await import('../../config/describe/effective-configuration.js');
  return ({ running, pending }: ShownRun) => {
    const { values, settings } = running();
    return withoutCode(effectiveConfiguration(values, settings)).map(({ name, value, source }) => ({
      name,
      value,
      source: pending().includes(name) ? `${source}, after a restart` : source,
    }));
  };
}

function processorText({ rewrite, callback }: Settings): string | undefined {
  const rules =
    rewrite === undefined ? [] : [`${rewrite.rules.length} rewrite ${rewrite.rules.length === 1 ? 'rule' : 'rules'}`];
  const code = callback === undefined ? [] : [`callback (${callback.origin.file})`];
  const parts = [...rules, ...code];
  return parts.length === 0 ? undefined : parts.join(', ');
}
