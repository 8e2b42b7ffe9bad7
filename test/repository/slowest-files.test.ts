import assert from 'node:assert/strict';
import { test } from 'node:test';
import slowestFiles from '../../tools/slowest-files.js';

const ended = (type: string, file: string, name: string, ms: number, nesting = 0) => ({
  type,
  data: { name, nesting, file, details: { duration_ms: ms } },
});

async function* events() {
  yield { type: 'test:start', data: { name: 'a', nesting: 0, file: '/x/unit/a.test.js' } };
  yield ended('test:pass', '/x/unit/a.test.js', 'inside', 400, 1);
  yield ended('test:pass', '/x/unit/a.test.js', 'a suite', 500);
  yield ended('test:pass', '/x/e2e/b.test.js', 'slow', 2000);
  yield ended('test:fail', '/x/unit/a.test.js', 'wrong', 700);
  yield ended('test:fail', '/x/unit/a.test.js', '/x/unit/a.test.js', 1300);
}

test('npm run test:times adds up what each file took, and names what failed', async () => {
  let text = '';
  for await (const piece of slowestFiles(events())) text += piece;
  assert.equal(
    text,
    'failed: unit/a.test.js: wrong\n' +
      '     2.0 s  e2e/b.test.js\n     1.2 s  unit/a.test.js\n     3.2 s  in 2 files, one after another\n',
  );
});
