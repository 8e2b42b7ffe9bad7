import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuiltTransfer, buildTransfer } from '../../src/app/build-transfer.js';
import type { ReloadedEnds } from '../../src/app/running-transfer.js';
import { systemClock } from '../../src/base/clock.js';
import { type ReloadPlan, type RunConfiguration, reloadPlan } from '../../src/config/reload-plan.js';
import { resolveConfiguration } from '../../src/config/resolve-settings.js';
import type { Resolver } from '../../src/members/resolver.js';
import type { TransferOutcome } from '../../src/transfer/transfer.js';
import { MemoryLogger } from './memory-logger.js';
import { atEnd, type Cleaning, tempFolder } from './temp-folder.js';

/** Options as a YAML file has them. */
export type Options = Readonly<Record<string, unknown>>;

/** A transfer in this process that is reloaded as a run does it, from a configuration file. */
export class ReloadScene {
  readonly folder: string;
  readonly logger = new MemoryLogger();
  readonly built: BuiltTransfer;
  readonly ended: Promise<TransferOutcome>;
  readonly #start: RunConfiguration;
  #running: RunConfiguration;

  private constructor(folder: string, start: RunConfiguration, built: BuiltTransfer, logger: MemoryLogger) {
    this.folder = folder;
    this.#start = start;
    this.#running = start;
    this.built = built;
    this.logger = logger;
    this.ended = built.transfer.run();
  }

  /** It is stopped when the test ends. */
  static async run(test: Cleaning, options: Options, given?: string, resolver?: Resolver): Promise<ReloadScene> {
    const folder = given ?? (await tempFolder(test));
    const logger = new MemoryLogger();
    const start = await configured(folder, options);
    const built = await buildTransfer(start.settings, {
      clock: systemClock,
      logger,
      env: {},
      print: () => true,
      ...(resolver && { resolver }),
    });
    const scene = new ReloadScene(folder, start, built, logger);
    atEnd(test, () => scene.stop());
    return scene;
  }

  async stop(): Promise<TransferOutcome> {
    this.built.transfer.stop('signal');
    const outcome = await this.ended;
    await this.built.close(10_000);
    return outcome;
  }

  /** Rejects when it is refused. */
  async reload(options: Options): Promise<{ plan: ReloadPlan; ends: ReloadedEnds }> {
    const fresh = await configured(this.folder, options);
    const plan = reloadPlan(this.#start, this.#running, fresh);
    const ends = await this.built.reload({ settings: fresh.settings, source: plan.source, sink: plan.sink });
    this.#running = fresh;
    return { plan, ends };
  }

  /** Sessions so far with the broker of this URI, also as a member. */
  sessions(uri: string): number {
    const ends = [`broker ${uri}`, `broker ${uri} [127.0.0.1]`];
    return this.logger.events('session-open').filter(({ fields }) => ends.includes(String(fields.end))).length;
  }
}

async function configured(folder: string, options: Options): Promise<RunConfiguration> {
  const file = join(folder, 'stompctl.json');
  writeFileSync(file, JSON.stringify(options));
  return resolveConfiguration({ commandLine: new Map([['config', [file]]]), env: {} });
}
