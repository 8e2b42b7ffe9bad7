import { createHash } from 'node:crypto';
import type { Answer } from './metrics-server.js';
import { PAGE_HTML, PAGE_SCRIPT, PAGE_STYLE } from './page-text.js';

let made: Answer | undefined;

/** The page for people: one answer, that asks for nothing but the status at the same place. */
export function statusPage(): Answer {
  made ??= {
    status: 200,
    type: 'text/html; charset=utf-8',
    // functions: a `$` in the texts is no pattern
    body: PAGE_HTML.replace('/*style*/', () => PAGE_STYLE).replace('/*script*/', () => PAGE_SCRIPT),
    headers: { 'content-security-policy': policy() },
  };
  return made;
}

/** Only this style and this script: what a broker's words might smuggle in does not run. */
function policy(): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(PAGE_SCRIPT)}`,
    `style-src ${hash(PAGE_STYLE)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
