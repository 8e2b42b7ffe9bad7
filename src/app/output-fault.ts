import type { StompctlError } from '../base/errors.js';
import type { SinkSettings } from '../config/settings.js';
import { unknownOutput } from '../outputs/output-parts.js';

/** Why a message cannot be for the output `to`; undefined: it can. */
export function outputFault(to: string, sink: SinkSettings): StompctlError | undefined {
  const names = sink.kind === 'several' && sink.deliver === 'route' ? sink.outputs.map(({ name }) => name) : [];
  return names.includes(to) ? undefined : unknownOutput(to, names);
}
