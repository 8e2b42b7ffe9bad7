import type { CallbackSettings, RewriteSettings, Settings } from '../config/settings.js';
import type { Processor } from '../flow/processor.js';
import type { Sink } from '../flow/sink.js';
import type { Logger } from '../observe/logger.js';

export interface ProcessorContext {
  readonly logger: Logger;
  /** what a callback prints; a promise that it gives is waited for */
  readonly print: (printed: string | Uint8Array) => unknown;
  /** opens a queue that a callback gives copies of messages to */
  readonly openTap: (path: string, type: string) => Promise<Sink>;
}

/** What stands between source and sink, rules before code; undefined: nothing does. Errors: CALLBACK_*. */
export async function openProcessor(
  settings: Pick<Settings, 'rewrite' | 'callback'>,
  context: ProcessorContext,
): Promise<Processor | undefined> {
  const { rewrite, callback } = settings;
  const rules = rewrite && (await openRules(rewrite));
  const code = callback && (await openCallback(callback, context));
  if (rules === undefined || code === undefined) return rules ?? code;
  const { ProcessorChain } = await import('../callback/processor-chain.js');
  return new ProcessorChain(rules, code);
}

async function openRules({ rules, timeoutMs }: RewriteSettings): Promise<Processor> {
  const { Rules } = await import('../callback/rules/rules.js');
  return Rules.open(rules, timeoutMs);
}

async function openCallback(callback: CallbackSettings, context: ProcessorContext): Promise<Processor> {
  const { logger, print, openTap } = context;
  const { Callback } = await import('../callback/callback.js');
  return Callback.open({
    ...callback,
    openTap,
    onPrint: print,
    onLog: (level, text) => logger[level]('callback', text),
    onRebuilt: (reason) => logger.warn('sandbox-rebuilt', `the sandbox of the callback was made anew: ${reason}`),
  });
}
