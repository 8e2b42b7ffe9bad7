import { basename, dirname, join } from 'node:path';
import { StompctlError } from '../../base/errors.js';
import { realFolder } from '../../config/real-folder.js';
import { outputsOf, type Settings } from '../../config/settings.js';

/** What each of several transfers must have for itself: its pidfile. */
export class Claims {
  /** who has it, by its path */
  readonly #pidfiles = new Map<string, string>();

  /** `pidfile` is that of the process. */
  constructor(pidfile: string | undefined) {
    if (pidfile !== undefined) this.#pidfiles.set(placeOf(pidfile), 'the process (--pidfile)');
  }

  /** Throws CONFIG_INVALID when another one has it. */
  take(file: string, { pidfile }: Pick<Settings, 'pidfile'>): void {
    if (pidfile === undefined) return;
    const place = placeOf(pidfile);
    const other = this.#pidfiles.get(place);
    if (other !== undefined) {
      const reason = `pidfile ${pidfile} is that of ${other} already: give each transfer a pidfile of its own, or none`;
      throw new StompctlError('CONFIG_INVALID', 'configuration', file, reason);
    }
    this.#pidfiles.set(place, file);
  }

  /** To be called once it is free for others. */
  release(file: string): void {
    for (const [place, owner] of this.#pidfiles) if (owner === file) this.#pidfiles.delete(place);
  }
}

/** Queues that more than one transfer stores messages in, a line each: that is allowed, and rarely what was meant. */
export function sharedQueues(transfers: readonly { readonly name: string; readonly settings: Settings }[]): string[] {
  const writers = new Map<string, string[]>();
  for (const { name, settings } of transfers) {
    for (const sink of outputsOf(settings)) {
      if (sink.kind !== 'queue' || sink.queue.type === 'NULL') continue;
      const place = placeOf(sink.queue.path);
      writers.set(place, [...new Set([...(writers.get(place) ?? []), name])]);
    }
  }
  return [...writers].flatMap(([place, names]) =>
    names.length < 2
      ? []
      : `${names.join(' and ')} store messages in one queue, ${place}: nothing is lost by it, but is it meant?`,
  );
}

/** One text for one file, however its folder is written. */
function placeOf(path: string): string {
  return join(realFolder(dirname(path)), basename(path));
}
