// Signing in from an app's own page: by popup, by redirect, silently; and what others learn of it.

import assert from 'node:assert/strict';

import { WECHAT, scenario } from '../browser.mjs';
import { APP, TENANT, member, source } from '../steps.mjs';

const PAGE = `${APP}/popup`;

/** The claims that the page shows. */
async function claims(page) {
  await page.locator('#claims').filter({ hasText: '"sub"' }).waitFor();
  return JSON.parse(await page.innerText('#claims'));
}

/** What the page says of the last attempt. */
const says = (page, text) => page.locator('#status').filter({ hasText: text }).waitFor();

/** Signs in at the pages of the provider. */
async function atProvider(page, userid) {
  await source(page, 'qr').click();
  await member(page, userid).click();
}

/** Waits until a page is closed by what is done in it, which may be before the deed is known to be done. */
async function closes(page, deed) {
  const pardoned = deed.catch((error) => {
    if (!page.isClosed()) throw error;
  });
  await Promise.all([page.isClosed() || page.waitForEvent('close'), pardoned]);
}

/** Opens the popup that the page's button makes. */
async function popup(page) {
  const [opened] = await Promise.all([page.waitForEvent('popup'), page.click('#popup')]);
  return opened;
}

/** A request for a message, which shows no page. */
function silent(clientId) {
  const query = new URLSearchParams({
    client_id: clientId, redirect_uri: PAGE, response_type: 'code', scope: 'openid', state: 's',
    response_mode: 'web_message', prompt: 'none', code_challenge_method: 'S256',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  });
  return `${TENANT}/oidc/auth?${query}`;
}

/** O1: a page of another origin opens the app's request and listens. */
async function strangerLearnsNothing(open, clientId) {
  const stranger = APP.replace('app.', 'stranger.');
  const { page } = await open();
  await page.goto(stranger);
  const [opened] = await Promise.all([
    page.waitForEvent('popup'),
    page.evaluate((url) => {
      globalThis.heard = [];
      addEventListener('message', ({ data }) => globalThis.heard.push(data));
      globalThis.opened = open(url);
    }, silent(clientId)),
  ]);
  // Nobody took the answer, so it goes where it belongs.
  await opened.waitForURL((url) => url.origin + url.pathname === PAGE);
  assert.deepEqual(await page.evaluate(() => globalThis.heard), []);
}

/** O2: a frame without an origin opens it and listens, in a page of the app's own. */
async function sandboxLearnsNothing(open, clientId) {
  const { page } = await open();
  await page.goto(PAGE);
  await page.evaluate(() => {
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-scripts allow-popups allow-popups-to-escape-sandbox';
    frame.name = 'sandbox';
    document.body.append(frame);
  });
  const frame = page.frame({ name: 'sandbox' });
  assert.equal(await frame.evaluate(() => origin), 'null');
  const [opened] = await Promise.all([
    page.waitForEvent('popup'),
    frame.evaluate((url) => {
      globalThis.heard = [];
      addEventListener('message', ({ data }) => globalThis.heard.push(data));
      globalThis.opened = open(url);
    }, silent(clientId)),
  ]);
  await opened.waitForURL((url) => url.origin + url.pathname === PAGE);
  assert.deepEqual(await frame.evaluate(() => globalThis.heard), []);
}

await scenario(async ({ open }) => {
  const { page } = await open();
  await page.goto(PAGE);
  const clientId = await page.getAttribute('#setup', 'data-client');

  const cancelled = await popup(page);
  await closes(cancelled, cancelled.click('#cancel'));
  await says(page, 'access_denied');

  const window = await popup(page);
  await closes(window, atProvider(window, 'zhangsan'));
  const first = await claims(page);
  assert.equal(first.iss, `${TENANT}/oidc`);
  assert.equal(page.url(), PAGE, 'the page was not left');

  // Signed in at the provider: the popup closes by itself.
  await page.reload();
  const again = await popup(page);
  if (!again.isClosed()) await again.waitForEvent('close');
  assert.equal((await claims(page)).sub, first.sub);

  // A frame of another site gets no cookies.
  await page.reload();
  await page.click('#silent');
  await says(page, 'login_required');

  await page.click('#redirect');
  const redirected = await claims(page);
  assert.equal(redirected.sub, first.sub);
  assert.equal(page.url(), PAGE, 'the answer is taken out of the address');

  await page.click('#sign-out');
  await page.waitForURL((url) => url.origin + url.pathname === PAGE);
  const afterwards = await popup(page);
  await source(afterwards, 'qr').waitFor();
  await afterwards.close();
  await says(page, 'popup_closed');

  // Inside other apps there are no popups.
  const inside = await open({ userAgent: WECHAT });
  await inside.page.goto(PAGE);
  await inside.page.click('#popup');
  await inside.page.waitForURL((url) => url.origin === TENANT && url.pathname === '/login');
  assert.equal(inside.context.pages().length, 1);

  await strangerLearnsNothing(open, clientId);
  await sandboxLearnsNothing(open, clientId);
  return { claims: first, redirected };
});
