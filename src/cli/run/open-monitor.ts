import type { BuiltTransfer } from '../../app/build-transfer.js';
import { systemClock } from '../../base/clock.js';
import type { OptionValues } from '../../config/options/option-values.js';
import type { Settings } from '../../config/settings.js';
import type { Monitor } from '../../metrics/monitor.js';
import type { Logger } from '../../observe/logger.js';
import { ownVersion } from '../command-line/version.js';
import { statusPayload } from './published-status.js';

/** What `metrics-listen` and `metrics-textfile` ask for; undefined: nothing. Rejects with METRICS_LISTEN. */
export async function openMonitor(
  settings: Settings,
  values: OptionValues,
  logger: Logger,
): Promise<Monitor | undefined> {
  const { metricsListen, metricsRemote, metricsTextfile } = settings;
  if (metricsListen === undefined && metricsTextfile === undefined) return undefined;
  const [{ Monitor }, { effectiveConfiguration }] = await Promise.all([
    import('../../metrics/monitor.js'),
    import('../../config/describe/effective-configuration.js'),
  ]);
  const options = effectiveConfiguration(values, settings).map((option) =>
    // code may hold what is no business of who may see the page
    option.name === 'callback-code' ? { ...option, value: linesOf(option.value) } : option,
  );
  return Monitor.open({
    listen: metricsListen,
    remote: metricsRemote,
    textfile: metricsTextfile,
    version: await ownVersion(),
    clock: systemClock,
    logger,
    status: statusPayload,
    shownOptions: () => options,
  });
}

/** Shows the run that was built. */
export function monitorRun(
  monitor: Monitor | undefined,
  settings: Settings,
  built: Pick<BuiltTransfer, 'health' | 'statistics'>,
): void {
  monitor?.show({
    health: built.health,
    latency: () => built.statistics.latency,
    processor: processorText(settings),
  });
}

function processorText({ rewrite, callback }: Settings): string | undefined {
  const rules =
    rewrite === undefined ? [] : [`${rewrite.rules.length} rewrite ${rewrite.rules.length === 1 ? 'rule' : 'rules'}`];
  const code = callback === undefined ? [] : [`callback (${callback.origin.file})`];
  const parts = [...rules, ...code];
  return parts.length === 0 ? undefined : parts.join(', ');
}

function linesOf(code: string): string {
  const lines = code.trimEnd().split('\n').length;
  return `(${lines === 1 ? '1 line' : `${lines} lines`})`;
}
