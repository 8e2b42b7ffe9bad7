import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** `unknown`: this system does not tell (no /proc, or one that hides the processes of others). */
export type Ownership = 'ours' | 'other' | 'unknown';

/** What runs scripts: Node, and Perl for stompclt, whose pidfiles are the same. */
const INTERPRETER = /^(?:node(?:js)?|perl)[\d.]*$/;
const PROGRAM = /^(?:stompctl(?:\.js)?|stompclt)$/;
/** Options of Node and Perl whose value is an argument of its own. */
const TAKES_VALUE = /^(?:-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file|-I)$/;

/**
 * Is process `pid` a stompctl (or stompclt) that runs as user `uid`? A pidfile that its owner left behind, or that somebody
 * wrote, may name any process: only one of ours may be signalled for it.
 */
export function programOf(pid: number, uid: number): Ownership {
  let status: string;
  let commandLine: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
    commandLine = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // no /proc, another user's process in one that hides them, or a process that just ended: the caller looks again
    return 'unknown';
  }
  // proc(5): real, effective, saved and file-system user
  const [, , effective] = /^Uid:\s+(\d+)\s+(\d+)/m.exec(status) ?? [];
  return Number(effective) === uid && isStompctl(commandLine.split('\0')) ? 'ours' : 'other';
}

/**
 * Is process `pid` certainly no stompctl? More careful than `programOf`, since whoever starts a second instance loses the
 * first: any Node or Perl may be one under another name, as may what names stomp in its arguments, and the user does not
 * count (file servers map users). False when this system does not tell.
 */
export function isForeign(pid: number): boolean {
  let commandLine: string;
  try {
    commandLine = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return false;
  }
  const name = basename(commandLine.split('\0')[0] ?? '');
  // none: of the kernel, or just ending
  if (name === '' || /stomp/i.test(commandLine)) return false;
  return !INTERPRETER.test(name) && name !== basename(process.execPath);
}

/** The arguments of a process, its program first: is the script that it runs, or the program itself, stompctl? */
export function isStompctl([program = '', ...args]: readonly string[]): boolean {
  const name = basename(program);
  if (PROGRAM.test(name)) return true;
  if (!INTERPRETER.test(name) && name !== basename(process.execPath)) return false;
  const script = args.find((arg, index) => !arg.startsWith('-') && !TAKES_VALUE.test(args[index - 1] ?? ''));
  return script !== undefined && PROGRAM.test(basename(script));
}
