import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasPython, pythonBroker, pythonMove } from '../peers/python.js';
import { callsThenSocket, socketThenCalls } from '../peers/socket-and-calls.js';
import { type StompjsTask, stompjs } from '../peers/stompjs.js';
import { copied, linked, plainMove, plainStore } from '../peers/system-calls.js';
import { rawReceive } from '../raw/raw-receive.js';
import { rawSend } from '../raw/raw-send.js';
import type { OpenBroker } from './bench-brokers.js';
import { elementsIn, type Figures, fill, OURS, runCommand } from './command-run.js';

export const MODES = {
  synced: [],
  unsynced: ['--sync', 'none'],
  unreliable: ['--no-reliable'],
} as const;

export type Mode = keyof typeof MODES;

/** What is measured, of `messages` with bodies of `bytes`. */
export interface Setting {
  readonly mode: Mode;
  readonly bytes: number;
  readonly messages: number;
  /** where the queues are made */
  readonly place: string;
  /** words of a command, from the environment's STOMPCLT; none: it is left out */
  readonly stompclt: readonly string[] | undefined;
}

/** One of those that are compared; the first of a case is ours, and the others are put beside it. */
export interface Runner {
  readonly name: string;
  run(): Promise<Figures>;
}

/** the window of ours, which the raw socket is paced by */
const WINDOW = 1000;
const DESTINATION = '/queue/bench';
/** to that destination */
const SUBSCRIBE = join(import.meta.dirname, '../../../bench/measure/subscribe.conf');
const RULES = join(import.meta.dirname, '../../../bench/measure/rules.conf');
const COUNTS = [1, 2, 4];
const WITH_PEERS = { destination: DESTINATION, window: WINDOW };
const PYTHON = 'python3-dirq and -stomp';

interface Folders {
  readonly from: string;
  readonly to: string;
}

/** Runs it with two fresh folders, `from` filled; what it moved to `to` must be all of it, when it `stores`. */
async function inFolders(
  { place, messages, bytes }: Setting,
  stores: boolean,
  run: (folders: Folders) => Promise<Figures>,
): Promise<Figures> {
  const root = mkdtempSync(join(place, 'stompctl-bench-'));
  const folders = { from: join(root, 'in'), to: join(root, 'out') };
  try {
    fill(folders.from, messages, bytes);
    const figures = await run(folders);
    if (stores && elementsIn(folders.to) !== messages) throw new Error(`bench: ${messages} were to arrive`);
    return figures;
  } finally {
    rmSync(root, { recursive: true });
  }
}

function ours(args: readonly string[], mode: Mode): readonly string[] {
  // without --statistics, for which every element is read: the last line of the log says as much
  return [...OURS, ...args, ...MODES[mode], '--log-format', 'json'];
}

function theirs(words: readonly string[], args: readonly string[], mode: Mode): readonly string[] {
  return [...words, ...args, ...(mode === 'unreliable' ? [] : ['--reliable']), '--statistics'];
}

function fromQueue(path: string): readonly string[] {
  return ['--incoming-queue', `path=${path}`, '--remove'];
}

/** Words for one end of a transfer: where the broker is, and who logs in. */
export function login(direction: 'incoming' | 'outgoing', { uri, user, pass, vhost }: OpenBroker): readonly string[] {
  const name = `--${direction}-broker`;
  // stompclt takes the name of the host for that of the virtual host
  return [`${name}-uri`, uri, `${name}-auth`, `plain name=${user} pass=${pass}`, `${name}-connect`, `host=${vhost}`];
}

function fromBroker(broker: OpenBroker, count: number): readonly string[] {
  const taking = ['--conf', SUBSCRIBE, '--count', `${count}`, '--prefetch', `${WINDOW}`];
  return [...login('incoming', broker), ...taking];
}

/** Ours and, where it is given, stompclt, with the same arguments. */
function commands(
  setting: Setting,
  run: (command: (args: readonly string[]) => readonly string[]) => Promise<Figures>,
) {
  const { mode, stompclt } = setting;
  const runners: Runner[] = [{ name: 'stompctl', run: () => run((args) => ours(args, mode)) }];
  if (stompclt !== undefined)
    runners.push({ name: 'stompclt', run: () => run((args) => theirs(stompclt, args, mode)) });
  return runners;
}

export function queueToQueue(setting: Setting): Runner[] {
  const { messages, mode } = setting;
  const runners = commands(setting, (command) =>
    inFolders(setting, true, ({ from, to }) =>
      runCommand(command([...fromQueue(from), '--outgoing-queue', `path=${to}`]), messages),
    ),
  );
  const synced = mode === 'synced';
  for (const [name, carry] of Object.entries({ 'system calls, copied': copied, 'system calls, linked': linked }))
    runners.push({
      name,
      run: () => inFolders(setting, true, ({ from, to }) => plainMove(from, to, { messages, synced, carry })),
    });
  const python = () => inFolders(setting, true, ({ from, to }) => pythonMove(from, to, messages));
  if (hasPython('dirq')) runners.push({ name: 'python3-dirq', run: python });
  return runners;
}

/** 1, 2 and 4 of ours on one queue. */
export function processes(setting: Setting): Runner[] {
  return COUNTS.map((count) => ({
    name: `${count} process${count > 1 ? 'es' : ''}`,
    run: () =>
      inFolders(setting, true, ({ from, to }) =>
        runCommand(ours([...fromQueue(from), '--outgoing-queue', `path=${to}`], setting.mode), setting.messages, count),
      ),
  }));
}

/** Takes from the broker what a run has sent there. */
async function drained(broker: OpenBroker, messages: number, figures: Promise<Figures>): Promise<Figures> {
  const measured = await figures;
  await rawReceive(broker, { destination: DESTINATION, messages });
  return measured;
}

function send(broker: OpenBroker, { messages, bytes, mode }: Setting): Promise<Figures> {
  const window = mode === 'unreliable' ? undefined : WINDOW;
  return rawSend(broker, { destination: DESTINATION, messages, bodyBytes: bytes, window });
}

function taskOf(way: StompjsTask['way'], { messages, bytes }: Setting, broker: OpenBroker): StompjsTask {
  return { ...WITH_PEERS, way, broker, messages, bytes };
}

export function queueToBroker(setting: Setting, broker: OpenBroker): Runner[] {
  const { messages } = setting;
  const runners = commands(setting, (command) =>
    inFolders(setting, false, ({ from }) =>
      drained(broker, messages, runCommand(command([...fromQueue(from), ...login('outgoing', broker)]), messages)),
    ),
  );
  runners.push({ name: 'raw socket', run: () => drained(broker, messages, send(broker, setting)) });
  if (setting.mode === 'unreliable') return runners;
  const synced = setting.mode === 'synced';
  const both = () =>
    inFolders(setting, false, ({ from }) =>
      drained(broker, messages, callsThenSocket(broker, from, { ...WITH_PEERS, messages, synced })),
    );
  runners.push({ name: 'socket and system calls', run: both });
  const python = () =>
    inFolders(setting, false, ({ from }) =>
      drained(broker, messages, pythonBroker('send', broker, { ...WITH_PEERS, path: from, messages })),
    );
  if (hasPython('dirq', 'stomp')) runners.push({ name: PYTHON, run: python });
  const javascript = () => drained(broker, messages, stompjs(taskOf('send', setting, broker)));
  return [...runners, { name: 'stompjs, no queue', run: javascript }];
}

/** Ours with callbacks that set a header, and without one; stompclt with the one in its language. */
export function callbacks(setting: Setting, broker: OpenBroker): Runner[] {
  const { messages, mode, stompclt } = setting;
  const perl = ['--callback-code', '$hdr{persistent} = "true";'];
  const javascript = ['--callback-language', 'javascript', '--callback-code', 'hdr.persistent = "true"'];
  const runner = (name: string, words: (args: readonly string[]) => readonly string[], args: readonly string[]) => ({
    name,
    run: () =>
      inFolders(setting, false, ({ from }) => {
        const command = words([...args, ...fromQueue(from), ...login('outgoing', broker)]);
        return drained(broker, messages, runCommand(command, messages));
      }),
  });
  const own = (args: readonly string[]) => ours(args, mode);
  const runners = [runner('stompctl, Perl', own, perl)];
  if (stompclt !== undefined) runners.push(runner('stompclt, Perl', (args) => theirs(stompclt, args, mode), perl));
  runners.push(runner('stompctl, JavaScript', own, javascript), runner('stompctl, rules', own, ['--conf', RULES]));
  return [...runners, runner('stompctl, none', own, [])];
}

export function brokerToQueue(setting: Setting, broker: OpenBroker): Runner[] {
  const { messages } = setting;
  const runners = commands(setting, async (command) => {
    await send(broker, setting);
    return inFolders({ ...setting, messages: 0 }, false, async ({ to }) =>
      stored(
        to,
        messages,
        await runCommand(command([...fromBroker(broker, messages), '--outgoing-queue', `path=${to}`]), messages),
      ),
    );
  });
  const raw = async () => {
    await send(broker, setting);
    return rawReceive(broker, { destination: DESTINATION, messages });
  };
  const { bytes, mode } = setting;
  const plain = () =>
    inFolders({ ...setting, messages: 0 }, false, async ({ to }) =>
      stored(to, messages, await plainStore(to, { messages, bytes, synced: mode === 'synced' })),
    );
  runners.push({ name: 'raw socket', run: raw }, { name: 'system calls, stored', run: plain });
  if (mode === 'unreliable') return runners;
  const both = async () => {
    await send(broker, setting);
    return inFolders({ ...setting, messages: 0 }, false, async ({ to }) =>
      stored(to, messages, await socketThenCalls(broker, to, { ...WITH_PEERS, messages, synced: mode === 'synced' })),
    );
  };
  runners.push({ name: 'socket and system calls', run: both });
  const python = async () => {
    await send(broker, setting);
    return inFolders({ ...setting, messages: 0 }, false, async ({ to }) =>
      stored(to, messages, await pythonBroker('receive', broker, { ...WITH_PEERS, path: to, messages })),
    );
  };
  if (hasPython('dirq', 'stomp')) runners.push({ name: PYTHON, run: python });
  const javascript = async () => {
    await send(broker, setting);
    return stompjs(taskOf('receive', setting, broker));
  };
  return [...runners, { name: 'stompjs, no queue', run: javascript }];
}

/** 1, 2 and 4 of ours on one queue of a broker. */
export function consumers(setting: Setting, broker: OpenBroker): Runner[] {
  return COUNTS.map((count) => ({
    name: `${count} consumer${count > 1 ? 's' : ''}`,
    run: async () => {
      const messages = setting.messages - (setting.messages % 4);
      await send(broker, { ...setting, messages });
      return inFolders({ ...setting, messages: 0 }, false, async ({ to }) => {
        const args = [...fromBroker(broker, messages / count), '--outgoing-queue', `path=${to}`];
        return stored(to, messages, await runCommand(ours(args, setting.mode), messages, count));
      });
    },
  }));
}

function stored(to: string, messages: number, figures: Figures): Figures {
  const there = elementsIn(to);
  if (there < messages) throw new Error(`bench: ${there} of ${messages} arrived`);
  return figures;
}

/** Back into the queue that they came from: as many as were there. stompclt sends on what RabbitMQ refuses (`message-id`), and is left out. */
export function brokerToBroker(setting: Setting, broker: OpenBroker): Runner[] {
  const { messages } = setting;
  return commands({ ...setting, stompclt: undefined }, async (command) => {
    await send(broker, setting);
    const args = [...fromBroker(broker, messages), ...login('outgoing', broker)];
    return drained(broker, messages, runCommand(command(args), messages));
  });
}
