import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { startProgress } from '../../src/cli/command-line/progress.js';
import { eventually } from '../support/eventually.js';

/** What is written to a terminal of 80 columns. */
class Terminal extends Writable {
  readonly isTTY = true;
  readonly columns = 80;
  readonly rows = 24;
  shown = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.shown += chunk.toString();
    done();
  }
}

const terminal = () => new Terminal() as Terminal & NodeJS.WriteStream;

test('a progress bar with numbers of seven digits fits a line of 80 columns, unit and time left included', async () => {
  const stream = terminal();
  const progress = await startProgress({ total: 9_244_000, done: () => 1_234_567, label: 'messages', stream });
  progress.stop();
  assert.match(stream.shown, /messages \[=+ +\] 13% 1234567\/9244000 \d+ msg\/s \d+ s left/);
});

test('a progress bar that stands still is drawn again behind a log line', async () => {
  const stream = terminal();
  const progress = await startProgress({ total: 5, done: () => 0, label: 'messages', stream });
  try {
    const drawn = () => stream.shown.split('0/5 0 msg/s ? s left').length - 1;
    await eventually(() => drawn() > 0);
    // as the logger does
    const before = drawn();
    stream.write('\r\u001b[Ka log line\n');
    await eventually(() => drawn() > before + 1);
  } finally {
    progress.stop();
  }
});
