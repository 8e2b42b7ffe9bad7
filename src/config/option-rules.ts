import { StompctlError } from '../base/errors.js';
import { parseSocketOptions, parseTlsSockopts } from '../stomp/transport/socket-options.js';
import { amqpProblems, sideProtocol } from './amqp-rules.js';
import { uriScheme } from './broker-uri.js';
import { checkBrokerUris } from './broker-uris.js';
import { commandProblems } from './command-settings.js';
import { folderProblems } from './folder-settings.js';
import { COMMAND_LINE, invalid } from './formats/problem.js';
import { parseListenAddress } from './listen-address.js';
import { SIDE_WORDS, SIDES, type Side } from './options/end-kinds.js';
import type { OptionValues } from './options/option-values.js';
import { ruleProblems } from './options/rewrite-option.js';
import { queueFormatProblems } from './queue-format.js';
import { QUEUE_RULES } from './queue-rules.js';
import { originOf, type Rule } from './rule.js';
import { versionsOf } from './stomp-versions.js';

/** The first option of a broker's side that is given. */
function brokerOption(values: OptionValues, side: Side): string | undefined {
  return [...values.given.keys()].find((name) => name.startsWith(`${side}-broker-`));
}

function usesIncomingBroker(values: OptionValues): boolean {
  return values.has('incoming-broker-uri');
}

/** The names of the subscription and prefetch options that ask for something. */
function subscriptionOptions(values: OptionValues): string[] {
  const names = ['subscribe', 'unsubscribe'].filter((name) => values.has(name));
  return values.number('prefetch') === undefined ? names : [...names, 'prefetch'];
}

/** What is an end by itself, in one option. */
const WHOLE_MODULES: Readonly<Record<Side, readonly string[]>> = {
  incoming: ['incoming-queue', 'incoming-folder', 'incoming-command'],
  outgoing: ['outgoing-queue', 'outgoing-command', 'outgoing-folder'],
};

const oneModuleASide: Rule = {
  name: 'one module a side',
  *check(context) {
    const { values, whole } = context;
    for (const side of SIDES) {
      const broker = brokerOption(values, side);
      const modules = WHOLE_MODULES[side].filter((name) => values.has(name));
      const [first, second] = broker === undefined ? modules : [...modules, broker];
      if (first === undefined) {
        const verb = side === 'incoming' ? 'nothing says where messages come from' : 'nothing says where messages go';
        yield invalid(whole, `${verb}: set ${side}-queue, ${side}-broker-uri, ${side}-folder or ${side}-command`);
      } else if (second !== undefined) {
        const several = `keep one of them, or give each ${SIDE_WORDS[side]} a name (docs/${SIDE_WORDS[side]}s.md)`;
        yield invalid(originOf(context, second), `${first} and ${second} exclude each other: ${several}`);
      }
    }
  },
};

const brokerNeedsUri: Rule = {
  name: 'a broker needs its URI',
  *check(context) {
    for (const side of SIDES) {
      const option = brokerOption(context.values, side);
      if (option === undefined || context.values.has(`${side}-broker-uri`)) continue;
      yield invalid(originOf(context, option), `${option} needs ${side}-broker-uri`);
    }
  },
};

/** Of these, the one that can be asked whatever else is wrong. */
export const URI_RULE: Rule = {
  name: 'a URI is valid',
  *check(context) {
    for (const side of SIDES) {
      const name = `${side}-broker-uri`;
      const uri = context.values.text(name);
      if (uri === undefined) continue;
      try {
        checkBrokerUris(uri, sideProtocol(context.values, side));
      } catch (error) {
        if (!(error instanceof StompctlError)) throw error;
        const origin = originOf(context, name);
        const code = origin === COMMAND_LINE ? 'USAGE' : 'URI_INVALID';
        yield { code, origin, reason: `${name}: ${error.message}` };
      }
    }
  },
};

const udpIsOneWay: Rule = {
  name: 'UDP is outgoing only, and neither reliable nor more than bare frames',
  *check(context) {
    const { values } = context;
    if (uriScheme(values.text('incoming-broker-uri') ?? '') === 'udp') {
      yield invalid(originOf(context, 'incoming-broker-uri'), 'incoming-broker-uri: nothing can be received over UDP');
    }
    if (uriScheme(values.text('outgoing-broker-uri') ?? '') !== 'udp') return;
    const asked = ['reliable', 'heart-beat'].filter((name) => values.has(name) && values.flag(name));
    const given = ['auth', 'connect', 'sockopts']
      .map((name) => `outgoing-broker-${name}`)
      .filter((name) => values.has(name));
    for (const name of [...asked, ...given]) yield invalid(originOf(context, name), `${name} is not possible over UDP`);
  },
};

const queueOptionsNeedQueue: Rule = {
  name: 'loop and remove need an incoming queue',
  *check(context) {
    if (context.all.hasAnywhere('incoming-queue')) return;
    const mayLoop = ['incoming-folder', 'incoming-command'].some((name) => context.all.hasAnywhere(name));
    for (const name of mayLoop ? ['remove'] : ['loop', 'remove']) {
      if (context.values.flag(name)) yield invalid(originOf(context, name), `${name} needs an incoming queue`);
    }
  },
};

const subscriptionsNeedBroker: Rule = {
  name: 'prefetch, subscribe and unsubscribe need an incoming broker',
  *check(context) {
    if (usesIncomingBroker(context.values)) return;
    for (const name of subscriptionOptions(context.values)) {
      yield invalid(originOf(context, name), `${name} needs an incoming broker`);
    }
  },
};

const brokerNeedsSubscription: Rule = {
  name: 'an incoming broker needs a subscription',
  *check(context) {
    if (!usesIncomingBroker(context.values) || context.values.tables('subscribe').length > 0) return;
    const reason = 'an incoming broker needs a subscription: set subscribe, as in "destination=/queue/name"';
    yield invalid(originOf(context, 'incoming-broker-uri'), reason);
  },
};

const subscriptionsAreComplete: Rule = {
  name: 'subscriptions have a destination and ids of their own; unsubscribe matches them',
  *check(context) {
    const subscriptions = context.values.tables('subscribe');
    const places = context.values.given.get('subscribe')?.places;
    const ids = new Set<unknown>();
    for (const [index, { destination, id }] of subscriptions.entries()) {
      const origin = places?.get(String(index)) ?? originOf(context, 'subscribe');
      if (destination === undefined || destination === '') yield invalid(origin, 'subscribe: needs a "destination"');
      if (id !== undefined && ids.has(id)) yield invalid(origin, `subscribe: two subscriptions have the id "${id}"`);
      ids.add(id);
    }
    const unsubscribes = context.values.tables('unsubscribe').length;
    if (unsubscribes <= subscriptions.length || subscriptions.length === 0) return;
    const reason = `unsubscribe is given ${unsubscribes} times, subscribe only ${subscriptions.length}: they match by position`;
    yield invalid(originOf(context, 'unsubscribe'), reason);
  },
};

const oneCallback: Rule = {
  name: 'callback-code excludes callback-path',
  *check(context) {
    if (!context.values.has('callback-code') || !context.values.has('callback-path')) return;
    const reason = 'callback-code and callback-path exclude each other: keep one of them';
    yield invalid(originOf(context, 'callback-path'), reason);
  },
};

const callbackIsNoTypeScript: Rule = {
  name: 'TypeScript is compiled first',
  *check(context) {
    const path = context.values.text('callback-path') ?? '';
    if (!/\.[cm]?tsx?$/i.test(path)) return;
    const reason =
      'callback-path: TypeScript is not run here: compile the file first, or write JavaScript with types in its comments ' +
      '(docs/callbacks.md)';
    yield invalid(originOf(context, 'callback-path'), reason);
  },
};

const daemonPrintsNothing: Rule = {
  name: 'daemon excludes statistics',
  *check(context) {
    if (!context.values.flag('daemon') || !context.values.flag('statistics')) return;
    yield invalid(
      originOf(context, 'statistics'),
      'daemon and statistics exclude each other: a daemon has nowhere to print',
    );
  },
};

const oneCredentialAScheme: Rule = {
  name: 'one plain and one x509 credential',
  *check(context) {
    for (const side of SIDES) {
      const name = `${side}-broker-auth`;
      const schemes = context.values.tables(name).map((credential) => credential.scheme);
      const twice = schemes.find((scheme, index) => schemes.indexOf(scheme) !== index);
      if (twice === undefined) continue;
      yield invalid(originOf(context, name), `${name}: has two credentials of scheme ${twice}: keep one of them`);
    }
  },
};

const connectHeadersCanBeSent: Rule = {
  name: 'CONNECT headers can be sent',
  *check(context) {
    for (const side of SIDES) {
      const name = `${side}-broker-connect`;
      const table = context.values.table(name) ?? {};
      for (const [key, value] of Object.entries(table)) {
        // STOMP 1.2, "Value Encoding": CONNECT is not escaped
        if (/[\r\n\0]/.test(`${key}${value}`)) {
          yield invalid(originOf(context, name), `${name}: a line end or NUL cannot be sent in CONNECT`);
        }
      }
      if (versionsOf(table) === undefined) {
        yield invalid(
          originOf(context, name),
          `${name}: the version must be among 1.0, 1.1, 1.2, as in "version=1.1,1.2"`,
        );
      }
    }
  },
};

const sockoptsAreKnown: Rule = {
  name: 'socket options are known',
  *check(context) {
    for (const side of SIDES) {
      const name = `${side}-broker-sockopts`;
      const table = (context.values.table(name) ?? {}) as Record<string, string>;
      try {
        parseSocketOptions(table);
        parseTlsSockopts(table);
      } catch (error) {
        if (!(error instanceof StompctlError)) throw error;
        yield invalid(originOf(context, name), `${name}: ${error.message}`);
      }
    }
  },
};

const amqpHasItsOwn: Rule = {
  name: 'what is of STOMP alone is not asked of AMQP, and its destinations can be read',
  *check(context) {
    for (const { option, place, reason } of amqpProblems(context.values)) {
      const origin = context.values.given.get(option)?.places?.get(place ?? '') ?? originOf(context, option);
      yield invalid(origin, reason);
    }
  },
};

const textsAndKeysFit: Rule = {
  name: 'commands, templates and schemas can be read; the keys of a command, a folder, and of the format of a queue, go together',
  *check(context) {
    const { values } = context;
    const found = [
      ...commandProblems(values, usesIncomingBroker(values) && context.all.inputs.length === 0),
      ...folderProblems(values),
      ...queueFormatProblems(values),
    ];
    for (const { option: of, key, reason } of found) {
      const place = values.given.get(of)?.places.get(key);
      yield invalid(place ?? originOf(context, of), `${of}: ${reason}`);
    }
  },
};

const delaysAreOrdered: Rule = {
  name: 'reconnect-delay is at most reconnect-max-delay',
  *check(context) {
    const { values } = context;
    if (values.definite('reconnect-delay') <= values.definite('reconnect-max-delay')) return;
    const name = values.has('reconnect-delay') ? 'reconnect-delay' : 'reconnect-max-delay';
    yield invalid(originOf(context, name), 'reconnect-delay is larger than reconnect-max-delay');
  },
};

export const metricsAddress: Rule = {
  name: 'metrics-listen is an address, and of this host alone unless metrics-remote is set',
  *check(context) {
    const { values } = context;
    const text = values.text('metrics-listen');
    const address = text === undefined ? undefined : parseListenAddress(text, values.flag('metrics-remote'));
    if (typeof address === 'string') yield invalid(originOf(context, 'metrics-listen'), `metrics-listen: ${address}`);
  },
};

const rewriteRulesAreRules: Rule = {
  name: 'rewrite rules can be read',
  *check({ values }) {
    const option = values.given.get('rewrite');
    const list = values.rules('rewrite');
    if (option !== undefined && list !== undefined) yield* ruleProblems(list, option.places, option.origin);
  },
};

/** Of these, the ones about checking messages. */
export const CHECK_RULES: readonly Rule[] = [oneCallback, callbackIsNoTypeScript, rewriteRulesAreRules];

/** Every rule across options. */
export const RULES: readonly Rule[] = [
  oneModuleASide,
  brokerNeedsUri,
  URI_RULE,
  udpIsOneWay,
  queueOptionsNeedQueue,
  subscriptionsNeedBroker,
  brokerNeedsSubscription,
  subscriptionsAreComplete,
  ...CHECK_RULES,
  daemonPrintsNothing,
  oneCredentialAScheme,
  connectHeadersCanBeSent,
  sockoptsAreKnown,
  amqpHasItsOwn,
  ...QUEUE_RULES,
  textsAndKeysFit,
  delaysAreOrdered,
  metricsAddress,
];
