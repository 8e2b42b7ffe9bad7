import type { OptionRow } from './option.js';

const PROCESS_OPTIONS: readonly OptionRow[] = [
  {
    name: 'pidfile',
    kind: 'text',
    value: 'PATH',
    group: 'process',
    doc: 'Write the process id to this file; refuse to start when it belongs to a living process.',
  },
  {
    name: 'on-overlap',
    kind: 'choice',
    choices: ['fail', 'quiet'],
    value: 'WHAT',
    group: 'process',
    default: 'fail',
    added: true,
    doc: 'When the process of `pidfile` still runs: `fail` with exit code 75, or be `quiet` and exit with 0, as a run from cron may.',
    notes:
      'One that is stuck is told even so, with exit code 75: it would keep all later runs from their work, unseen.',
  },
  {
    name: 'daemon',
    kind: 'boolean',
    default: 'false',
    group: 'process',
    doc: 'Go to the background; logs go to syslog.',
  },
  {
    name: 'status',
    kind: 'flag',
    group: 'process',
    commandLineOnly: true,
    doc: 'Tell whether the instance of this pidfile runs (exit 0 running, 1 dead, 3 not running, 4 unknown).',
  },
  {
    name: 'quit',
    kind: 'flag',
    group: 'process',
    commandLineOnly: true,
    doc: 'Tell the instance of this pidfile to quit, and wait for it.',
  },
  {
    name: 'dry-run',
    kind: 'flag',
    group: 'process',
    commandLineOnly: true,
    added: true,
    doc: 'Show what a run would make of each message, as a difference, and move nothing.',
    notes:
      'No message is locked, acknowledged, removed or stored. A queue is read once; from a broker, whatever it hands over ' +
      'until it is silent for two seconds (or `timeout-inactivity`), at most `window` messages, which it then delivers ' +
      'again, marked as redelivered. `count` and `duration` end it sooner. The exit code is 1 when a message would be rejected.',
  },
  {
    name: 'statistics',
    aliases: ['s'],
    kind: 'boolean',
    default: 'false',
    group: 'process',
    doc: 'Print how many messages there were, and how fast, at the end.',
  },
];

const LOGGING_OPTIONS: readonly OptionRow[] = [
  {
    name: 'debug',
    aliases: ['d'],
    kind: 'count',
    integer: true,
    min: 0,
    default: '0',
    group: 'logging',
    doc: 'Log more; several times (up to 3) for more still.',
    notes: 'In a file, a number. More than 3 is 3.',
  },
  {
    name: 'log-level',
    kind: 'choice',
    choices: ['trace', 'debug', 'info', 'warn', 'error'],
    value: 'LEVEL',
    group: 'logging',
    default: 'info',
    defaultNote: '`info`; `debug` with `debug` 1, `trace` with more',
    added: true,
    doc: 'Log what is at least this important.',
  },
  {
    name: 'log-format',
    kind: 'choice',
    choices: ['json', 'pretty', 'syslog'],
    value: 'FORMAT',
    group: 'logging',
    defaultNote: '`pretty` on a terminal, `syslog` with `daemon`, otherwise `json`',
    added: true,
    doc: 'How log lines look, and where they go: standard error, or syslog.',
  },
  {
    name: 'metrics-listen',
    kind: 'text',
    value: 'ADDRESS',
    group: 'logging',
    defaultNote: 'off',
    added: true,
    doc: 'Serve metrics and the status page on this address: `127.0.0.1:9464`, `[::1]:9464`, or `unix:/PATH`.',
    notes:
      '`/metrics` for Prometheus, `/healthz` and `/readyz` for probes, `/status` as JSON, `/` for people: see monitoring.md. ' +
      'Nobody logs in there: anybody on this host can read it, and with a socket who has the rights to it. Port 0 takes a free one, which the log names.',
  },
  {
    name: 'metrics-remote',
    kind: 'boolean',
    default: 'false',
    group: 'logging',
    added: true,
    doc: 'Let `metrics-listen` be an address that other hosts can reach, such as `0.0.0.0:9464`.',
    notes: 'There is no login and no TLS: a firewall, or a proxy with both, has to stand before it.',
  },
  {
    name: 'metrics-textfile',
    kind: 'text',
    value: 'PATH',
    group: 'logging',
    defaultNote: 'off',
    added: true,
    doc: 'Write metrics to this file, for the node exporter of Prometheus: every 15 s, and when the run ends.',
    notes:
      'Replaced in one step. The node exporter reads files `*.prom` of its `--collector.textfile.directory`. After a run the file tells how it ended, ' +
      'which is what there is to see of one from cron.',
  },
];

const HELP_OPTIONS: readonly OptionRow[] = [
  {
    name: 'config',
    aliases: ['conf', 'cfg'],
    kind: 'text',
    value: 'FILE',
    group: 'help',
    commandLineOnly: true,
    doc: 'Read this configuration file; options on the command line win over it.',
  },
  {
    name: 'config-general',
    kind: 'choices',
    switches: true,
    choices: ['-AutoTrue', '-InterPolateEnv', '-InterPolateVars', '-LowerCaseNames', '-MergeDuplicateBlocks'],
    value: 'OPTIONS',
    group: 'help',
    doc: 'Read an Apache-style file with these options of Perl’s Config::General.',
    notes: 'Written alone, such as `-AutoTrue`, or as stompclt wants it, `-AutoTrue=1`.',
  },
  { name: 'help', aliases: ['h', '?'], kind: 'flag', group: 'help', commandLineOnly: true, doc: 'Show this help.' },
  {
    name: 'list',
    aliases: ['l'],
    kind: 'flag',
    group: 'help',
    commandLineOnly: true,
    doc: 'List every option with its default, one a line.',
  },
  { name: 'manual', aliases: ['m'], kind: 'flag', group: 'help', commandLineOnly: true, doc: 'Show the manual.' },
  { name: 'version', kind: 'flag', group: 'help', commandLineOnly: true, doc: 'Show the version.' },
];

export const PROGRAM_OPTIONS: readonly OptionRow[] = [...PROCESS_OPTIONS, ...LOGGING_OPTIONS, ...HELP_OPTIONS];
