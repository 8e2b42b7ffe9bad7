import { StompctlError } from '../base/errors.js';
import type { Environment } from '../config/formats/environment.js';
import { readPidOptions } from '../config/pid-options.js';
import { secondsText } from '../transfer/verdict.js';
import type { CommandIo } from './command-line/io.js';
import type { ParsedArguments } from './command-line/option-command.js';
import { type InstanceStatus, instanceStatus, MOVING_OR_IDLE, statusJson } from './instances/instance-status.js';
import { type PublishedEnd, publishedEnds, publishedNumber, publishedTransfers } from './instances/published-facts.js';

/**
 * `stompctl status [--json] [CONFIG…]`: the line of `--status`, then the verdict that the process publishes. With a
 * pidfile alone, and no verdict on a living process, line and exit code are those of `--status`.
 */
export async function tellVerdict(parsed: ParsedArguments, env: Environment, io: CommandIo): Promise<number> {
  const { options, operands, flags } = parsed;
  if (operands.length > 0 && (options.has('config') || options.has('pidfile'))) {
    const reason = 'CONFIG excludes --config and --pidfile: name the configurations alone';
    throw new StompctlError('USAGE', 'command', 'status', reason);
  }
  const inputs = operands.length === 0 ? [options] : operands.map((file) => new Map([...options, ['config', [file]]]));
  let worst = MOVING_OR_IDLE;
  for (const [index, commandLine] of inputs.entries()) {
    const { pidfile, statusMs } = await readPidOptions({ commandLine, env }, 'status');
    const instance = await instanceStatus(pidfile, statusMs ?? 0);
    const forScripts = operands.length === 0 && !flags.has('json') && instance.verdict === undefined;
    worst = Math.max(worst, forScripts ? instance.known.code : instance.code);
    if (flags.has('json')) io.out.write(`${JSON.stringify(statusJson(instance))}\n`);
    else {
      if (operands.length > 1) io.out.write(`${operands[index]}\n`);
      io.out.write(`stompctl ${instance.known.text}\n`);
      // what a broker said is shown on a terminal
      if (!forScripts) for (const line of linesOf(instance)) io.out.write(`${line.replace(/\p{Cc}/gu, ' ')}\n`);
    }
  }
  return worst;
}

function linesOf({ verdict, record, unknown }: InstanceStatus): string[] {
  if (verdict === undefined) return unknown === undefined ? [] : [`running; it is not known how it goes: ${unknown}`];
  const transfers = (publishedTransfers(record) ?? []).flatMap(({ name, state, reason, facts }) => {
    return [`${name}: ${state}: ${reason}`, ...factLines(facts)];
  });
  return [`${verdict.state}: ${verdict.reason}`, ...factLines(record), ...transfers];
}

function factLines(record: unknown): string[] {
  const lines = [...publishedEnds(record).map(endLine), lastLine(record), countLine(record), queueLine(record)];
  return lines.flatMap((line) => (line === '' ? [] : `  ${line}`));
}

/** With its last error, though it was overcome. */
function endLine({ role, name, phase, awayMs, attempt, nextTryMs, lastError }: PublishedEnd): string {
  const away = awayMs === undefined ? '' : `, away for ${secondsText(awayMs)}, attempt ${attempt ?? 0}`;
  const next = nextTryMs === undefined ? '' : `, next try in ${secondsText(nextTryMs)}`;
  const error = lastError && `; last error ${secondsText(lastError.agoMs)} before: ${lastError.message}`;
  return `${role} ${name}: ${phase}${away}${next}${error ?? ''}`;
}

function lastLine(record: unknown): string {
  const ago = (what: string, name: string) => {
    const ms = publishedNumber(record, name);
    return ms === undefined ? [] : `${what} ${secondsText(ms)} ago`;
  };
  const [received, sent] = [ago('last received', 'lastReceivedMs'), ago('last sent', 'lastSentMs')];
  return [received, sent, ago('oldest unsettled taken', 'oldestUnsettledMs')].flat().join(', ');
}

function countLine(record: unknown): string {
  const count = (what: string, ...path: string[]) => {
    const number = publishedNumber(record, ...path);
    return number === undefined ? [] : `${what} ${number}`;
  };
  const counted = ['received', 'sent', 'dropped', 'rejected'].flatMap((name) => count(name, 'counted', name));
  const rate = publishedNumber(record, 'rate', 'sent');
  const lately = rate === undefined ? [] : `${rate.toFixed(1)} sent a second`;
  return [counted, count('in flight', 'inFlight'), count('parked', 'parked'), lately].flat().join(', ');
}

function queueLine(record: unknown): string {
  const waiting = (what: string, name: string) => {
    const elements = publishedNumber(record, name, 'elements');
    const oldestMs = publishedNumber(record, name, 'oldestMs');
    if (elements === undefined) return [];
    return `${what} ${elements}${oldestMs === undefined ? '' : `, the oldest for ${secondsText(oldestMs)}`}`;
  };
  return [waiting('incoming queue', 'backlog'), waiting('failure queue', 'failures')].flat().join('; ');
}
