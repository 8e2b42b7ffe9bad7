import { guessLanguage } from '../../callback/language.js';
import { isSecretName } from '../../observe/mask.js';
import type { ReadOption } from '../options/option-reader.js';
import type { OptionValues } from '../options/option-values.js';
import type { Settings } from '../settings.js';

/** What is different here from stompclt 1.8, for one configuration. */
export interface MigrationNote {
  /** the option it is about, when that is given */
  readonly option?: string;
  /** a sentence, or several */
  readonly text: string;
}

interface Rule {
  readonly option?: string;
  applies(values: OptionValues, settings: Settings): boolean;
  readonly text: string;
}

const fromBroker = (values: OptionValues) => values.hasAnywhere('incoming-broker-uri');
const toBroker = (values: OptionValues) => values.hasAnywhere('outgoing-broker-uri');
const anyBroker = (values: OptionValues) => fromBroker(values) || toBroker(values);
const isUdp = (values: OptionValues) => values.text('outgoing-broker-uri')?.startsWith('udp:') === true;
const endless = (values: OptionValues) =>
  (values.flag('loop') || fromBroker(values)) &&
  !['count', 'duration', 'timeout-inactivity'].some((name) => values.has(name));

/** Behaviours, in the order in which an administrator would ask. docs/migration.md has them all. */
const RULES: readonly Rule[] = [
  {
    applies: (values) => !values.has('reliable') && !isUdp(values),
    text: '"reliable" was off in stompclt unless given, and is on here: a message is removed or acknowledged only when it is safe. "reliable: false" gives the old behaviour, which may lose messages.',
  },
  {
    applies: (values) => !values.has('heart-beat') && anyBroker(values) && !isUdp(values),
    text: '"heart-beat" was off in stompclt unless given, and is on here: a connection that died in silence is noticed. "heart-beat: false" gives the old behaviour.',
  },
  {
    applies: (values) => fromBroker(values) && !values.has('prefetch') && !values.has('count'),
    text: 'Without "prefetch" the broker is asked to send at most "window" messages ahead; stompclt left that to the broker.',
  },
  {
    applies: (values) => fromBroker(values) && (values.has('window') || values.flag('reliable')),
    text: '"window" is exact: stompclt allowed one message more.',
  },
  {
    applies: (values) => toBroker(values) && !values.has('outgoing-broker-persistent') && !isUdp(values),
    text: 'A message without a "persistent" header is sent with persistent:true, so that a restart of the broker does not lose it. "outgoing-broker-persistent: keep" sends it as it is.',
  },
  {
    applies: (values) => toBroker(values) && !isUdp(values),
    text: 'Headers that belong to one delivery (message-id, subscription, ack, redelivered, receipt, content-length, heart-beat, transaction) are not sent again: brokers refuse or echo them.',
  },
  {
    applies: (values) => anyBroker(values) && endless(values),
    text: 'A broker that is away is tried again for ever, with growing delays (reconnect-delay, reconnect-max-delay); nothing is lost meanwhile.',
  },
  {
    applies: (values) => anyBroker(values) && !endless(values),
    text: 'A broker that is away is tried again 10 times ("reconnect-attempts"), then the run ends with exit code 75.',
  },
  {
    option: 'incoming-queue',
    applies: (values) => values.has('incoming-queue') && !values.flag('loop'),
    text: 'A folder that is missing ends a single pass with exit code 66; stompclt made it, and a wrong path looked like an empty queue.',
  },
  {
    option: 'loop',
    applies: (values) => values.flag('loop') && !values.flag('remove'),
    text: 'Without "remove" every pass sends every message again, as in stompclt; passes begin at least a second apart.',
  },
  {
    applies: (values) => !values.has('timeout-linger'),
    text: 'A stop waits at most 60 s ("timeout-linger") for what is in flight, and gives the rest back; stompclt waited for ever.',
  },
  {
    applies: (values) => !values.has('failure-queue'),
    text: 'A message that can never be delivered, or that the callback cannot handle, no longer ends the run: it is rejected, and stays where it was. A "failure-queue" would keep it, with the reason.',
  },
  {
    option: 'pidfile',
    applies: (values) => values.has('pidfile'),
    text: 'The pidfile of a process that died is taken over; stompclt refused to start. "stompctl status" tells more than "--status", whose line and codes are the same.',
  },
  {
    option: 'daemon',
    applies: (values) => values.flag('daemon'),
    text: 'Logs go to syslog, and "started" is printed once it runs. Under systemd use the unit stompctl@.service, without "daemon".',
  },
  {
    option: 'subscribe',
    applies: (_values, { source, reliable }) =>
      reliable &&
      source.kind === 'broker' &&
      source.subscriptions.some(({ header }) => header.ack !== undefined && header.ack !== 'client-individual'),
    text: 'The "ack" given is replaced by client-individual in a reliable run, with a warning: with another one messages would be lost, or held up.',
  },
  {
    option: 'config-general',
    applies: (values) => values.has('config-general'),
    text: '"config-general" is for Apache-style files and left out: what it asked for has been done. Variables are written as the values that they have now, in this environment.',
  },
];

/** Everything that is different for this configuration: behaviours, secrets, the callback. */
export function migrationNotes(
  values: OptionValues,
  settings: Settings,
  aboutCallback: readonly string[],
): MigrationNote[] {
  const notes: MigrationNote[] = RULES.filter((rule) => rule.applies(values, settings)).map(({ option, text }) =>
    option === undefined ? { text } : { option, text },
  );
  for (const { row, value } of values.allGiven()) {
    if (row.kind === 'credentials' && holdsSecret(value)) {
      const text =
        'A password stands here. "pass-file: PATH" (a file of mode 0600), "pass-env" or "pass-credential" (systemd) would keep it out of the configuration.';
      notes.push({ option: row.name, text });
    }
  }
  const { callback } = settings;
  if (callback === undefined) return notes;
  const option = callback.fromPath ? 'callback-path' : 'callback-code';
  if ((callback.language ?? guessLanguage(callback.code)) === 'perl') {
    notes.push({
      option,
      text: 'Runs as Perl 5.42 in a sandbox: no files, programs, network or environment of the host. A message on which it dies, or on which it takes more than callback-timeout (1 s) or callback-memory, is rejected; stompclt ended the run.',
    });
    for (const text of constructNotes(callback.code)) notes.push({ option, text });
  }
  for (const text of aboutCallback) notes.push({ option, text });
  return notes;
}

function holdsSecret(value: ReadOption['value']): boolean {
  return (
    Array.isArray(value) && value.some((table) => typeof table === 'object' && 'pass' in table && isSecretName('pass'))
  );
}

/** What Perl code does otherwise here, and how it is seen in the code. docs/callbacks.md has the whole list. */
const CONSTRUCTS: readonly { readonly named: RegExp; readonly text: string }[] = [
  {
    named: /\breturn\s*(?:\(\s*\)|""|''|0|undef)?\s*(?:;|\}|$)/m,
    text: 'a "return" of nothing, an empty string, 0 or undef ended the run of stompclt; here it rejects that message',
  },
  { named: /\bexit\b/, text: '"exit" ended the run; here it dies, and the message is rejected' },
  { named: /^\s*END\s*\{/m, text: '"END" blocks do not run: use "sub stop"' },
  { named: /\bcharnames::(?:viacode|vianame)\b/, text: 'names of characters at run time (charnames) are missing' },
  { named: /\$ENV\s*\{|%ENV\b/, text: '"%ENV" is empty: give what is needed as callback-data, to "sub start"' },
  { named: /\balarm\b/, text: '"alarm" does nothing: callback-timeout is there' },
];

function constructNotes(code: string): string[] {
  const lines = code.split('\n').map((line) => line.replace(/(^|\s)#.*$/, ''));
  return CONSTRUCTS.flatMap(({ named, text }) => {
    const at = lines.findIndex((line) => named.test(line));
    return at < 0 ? [] : [`Line ${at + 1} of the callback: ${text}.`];
  });
}
