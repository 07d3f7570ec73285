// Chromium from the distribution, by the playwright-core that the other tests have.
//
// In: HUFU_TEST_CHROMIUM (path of the browser), NODE_PATH (only if tests/node has no node_modules)

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, beforeEach } from 'node:test';

import { start } from './hosts.mjs';

const require = createRequire(new URL('../../../tests/node/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const TIMEOUT_MS = 15_000;

const ARGUMENTS = [
  '--no-sandbox', // the tests may run as root
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *.localhost, EXCLUDE 127.0.0.1',
];

/**
 * The parties and a browser for the tests of a file. `open` gives a new context (own cookies and storage) with
 * the app in it; a violation of the app's Content-Security-Policy fails the test that follows or the file.
 */
export function stage() {
  const violations = [], contexts = [];
  const it = {};

  before(async () => {
    const executablePath = process.env.HUFU_TEST_CHROMIUM;
    if (!executablePath) throw new Error('the variable HUFU_TEST_CHROMIUM is missing');
    Object.assign(it, await start());
    // With the popup blocker on, as people have it.
    const ignoreDefaultArgs = ['--disable-popup-blocking'];
    it.browser = await chromium.launch({ executablePath, args: ARGUMENTS, ignoreDefaultArgs });
  });

  const settle = async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    assert.deepEqual(violations.splice(0), []);
    it.provider?.reset();
  };
  beforeEach(settle);
  after(async () => {
    await it.browser?.close();
    await it.stop?.();
    assert.deepEqual(violations, []);
  });

  it.open = async ({ app = it.app, path = '/', settings, ...options } = {}) => {
    const context = await it.browser.newContext(options);
    contexts.push(context);
    context.setDefaultTimeout(TIMEOUT_MS);
    await context.exposeBinding('reportViolation', (_, text) => violations.push(text));
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        globalThis.reportViolation(`${event.effectiveDirective} blocked ${event.blockedURI} in ${location.href}`);
      });
    });
    const page = await context.newPage();
    const query = settings ? `?settings=${encodeURIComponent(JSON.stringify(settings))}` : '';
    await visit(page, app.origin + path + query);
    return { context, page };
  };
  return it;
}

/** Opens a page of the app, until its script has run. */
export async function visit(page, url) {
  await page.goto(url);
  await page.locator('[data-ready]').waitFor();
}

/** Presses the button of one of the SDK's methods. */
export async function press(page, method, options) {
  await page.evaluate((it) => {
    globalThis.options = it;
  }, options);
  await page.click(`#${method}`);
}

/** Presses the button that opens a popup, and gives the popup, at the provider's page (or upstream). */
export async function popup(page, options, at = '#allow') {
  const opened = page.waitForEvent('popup');
  await press(page, 'signInWithPopup', options);
  const window = await opened;
  await window.locator(at).waitFor();
  return window;
}

/** What came of the calls so far, of which there have to be this many. */
export async function outcomes(page, count = 1) {
  await page.waitForFunction((least) => globalThis.outcomes?.length >= least, count);
  const all = await page.evaluate(() => globalThis.outcomes);
  assert.equal(all.length, count);
  return all;
}

/** The one result of a page. */
export async function outcome(page) {
  const [only] = await outcomes(page);
  return only;
}

export const events = (page) => page.evaluate(() => globalThis.events);

/** Keys that are left in the app's storage. */
export const stored = (page) => page.evaluate(() => Object.keys(localStorage));

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until this is so. */
export async function until(isSo) {
  for (const end = Date.now() + TIMEOUT_MS; !isSo(); await pause(20)) assert.ok(Date.now() < end, String(isSo));
}

/** Is the page under the eyes of its person? Playwright makes each page believe so. */
export const focused = (page, is) =>
  page.evaluate((value) => {
    document.hasFocus = () => value;
  }, is);

/** Is this a whole sign-in of the provider's one person? */
export function assertSignedIn(result, appState) {
  assert.equal(result.claims?.name, '张三', JSON.stringify(result));
  assert.equal(result.idToken.split('.').length, 3);
  assert.ok(result.accessToken);
  assert.equal(result.expiresIn, 3600);
  assert.equal(result.scope, 'openid profile');
  assert.deepEqual(result.appState, appState);
}
