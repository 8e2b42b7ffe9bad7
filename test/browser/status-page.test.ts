import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { Scene } from '../support/scene.js';
import { SeveralScene } from '../support/several-scene.js';
import type { StompctlProcess } from '../support/stompctl-process.js';
import { atEnd, type Cleaning } from '../support/temp-folder.js';

/** Debian's; another one by its path. */
const CHROMIUM = process.env.STOMPCTL_TEST_CHROMIUM ?? '/usr/bin/chromium';
/** Where pictures of the page go, for who wants to look at them. */
const PICTURES = process.env.STOMPCTL_TEST_PICTURES;

const FORMS: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ['light', { viewport: { width: 1100, height: 900 }, colorScheme: 'light' }],
  ['dark', { viewport: { width: 1100, height: 900 }, colorScheme: 'dark' }],
  ['phone', { viewport: { width: 360, height: 740 }, colorScheme: 'light', isMobile: true, hasTouch: true }],
  ['phone-dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark', isMobile: true, hasTouch: true }],
];

let browser: Browser;

async function sender(test: Cleaning): Promise<{ scene: Scene; run: StompctlProcess; url: string }> {
  const scene = await Scene.set(test, { users: { me: 's3cret' } });
  scene.fill('in', 200);
  const auth = ['--outgoing-broker-auth', 'plain name=me pass=s3cret'];
  const queues = ['--failure-queue', `path=${scene.path('failures')}`, '--metrics-listen', '127.0.0.1:0'];
  const callback = ['--callback-code', 'hdr["x-seen"] = "1";\n', '--callback-language', 'javascript'];
  const run = scene.start(scene.sender('--loop', ...auth, ...queues, ...callback));
  const address = await eventually(() => String(run.log('metrics-listen')[0]?.address ?? ''));
  return { scene, run, url: `http://${address}/` };
}

/** A page that fails the test when it reports an error, or asks for anything elsewhere. */
async function opened(test: Cleaning, url: string, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext(options);
  const faults: string[] = [];
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (line) => {
    // what the browser says of a server that is away is no fault of the page
    if (line.type() === 'error' && !line.text().includes('net::ERR')) faults.push(line.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) faults.push(request.url());
  });
  await page.goto(url);
  atEnd(test, async () => {
    await context.close();
    assert.deepEqual(faults, []);
  });
  return page;
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

describe('the status page in Chromium', () => {
  before(async () => {
    assert.ok(
      existsSync(CHROMIUM),
      `${CHROMIUM} is not there: install Debian's chromium, or set STOMPCTL_TEST_CHROMIUM`,
    );
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    browser = await chromium.launch({ executablePath: CHROMIUM, args, timeout: 120_000 });
  });

  after(() => browser.close());

  for (const [name, options] of FORMS) {
    it(`fits, and shows path, counts and configuration: ${name}`, async (test) => {
      const { url, run } = await sender(test);
      const page = await opened(test, url, options);
      await page.locator('#counts >> text=200').first().waitFor();
      await eventually(async () => (await page.locator('#state').textContent()) === 'moving');
      assert.equal(await page.locator('#path li').count(), 3);
      assert.match(
        String(await page.locator('#path').textContent()),
        /source.*queue .*open.*callback.*sink.*broker .*open/,
      );
      await eventually(async () => (await page.locator('#sent-line').getAttribute('d'))?.includes('L'));
      const shown = page.locator('#options tbody tr:visible');
      await eventually(async () => (await shown.count()) > 5);
      const given = await shown.count();
      await page.locator('#all-options').check();
      await eventually(async () => (await shown.count()) > given + 20);
      await page.locator('#all-options').uncheck();
      const text = String(await page.locator('body').textContent());
      assert.match(text, /plain name=me pass=\*\*\*/);
      assert.doesNotMatch(text, /s3cret/);
      const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      assert.equal(wide, 0, 'nothing stands out on the right');
      const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      assert.equal(String(ground), options.colorScheme === 'dark' ? 'rgb(20, 23, 28)' : 'rgb(244, 245, 247)');
      await picture(page, name);
      assert.equal((await run.stop()).code, 0);
    });
  }

  it('says that the broker is away, that it is back, and that the run has ended', async (test) => {
    const { scene, run, url } = await sender(test);
    const page = await opened(test, url, { viewport: { width: 1100, height: 900 } });
    const state = page.locator('#state');
    await eventually(async () => (await state.textContent()) === 'moving');
    await scene.broker.kill();
    await eventually(async () => (await state.textContent()) === 'stuck');
    assert.match(String(await page.locator('#reason').textContent()), /^sink broker .* is away for /);
    await eventually(async () =>
      /last error, \d+ s ago: connect\(/.test(String(await page.locator('#path').textContent())),
    );
    await picture(page, 'stuck');
    await scene.broker.resumeAccepting();
    await eventually(async () => ['moving', 'idle'].includes(String(await state.textContent())));
    assert.equal((await run.stop()).code, 0);
    await eventually(async () => (await state.textContent()) === 'no answer');
    await picture(page, 'ended');
  });

  it('shows several transfers, and the one that was chosen', async (test) => {
    const of = await SeveralScene.set(test);
    of.mover('a');
    of.mover('b&c', 'loop = true\nwindow = 7\n');
    of.write('broken.conf', 'windou = 5\n');
    const run = of.start('--metrics-listen', '127.0.0.1:0');
    const address = await eventually(() => String(run.log('metrics-listen')[0]?.address ?? ''));
    const page = await opened(test, `http://${address}/`, { viewport: { width: 360, height: 740 } });
    const rows = page.locator('#transfers tbody tr');
    await eventually(async () => (await rows.count()) === 3);
    assert.equal(await page.locator('#state').textContent(), 'stuck');
    assert.match(String(await rows.nth(2).textContent()), /broken.*failed.*windou/);
    assert.match(String(await page.locator('#path').textContent()), /in-a/);
    await page.locator('#transfers a', { hasText: 'b&c' }).click();
    await eventually(async () => /in-b&c/.test(String(await page.locator('#path').textContent())));
    assert.equal(await page.locator('#path-title').textContent(), 'Path of b&c');
    await eventually(async () => /window7/.test(String(await page.locator('#options').textContent())));
    const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    assert.equal(wide, 0, 'nothing stands out on the right');
    await picture(page, 'several');
    assert.equal((await run.stop()).code, 78);
  });

  it('shows what a broker says as text, whatever it is', async (test) => {
    const { scene, run, url } = await sender(test);
    const page = await opened(test, url, {});
    await page.route('**/status', async (route) => {
      const status: object = JSON.parse(await (await route.fetch()).text());
      const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
      const ends = [{ role: 'sink', name: evil, phase: 'open', attempt: 0, lastError: { message: evil, agoMs: 1 } }];
      await route.fulfill({ json: { ...status, reason: evil, ends } });
    });
    await eventually(async () => (await page.locator('#reason').textContent())?.includes('<img src=x'));
    assert.match(String(await page.locator('#path').textContent()), /<script>/);
    assert.equal(await page.locator('#path img, #path script, #reason img').count(), 0);
    assert.match(await page.title(), / – stompctl$/);
    assert.ok(scene.broker.uri);
    assert.equal((await run.stop()).code, 0);
  });
});
