// A real browser for the scenarios: Chromium from the distribution, driven by playwright-core.
//
// A scenario is a program of its own:
//     import { scenario } from './browser.mjs';
//     await scenario(async ({ open }) => {
//       const { page, complaints, shot } = await open({ locale: 'zh-CN' });
//       ...
//       return { what: 'the caller reads' };
//     });
//
// In:  HUFU_TEST_CHROMIUM (path of the browser), SCREENSHOTS (a folder; empty: none are taken)
// Out: one line of JSON, { "result": ..., "complaints": [...] }, exit status 0; or { "error": ..., "pages": ... } and 1.
//      What a page complained about on its console, each violation of its Content-Security-Policy, and
//      each request to any other host than *.localhost is a failure. What has to come, such as the
//      console's line about a page with status 403, a scenario takes out with `pardon`.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const TIMEOUT_MS = 15_000;

const ARGUMENTS = [
  '--no-sandbox', // the tests may run as root
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Nothing but this machine is reachable, whatever a page asks for.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *.localhost, EXCLUDE localhost, EXCLUDE 127.0.0.1',
];

/** Screens that pages are looked at on. */
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** User-Agents of the WeCom client, in which a sign-in starts by itself. */
export const WECOM_PHONE =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 ' +
  'Chrome/126.0.0.0 Mobile Safari/537.36 wxwork/4.1.30 MicroMessenger/7.0.1 NetType/WIFI Language/zh';
export const WECOM_DESKTOP =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
  'Chrome/126.0.0.0 Safari/537.36 wxwork/4.1.30 (MicroMessenger/6.2) WindowsWechat';

/** Those of browsers in which no source works: a phone's own, and plain WeChat. */
export const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Version/18.0 Mobile/15E148 Safari/604.1';
export const WECHAT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Mobile/15E148 MicroMessenger/8.0.50(0x1800323d) NetType/WIFI Language/zh_CN';

function launch() {
  const executablePath = process.env.HUFU_TEST_CHROMIUM;
  if (!executablePath) throw new Error('the variable HUFU_TEST_CHROMIUM is missing');
  return chromium.launch({ executablePath, args: ARGUMENTS, timeout: 2 * TIMEOUT_MS });
}

/** Collects what the pages of a context complain about. */
async function listen(context, complaints) {
  // The console says it too, but not which directive and not of what.
  await context.exposeBinding('reportViolation', (_, text) => complaints.push(`CSP: ${text}`));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      globalThis.reportViolation(`${event.effectiveDirective} blocked ${event.blockedURI || 'inline'}`);
    });
  });
  context.on('console', (message) => {
    if (message.type() !== 'error') return;
    complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  context.on('request', (request) => {
    if (!isOurs(new URL(request.url()))) complaints.push(`foreign: ${request.url()}`);
  });
  context.on('weberror', (error) => complaints.push(`exception: ${error.error().message}`));
}

/** Is nothing of the Internet asked with this URL? */
function isOurs({ protocol, hostname }) {
  return ['data:', 'blob:', 'about:'].includes(protocol) || hostname.endsWith('.localhost');
}

/** Takes out the one complaint with this text, which has to be there (or comes at once). */
export async function pardon(complaints, text) {
  for (let tries = 0; tries < 50; tries++) {
    const at = complaints.findIndex((complaint) => complaint.includes(text));
    if (at >= 0) return complaints.splice(at, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nobody complained about ${text}, but [${complaints.join('; ')}]`);
}

/**
 * A new context (its own cookies) with one page.
 * `options` are playwright's: userAgent, javaScriptEnabled, viewport, locale, colorScheme, ...
 */
async function open(browser, complaints, options = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, locale: 'en', ...options });
  context.setDefaultTimeout(TIMEOUT_MS);
  const mine = [];
  complaints.push(mine);
  await listen(context, mine);
  const page = await context.newPage();
  const shot = (name, of = page) => screenshot(of, name);
  return { context, page, complaints: mine, shot };
}

/** A picture of the whole page in the folder SCREENSHOTS. */
async function screenshot(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Where the pages were when a scenario failed: their addresses and what a person read there. */
async function whereabouts(browser) {
  const pages = browser?.contexts().flatMap((context) => context.pages()) ?? [];
  const describe = async (page) => {
    const text = await page.evaluate(() => document.body.innerText).catch(() => 'not to be read');
    return `${page.url()}: ${text.replace(/\s+/g, ' ').slice(0, 300)}`;
  };
  return Promise.all(pages.map(describe));
}

/** Runs one scenario, says its result, ends the browser. */
export async function scenario(body) {
  const complaints = [];
  let browser;
  try {
    browser = await launch();
    const result = await body({ browser, open: (options) => open(browser, complaints, options) });
    const left = complaints.flat();
    console.log(JSON.stringify({ result: result ?? null, complaints: left }));
    if (left.length > 0) process.exitCode = 1;
  } catch (error) {
    const said = { error: String(error?.message ?? error), complaints: complaints.flat() };
    console.log(JSON.stringify({ ...said, pages: await whereabouts(browser) }));
    process.exitCode = 1;
  } finally {
    await browser?.close();
  }
}
