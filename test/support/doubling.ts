import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DocumentedSession } from './documented-session.js';
import { eventually } from './eventually.js';
import { StompctlProcess } from './stompctl-process.js';
import { atEnd, type Cleaning } from './temp-folder.js';

/** Runs double.yaml of docs/first-aid.md, logged in with this password, until the test ends. */
export async function serveDoubles(test: Cleaning, session: DocumentedSession, pass: string): Promise<void> {
  const page = readFileSync('docs/first-aid.md', 'utf8');
  const [, text = ''] = /^```yaml\n(# double\.yaml\n[\s\S]*?)^```$/m.exec(page) ?? [];
  writeFileSync(join(session.folder, 'double.yaml'), session.owned(text));
  writeFileSync(join(session.folder, session.owned('alice.pass')), pass, { mode: 0o600 });
  const run = new StompctlProcess(['--config', 'double.yaml'], { cwd: session.folder });
  atEnd(test, () => run.stop());
  await eventually(() => run.stderr.includes('connected to') || run.stdout.includes('connected to'));
}
