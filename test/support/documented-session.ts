import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STOMPCTL } from './stompctl-process.js';
import { type Cleaning, tempFolder } from './temp-folder.js';

/** A command of a document, and what it says there. */
export interface DocumentedStep {
  readonly command: string;
  readonly output: string;
}

/** The steps of all `console` blocks of a page, in order. */
export function documentedSteps(page: string): DocumentedStep[] {
  const text = readFileSync(page, 'utf8');
  const sessions = [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, session = '']) => session).join('');
  return sessions
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = ''] = step.split('\n', 1);
      return { command, output: step.slice(command.length + 1) };
    });
}

/** A folder in which `stompctl` is the built command; `own` replaces texts of the document by those of this place. */
export class DocumentedSession {
  readonly folder: string;
  readonly #own: ReadonlyMap<string, string>;

  private constructor(folder: string, own: ReadonlyMap<string, string>) {
    this.folder = folder;
    this.#own = own;
  }

  static async open(test: Cleaning, own: ReadonlyMap<string, string>): Promise<DocumentedSession> {
    const folder = await tempFolder(test);
    mkdirSync(join(folder, 'bin'));
    const stompctl = `#!/bin/sh\nexec '${process.execPath}' '${STOMPCTL}' "$@"\n`;
    writeFileSync(join(folder, 'bin', 'stompctl'), stompctl, { mode: 0o755 });
    return new DocumentedSession(folder, own);
  }

  /** Runs a command as written, and resolves to what it says on both outputs. */
  async run(command: string): Promise<string> {
    const env = { ...process.env, PATH: `${join(this.folder, 'bin')}:${process.env.PATH}` };
    return new Promise((resolve) => {
      execFile('bash', ['-c', this.owned(command)], { cwd: this.folder, env }, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
  }

  /** Runs the steps one after the other: each says what stands in the document. */
  async happens(steps: readonly DocumentedStep[]): Promise<void> {
    for (const { command, output } of steps) assert.equal(await this.run(command), this.owned(output), command);
  }

  /** A text of the document with what is of this place. */
  owned(text: string): string {
    let own = text;
    for (const [documented, here] of this.#own) own = own.replaceAll(documented, here);
    return own;
  }
}
