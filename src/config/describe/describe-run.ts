import { unreachable } from '../../base/errors.js';
import { guessLanguage } from '../../callback/language.js';
import { shownUri } from '../../observe/mask.js';
import type {
  CallbackSettings,
  CommandSettings,
  InputSettings,
  QueueSettings,
  RewriteSettings,
  Settings,
  SinkSettings,
  SourceSettings,
} from '../settings.js';
import { inputsOf } from '../settings.js';

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}

function queueText(queue: QueueSettings): string {
  if (queue.type === 'NULL') return 'a queue of type NULL, which keeps nothing';
  return `the queue ${queue.path}${queue.type === 'DQS' ? '' : ` (${queue.type})`}`;
}

function sourceText(source: SourceSettings, settings: Settings): string {
  switch (source.kind) {
    case 'folder': {
      const how = settings.loop ? ', waiting for more' : ', once';
      return `takes files from the folder ${source.folder.path}${how}`;
    }
    case 'command': {
      const how = settings.loop ? ', started again when it has ended' : ', once';
      return `reads messages that ${source.command.words[0]} writes${how}`;
    }
    case 'queue': {
      const how = settings.loop ? ', waiting for more at its end' : ', once';
      return `reads messages from ${queueText(source.queue)}${how}`;
    }
    case 'broker': {
      const destinations = source.subscriptions.map(({ header }) => header.destination).join(', ');
      return `receives messages from ${destinations} at ${shownUri(source.broker.uri)}`;
    }
    case 'merged':
      return `merges these inputs: ${source.inputs.map((each) => `${each.name} ${sourceText(each.source, settings)}`).join('; ')}`;
    default:
      return unreachable(source);
  }
}

const DELIVERED = {
  first: 'sends each to the first that is up of these outputs',
  every: 'sends each to all of these outputs',
  route: 'sends each to the output that a rule or the callback names, or else to the first of',
} as const;

function sinkText(sink: SinkSettings): string {
  switch (sink.kind) {
    case 'queue':
      return `stores them in ${queueText(sink.queue)}${limitText(sink.queue)}`;
    case 'broker':
      return `sends them to ${shownUri(sink.broker.uri)}`;
    case 'command':
      return commandText(sink.command);
    case 'folder':
      return `writes them into the folder ${sink.folder.path}`;
    case 'several':
      return `${DELIVERED[sink.deliver]}: ${sink.outputs.map((each) => `${each.name} ${sinkText(each.sink)}`).join('; ')}`;
    default:
      return unreachable(sink);
  }
}

/** Its program alone: a header or a secret may be among the arguments. */
function commandText({ words, batch, coalesceMs, replies }: CommandSettings): string {
  const what = batch === undefined ? 'each' : `up to ${batch} of them at a time`;
  const how = coalesceMs === undefined ? `for ${what}` : `once for all that come within ${seconds(coalesceMs)}`;
  const reply = replies === undefined ? '' : `, and sends what it writes as replies to ${shownUri(replies.uri)}`;
  return `runs ${String(words[0]?.[0] ?? '')} ${how}${reply}`;
}

function limitText({ limits }: QueueSettings): string {
  return limits === undefined ? '' : ', waiting while that is full';
}

const LANGUAGES = { javascript: 'JavaScript ', perl: 'Perl ' } as const;

function languageText({ code, language }: CallbackSettings): string {
  const known = language ?? guessLanguage(code);
  return known === undefined ? '' : LANGUAGES[known];
}

function rulesText({ rules }: RewriteSettings): string {
  return rules.length === 1 ? '1 rewrite rule' : `${rules.length} rewrite rules`;
}

function endText(settings: Settings): string {
  const { count, durationMs, timeouts } = settings;
  const ends = [
    count === undefined ? '' : `${count} messages`,
    durationMs === undefined ? '' : seconds(durationMs),
    timeouts.inactivityMs === undefined ? '' : `${seconds(timeouts.inactivityMs)} without a message`,
  ].filter((end) => end !== '');
  return ends.length === 0 ? '' : ` It ends after ${ends.join(' or ')}.`;
}

function safetyText(settings: Settings): string {
  if (!settings.reliable) return 'Not reliable: a crash can lose messages.';
  return [...new Set(inputsOf(settings).map((source) => inputSafety(source, settings)))].join(' ');
}

function inputSafety(source: InputSettings, { remove }: Settings): string {
  const once = (kept: string) => `At least once: a message is ${kept} only when it is safe at its destination.`;
  switch (source.kind) {
    case 'queue':
      if (source.queue.type === 'NULL') return 'At least once.';
      if (!remove) return 'At least once: the messages stay in the queue, since "remove" is not set.';
      return once('removed from the queue');
    case 'folder':
      if (source.folder.afterwards.kind === 'leave') return 'At least once: the files stay, since "after" is "leave".';
      return once(source.folder.afterwards.kind === 'move' ? 'moved' : 'removed');
    case 'command':
      if (source.command.acks) return 'At least once: the command is told which of its messages are safe.';
      return 'What the command wrote is sent, or in the failure queue at the end. A crash loses what is in flight.';
    case 'broker':
      return once('acknowledged');
    default:
      return unreachable(source);
  }
}

/** What a run with these settings will do, in two or three sentences. */
export function describeRun(settings: Settings): string {
  const callback =
    settings.callback === undefined ? '' : ` runs the ${languageText(settings.callback)}callback on each,`;
  const rewrite = settings.rewrite === undefined ? '' : ` applies ${rulesText(settings.rewrite)} to each,`;
  const safety = safetyText(settings);
  const rejected =
    settings.failureQueue === undefined ? '' : ` Rejected messages go to ${queueText(settings.failureQueue)}.`;
  const copies =
    settings.tapQueue === undefined ? '' : ` A copy of each message sent goes to ${queueText(settings.tapQueue)}.`;
  return `It ${sourceText(settings.source, settings)},${rewrite}${callback} and ${sinkText(settings.sink)}. ${safety}${rejected}${copies}${endText(settings)}`;
}
