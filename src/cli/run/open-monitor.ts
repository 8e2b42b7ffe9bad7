import { systemClock } from '../../base/clock.js';
import type { RunConfiguration } from '../../config/reload-plan.js';
import type { ProcessSettings, Settings } from '../../config/settings.js';
import type { Monitor } from '../../metrics/monitor.js';
import type { Logger } from '../../observe/logger.js';
import type { Statistics } from '../../transfer/statistics.js';
import type { HealthFacts } from '../../transfer/verdict.js';
import { ownVersion } from '../command-line/version.js';
import { statusPayload } from './published-status.js';

/** What `metrics-listen` and `metrics-textfile` ask for; undefined: nothing. Rejects with METRICS_LISTEN. */
export async function openMonitor(settings: ProcessSettings, logger: Logger): Promise<Monitor | undefined> {
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
    status: statusPayload,
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
  const { effectiveConfiguration, withoutCode } = await import('../../config/describe/effective-configuration.js');
  const { health, statistics, running, pending } = run;
  monitor.show({
    health,
    latency: () => statistics.latency,
    processor: () => processorText(running().settings),
    options: () => {
      const { values, settings } = running();
      return withoutCode(effectiveConfiguration(values, settings)).map(({ name, value, source }) => ({
        name,
        value,
        source: pending().includes(name) ? `${source}, after a restart` : source,
      }));
    },
  });
}

function processorText({ rewrite, callback }: Settings): string | undefined {
  const rules =
    rewrite === undefined ? [] : [`${rewrite.rules.length} rewrite ${rewrite.rules.length === 1 ? 'rule' : 'rules'}`];
  const code = callback === undefined ? [] : [`callback (${callback.origin.file})`];
  const parts = [...rules, ...code];
  return parts.length === 0 ? undefined : parts.join(', ');
}
