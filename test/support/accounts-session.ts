import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DocumentedSession, documentedSteps } from './documented-session.js';
import type { Cleaning } from './temp-folder.js';

const PAGE = 'docs/rabbitmq-accounts.md';

/** The file of the document, without its place of the API. */
function accountsYaml(): string {
  return /^```yaml\n([\s\S]*?)^```$/m.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? '';
}

/** Runs the sessions of docs/rabbitmq-accounts.md as written, against this API. */
export async function accountsHappen(
  test: Cleaning,
  api: { readonly uri: string; readonly user: string; readonly pass: string },
): Promise<void> {
  const session = await DocumentedSession.open(test, new Map([[`'secret'`, `'${api.pass}'`]]));
  const text = accountsYaml().replace('http://localhost:15672', api.uri).replace('user: admin', `user: ${api.user}`);
  writeFileSync(join(session.folder, 'accounts.yaml'), text);
  await session.happens(documentedSteps(PAGE));
}
