import { hostNeeds } from '../callback/host-needs.js';
import type { CallbackSettings } from '../config/settings.js';
import { NullSink } from '../sinks/queue/null-sink.js';

/** What is found about the callback of a configuration. */
export interface CallbackReport {
  readonly language: 'javascript' | 'perl';
  /** the language was guessed from the code */
  readonly recognised: boolean;
  /** what it names and cannot have: it may live without */
  readonly warnings: readonly string[];
}

const NAMES = { javascript: 'JavaScript', perl: 'Perl' } as const;

/**
 * Compiles the callback, and starts and stops it in its sandbox as a run would, with `tap` leading nowhere. Rejects with
 * CALLBACK_SYNTAX, CALLBACK_UNSUPPORTED or CALLBACK_START, the place in the user's file in it.
 */
export async function checkCallback(settings: CallbackSettings): Promise<CallbackReport> {
  const { Callback } = await import('../callback/callback.js');
  const callback = await Callback.open({
    ...settings,
    openTap: async () => new NullSink(),
    onPrint: () => undefined,
    onLog: () => undefined,
  });
  await callback.close();
  const { language } = callback;
  const warnings = language === 'perl' ? hostNeeds(settings.code) : [];
  return { language, recognised: settings.language === undefined, warnings };
}

/** `Perl, recognised from the code` */
export function languageText(language: CallbackReport['language'], recognised: boolean): string {
  return `${NAMES[language]}, ${recognised ? 'recognised from the code' : 'as callback-language says'}`;
}
