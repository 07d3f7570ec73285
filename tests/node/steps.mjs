// What people do in the scenarios, and what they see.
//
// In: APP (base URL of the sample app), TENANT (of the tenant's host), WECOM (of the simulated WeCom),
//     CORP (WeCom's id of the corp), WORKBENCH (the app's link in the workbench)

import assert from 'node:assert/strict';

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`the variable ${name} is missing`);
  return value;
}

export const APP = setting('APP');
export const TENANT = setting('TENANT');
export const WECOM = setting('WECOM');
export const WORKBENCH = setting('WORKBENCH');

/** Opens the sample app and presses its button. */
export async function begin(page, app = APP) {
  await page.goto(app);
  await page.click('#sign-in');
}

/** The link of an identity source on our page. */
export function source(page, identifier) {
  return page.locator(`a.source[href*="/connections/social/${identifier}?"]`);
}

/** The button of a member at WeCom; `where` is a page or a frame. */
export function member(where, userid) {
  return where.locator(`button[name="userid"][value="${userid}"]`);
}

/** Is this browser at our login page? */
export async function atLogin(page) {
  await page.waitForURL((url) => url.origin === TENANT && url.pathname === '/login');
}

/** Is this browser at WeCom's page? */
export async function atWecom(page, path = '/wwlogin/sso/login') {
  await page.waitForURL((url) => url.origin === WECOM && url.pathname === path);
}

/** Is this browser at a page of ours about this failure? Returns its trace code. */
export async function atFailure(page, code) {
  const codes = page.locator('[data-code]');
  await codes.waitFor();
  assert.equal(await codes.getAttribute('data-code'), code);
  const trace = await codes.getAttribute('data-trace');
  assert.ok(trace, 'no trace code');
  assert.ok((await codes.innerText()).includes(trace), 'the trace code is not to be seen');
  return trace;
}

/** Is this browser back at the app, signed in? Returns the claims that the app has verified. */
export async function signedIn(page, app = APP) {
  await page.waitForURL(`${app}/`);
  await page.locator('#sign-out').waitFor();
  const other = await page.context().newPage();
  const claims = await (await other.goto(`${app}/claims.json`)).json();
  await other.close();
  assert.equal(claims.id_token.iss, `${TENANT}/oidc`);
  assert.equal(claims.id_token.sub, claims.userinfo.sub);
  assert.equal(await page.innerText('#name'), claims.userinfo.name);
  return claims;
}

/** A whole sign-in by QR code, at a computer. */
export async function signInByQr(page, userid, app = APP) {
  await begin(page, app);
  await source(page, 'qr').click();
  await member(page, userid).click();
  return signedIn(page, app);
}

/** Puts a member into the client of a context. */
export function inClient(context, userid) {
  const value = encodeURIComponent(`${setting('CORP')}/${userid}`);
  return context.addCookies([{ name: 'sim_member', value, url: WECOM }]);
}

/** The pages of a context that were shown, by path, from now on. */
export function pagesOf(context) {
  const paths = [];
  context.on('response', (response) => {
    const request = response.request();
    if (request.isNavigationRequest() && response.status() < 300) {
      paths.push(new URL(response.url()).pathname);
    }
  });
  return paths;
}

/** On a page that explains what does not work here: the link that it offers to be copied. */
export async function copiedLink(context, page) {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const link = await page.inputValue('.elsewhere input');
  await page.click('.elsewhere [data-copy]');
  await page.locator('.elsewhere [data-copy]').filter({ hasText: /Copied|已复制/ }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
  return link;
}

/** Forgets the cookies of the origins that begin like this. */
export async function loseCookies(context, origin) {
  const { hostname } = new URL(origin);
  const before = await context.cookies(origin);
  assert.ok(before.length > 0, `there are no cookies of ${origin} to lose`);
  await context.clearCookies({ domain: hostname });
  assert.equal((await context.cookies(origin)).length, 0);
}
