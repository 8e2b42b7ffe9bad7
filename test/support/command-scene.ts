import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.js';
import { parseCommand } from '../../src/base/command-words.js';
import { Message, newHeader } from '../../src/message/message.js';
import { CommandSink, type CommandSinkOptions } from '../../src/sinks/command/command-sink.js';
import { atEnd, type Cleaning, tempFolder } from './temp-folder.js';

/** A folder, and sinks that run scripts in it. */
export class CommandScene {
  readonly folder: string;
  /** what the commands wrote, `stdout` or `stderr` before each line */
  readonly lines: string[] = [];
  readonly troubles: { readonly event: string; readonly text: string }[] = [];
  readonly #test: Cleaning;

  private constructor(test: Cleaning, folder: string) {
    this.#test = test;
    this.folder = folder;
  }

  static async set(test: Cleaning): Promise<CommandScene> {
    return new CommandScene(test, await tempFolder(test));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a script of sh, `$D` being the folder, and gives its path. */
  script(text: string, name = 'command', mode = 0o755): string {
    const path = this.path(name);
    writeFileSync(path, `#!/bin/sh\nD='${this.folder}'\n${text}\n`);
    chmodSync(path, mode);
    return path;
  }

  /** An open sink that runs this command; it is closed when the test ends. */
  async sink(command: string, options: Partial<CommandSinkOptions> = {}): Promise<CommandSink> {
    const sink = this.unopened(command, options);
    await sink.open();
    return sink;
  }

  unopened(command: string, options: Partial<CommandSinkOptions> = {}): CommandSink {
    const sink = new CommandSink({
      words: parseCommand(command),
      environment: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
      shape: { kind: 'message' },
      concurrency: 1,
      timeoutMs: 600_000,
      maxAttempts: 3,
      clock: systemClock,
      onLine: (stream, line) => this.lines.push(`${stream} ${line}`),
      onTrouble: (event, text) => this.troubles.push({ event, text }),
      ...options,
    });
    atEnd(this.#test, () => sink.close());
    return sink;
  }

  /** What a file of the folder holds; empty when it is not there. */
  read(name: string): string {
    return this.has(name) ? readFileSync(this.path(name), 'utf8') : '';
  }

  has(name: string): boolean {
    return readdirSync(this.folder).includes(name);
  }
}

export function message(body: string | Buffer, header: Readonly<Record<string, string>> = {}): Message {
  return new Message(newHeader(header), Buffer.from(body), typeof body === 'string');
}
