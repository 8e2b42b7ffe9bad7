import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import type { Clock } from '../base/clock.js';
import { errnoOf, StompctlError } from '../base/errors.js';
import { unless } from '../base/file-system.js';
import { withDeadline } from '../base/wait.js';

/** A socket that takes connections does so at once, however busy its process is: the system keeps them for it. */
const ANSWER_MS = 2000;

/**
 * Makes way for a socket at `path`: one that a dead process left is removed. METRICS_LISTEN when something else is there: a socket
 * that somebody listens on, or that is not ours to try, or a file of another kind.
 */
export async function clearSocketFile(path: string, clock: Clock): Promise<void> {
  const found = look(path);
  if (found === undefined) return;
  if (!found.isSocket)
    throw refused(path, 'is there and is no socket: give another path, or remove it if nothing needs it');
  const answer = await withDeadline(clock, ANSWER_MS, knock(path), () => 'late');
  if (answer === 'gone') return;
  if (answer !== 'ECONNREFUSED') {
    const who =
      answer === 'open' || answer === 'late' ? 'another process listens there' : `cannot be tried (${answer})`;
    throw refused(path, `${who}: stop that one, or give this run a path of its own`);
  }
  const aside = `${path}.${process.pid}.old`;
  // RACE: another starting process may have found out the same, removed the file and made its own since: what was renamed then
  // is a living socket, and is put back.
  if (!unless('ENOENT', () => renameSync(path, aside))) return;
  const moved = look(aside);
  if (moved?.identity !== found.identity) {
    unless('EEXIST', () => linkSync(aside, path));
    unlinkSync(aside);
    throw refused(path, 'another process has just begun to listen there');
  }
  unlinkSync(aside);
}

function look(path: string): { readonly isSocket: boolean; readonly identity: string } | undefined {
  // a link is not followed: what it leads to may be anybody's
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && { isSocket: stat.isSocket(), identity: `${stat.dev}:${stat.ino}:${stat.mtimeNs}` };
}

/** `open`, `gone`, or the system's word for why not. */
function knock(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.on('connect', () => {
      resolve('open');
      socket.destroy();
    });
    socket.on('error', (error) => resolve(errnoOf(error) === 'ENOENT' ? 'gone' : (errnoOf(error) ?? error.message)));
  });
}

function refused(path: string, reason: string): StompctlError {
  return new StompctlError('METRICS_LISTEN', 'metrics-listen', `unix:${path}`, reason);
}
