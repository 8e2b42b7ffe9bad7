import { type Frame, newFrameHeader } from '../stomp/codec/frame.js';
import { Refusal } from './broker-refusal.js';
import { Fault, type FaultLimits, type FaultPeer } from './fault.js';

const ALWAYS = Number.POSITIVE_INFINITY;

/** The message is stored, its RECEIPT never sent. Counts RECEIPT frames; strikes once by default. */
export function brokerWithholdsReceipt(limits: FaultLimits = {}): Fault {
  return onSending('brokerWithholdsReceipt', limits, 1, isReceipt, () => undefined);
}

/** Receipts come `delayMs` later, in order. Counts RECEIPT frames; strikes always by default. */
export function brokerDelaysReceipts(options: FaultLimits & { readonly delayMs: number }): Fault {
  return onSending('brokerDelaysReceipts', options, ALWAYS, isReceipt, (peer, frame) => {
    setTimeout(() => peer.send(frame), options.delayMs).unref();
  });
}

/**
 * Receipts are collected by `batch` (default 2) and sent last first; an incomplete batch waits 20 ms.
 * Counts RECEIPT frames; strikes always by default.
 */
export function brokerReordersReceipts(options: FaultLimits & { readonly batch?: number } = {}): Fault {
  const batch = options.batch ?? 2;
  const held = new Map<FaultPeer, Frame[]>();
  const release = (peer: FaultPeer) => {
    const frames = held.get(peer) ?? [];
    held.delete(peer);
    for (const frame of frames.reverse()) peer.send(frame);
  };
  return onSending('brokerReordersReceipts', options, ALWAYS, isReceipt, (peer, frame) => {
    const frames = held.get(peer);
    if (frames === undefined) {
      held.set(peer, [frame]);
      setTimeout(release, 20, peer).unref();
      return;
    }
    frames.push(frame);
    if (frames.length >= batch) release(peer);
  });
}

export interface ErrorOptions extends FaultLimits {
  /** the `message` header */
  readonly message?: string;
  /** whether ERROR names the receipt; default: as the broker's dialect does */
  readonly receiptId?: boolean;
  /** whether the connection is closed afterwards; default: as the broker's dialect does */
  readonly close?: boolean;
}

/** A SEND is not stored but answered by ERROR. Counts SEND frames; strikes once by default. */
export function brokerAnswersError(options: ErrorOptions = {}): Fault {
  return brokerRefusesMessage({ times: 1, ...options, when: () => true }, 'brokerAnswersError');
}

/** Poison: a SEND that `when` picks is answered by ERROR, each time. Counts those; strikes always by default. */
export function brokerRefusesMessage(
  options: ErrorOptions & { readonly when: (frame: Frame) => boolean },
  name = 'brokerRefusesMessage',
): Fault {
  const picks = (frame: Frame) => frame.command === 'SEND' && options.when(frame);
  return onReceived(name, options, ALWAYS, picks, () => {
    throw refusalOf(options, 'The message is refused');
  });
}

/** CONNECT is answered by ERROR whatever the password. Counts CONNECT frames; strikes always by default. */
export function brokerRefusesLogin(options: ErrorOptions = {}): Fault {
  return onReceived('brokerRefusesLogin', options, ALWAYS, isConnect, () => {
    throw refusalOf(options, 'Access refused');
  });
}

/** CONNECTED names a version that the client did not offer. Counts CONNECTED frames; strikes once by default. */
export function brokerAnswersWrongVersion(options: FaultLimits & { readonly version?: string } = {}): Fault {
  return onSending('brokerAnswersWrongVersion', options, 1, isConnected, (peer, frame) => {
    peer.send({ ...frame, header: Object.assign(newFrameHeader(frame.header), { version: options.version ?? '1.3' }) });
  });
}

/** The connection is closed instead of writing one more frame. Counts frames written; strikes once by default. */
export function brokerClosesAfterFrames(options: { readonly frames: number; readonly times?: number }): Fault {
  const limits = { after: options.frames, times: options.times ?? 1 };
  return onSending('brokerClosesAfterFrames', limits, 1, any, (peer) => peer.close());
}

/** The connection is destroyed when one more frame arrives, which is lost. Counts frames read; strikes once by default. */
export function brokerClosesOnReading(options: FaultLimits & { readonly command?: string } = {}): Fault {
  return onReceived('brokerClosesOnReading', options, 1, commanded(options.command), (peer) => peer.destroy());
}

/**
 * Half of a frame's bytes, then the connection is closed or goes silent. Counts frames of `command` (default: any);
 * strikes once by default.
 */
export function brokerSendsHalfFrame(
  options: FaultLimits & { readonly command?: string; readonly afterwards: 'close' | 'silence' },
): Fault {
  return onSending('brokerSendsHalfFrame', options, 1, commanded(options.command), (peer, frame) => {
    const bytes = peer.encode(frame);
    peer.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
    if (options.afterwards === 'close') peer.close();
    else peer.fallSilent();
  });
}

/** The connection is accepted, and nothing is ever said. Counts connections; strikes always by default. */
export function brokerAcceptsAndSaysNothing(limits: FaultLimits = {}): Fault {
  return make('brokerAcceptsAndSaysNothing', limits, ALWAYS, {
    accepted(peer, fault) {
      if (fault.strikes()) peer.fallSilent();
    },
  });
}

/** From a frame on, that one included, a connection says nothing more. Counts frames written; strikes once by default. */
export function brokerFallsSilent(options: FaultLimits & { readonly command?: string } = {}): Fault {
  return onSending('brokerFallsSilent', options, 1, commanded(options.command), (peer) => peer.fallSilent());
}

/** A MESSAGE is sent twice, byte for byte. Counts MESSAGE frames; strikes once by default. */
export function brokerDeliversTwice(limits: FaultLimits = {}): Fault {
  return onSending('brokerDeliversTwice', limits, 1, isMessage, (peer, frame) => {
    peer.send(frame);
    peer.send(frame);
  });
}

/** The socket is read no more once a frame has been handled. Counts frames read; strikes once by default. */
export function brokerStopsReading(options: FaultLimits & { readonly command?: string } = {}): Fault {
  const picks = commanded(options.command);
  return make('brokerStopsReading', options, 1, {
    received(peer, frame, fault) {
      if (picks(frame) && fault.strikes()) peer.stopReading();
      return false;
    },
  });
}

const MALFORMED = {
  'unknown command': 'this is not STOMP\n\n\0',
  'no colon': 'MESSAGE\nmessage-id\n\n\0',
  'undefined escape': 'MESSAGE\nmessage-id:a\\tb\nsubscription:0\ndestination:/queue/x\n\n\0',
  'bad content-length': 'MESSAGE\nmessage-id:1\nsubscription:0\ncontent-length:ten\n\n0123456789\0',
  'body longer than content-length': 'MESSAGE\nmessage-id:1\nsubscription:0\ncontent-length:2\n\n0123456789\0',
} as const;

/** Bytes that are not STOMP instead of a frame. Counts frames written; strikes once by default. */
export function brokerSendsMalformedFrame(
  options: FaultLimits & { readonly kind?: keyof typeof MALFORMED; readonly command?: string } = {},
): Fault {
  return onSending('brokerSendsMalformedFrame', options, 1, commanded(options.command), (peer) => {
    peer.write(Buffer.from(MALFORMED[options.kind ?? 'unknown command']));
  });
}

/**
 * A MESSAGE that announces `bytes` (default 2^40) and begins. Counts frames written; strikes once by default.
 */
export function brokerSendsOversizedFrame(
  options: FaultLimits & { readonly bytes?: number; readonly command?: string } = {},
): Fault {
  return onSending('brokerSendsOversizedFrame', options, 1, commanded(options.command), (peer) => {
    const bytes = options.bytes ?? 2 ** 40;
    peer.write(
      Buffer.from(`MESSAGE\nmessage-id:1\nsubscription:0\ncontent-length:${bytes}\n\nthe first of many bytes`),
    );
  });
}

/**
 * A header line without end instead of a frame, until the client hangs up or `bytes` (default 64 MiB) are written.
 * Counts frames written; strikes once by default.
 */
export function brokerSendsEndlessHeader(
  options: FaultLimits & { readonly bytes?: number; readonly command?: string } = {},
): Fault {
  return onSending('brokerSendsEndlessHeader', options, 1, commanded(options.command), (peer) => {
    const piece = Buffer.alloc(256 * 1024, 'x');
    let left = options.bytes ?? 64 * 1024 * 1024;
    peer.write(Buffer.from('MESSAGE\nendless:'));
    const more = () => {
      peer.write(piece);
      left -= piece.length;
      if (left > 0 && peer.open) setTimeout(more, 1).unref();
    };
    more();
  });
}

/** The connection stays open after DISCONNECT or ERROR. Counts closings; strikes always by default. */
export function brokerNeverCloses(limits: FaultLimits = {}): Fault {
  return make('brokerNeverCloses', limits, ALWAYS, { closing: (_peer, fault) => fault.strikes() });
}

/** Heart-beats are left out. Counts heart-beats; strikes always by default. */
export function brokerStopsHeartBeats(limits: FaultLimits = {}): Fault {
  return make('brokerStopsHeartBeats', limits, ALWAYS, { heartBeat: (_peer, fault) => fault.strikes() });
}

/** A frame of the client is read and forgotten. Counts frames of `command` (default: any); strikes once by default. */
export function brokerIgnoresFrame(options: FaultLimits & { readonly command?: string } = {}): Fault {
  return onReceived('brokerIgnoresFrame', options, 1, commanded(options.command), () => undefined);
}

type Pick = (frame: Frame) => boolean;
type Act = (peer: FaultPeer, frame: Frame) => void;

const any: Pick = () => true;
const isReceipt: Pick = (frame) => frame.command === 'RECEIPT';
const isMessage: Pick = (frame) => frame.command === 'MESSAGE';
const isConnect: Pick = (frame) => frame.command === 'CONNECT' || frame.command === 'STOMP';
const isConnected: Pick = (frame) => frame.command === 'CONNECTED';

function commanded(command: string | undefined): Pick {
  return command === undefined ? any : (frame) => frame.command === command;
}

function make(name: string, limits: FaultLimits, times: number, hooks: Fault['hooks']): Fault {
  return new Fault(name, { after: limits.after ?? 0, times: limits.times ?? times }, hooks);
}

/** Faults that take the place of writing a frame of the broker. */
const onSending = insteadOf('sending');
/** Faults that take the place of handling a frame of the client. */
const onReceived = insteadOf('received');

function insteadOf(hook: 'sending' | 'received') {
  return (name: string, limits: FaultLimits, times: number, picks: Pick, act: Act): Fault =>
    make(name, limits, times, {
      [hook](peer: FaultPeer, frame: Frame, fault: Fault): boolean {
        if (!picks(frame) || !fault.strikes()) return false;
        act(peer, frame);
        return true;
      },
    });
}

function refusalOf(options: ErrorOptions, message: string): Refusal {
  return new Refusal(options.message ?? message, '', {
    ...(options.close === undefined ? {} : { close: options.close }),
    ...(options.receiptId === undefined ? {} : { receiptId: options.receiptId }),
  });
}
