// One session for several sign-ins, and its end.

import assert from 'node:assert/strict';

import { scenario } from '../browser.mjs';
import {
  APP, TENANT, atLogin, atWecom, begin, loseCookies, member, signedIn, signInByQr, source,
} from '../steps.mjs';

/** Signed in already: the app gets its answer without a page. `prompt=login` asks all the same. */
async function again(open) {
  const { context, page } = await open();
  const first = await signInByQr(page, 'zhangsan');
  await loseCookies(context, APP);
  await begin(page);
  const second = await signedIn(page);
  assert.equal(second.id_token.sub, first.id_token.sub);
  assert.equal(second.id_token.auth_time, first.id_token.auth_time, 'nobody signed in anew');

  await loseCookies(context, APP);
  await page.goto(APP);
  await page.click('#again');
  await page.click('#sign-in');
  await atLogin(page);
  await source(page, 'qr').click();
  await member(page, 'LiSi').click();
  const third = await signedIn(page);
  assert.notEqual(third.id_token.sub, first.id_token.sub);
  return { context, page, third };
}

/** The app names a connection: our page does not come between. */
async function straight(open) {
  const { context, page } = await open();
  const pages = [];
  context.on('response', (response) => {
    const { origin, pathname } = new URL(response.url());
    if (origin === TENANT && response.status() < 300) pages.push(pathname);
  });
  await page.goto(APP);
  await page.click('.straight a[href*="connection=qr"]');
  await atWecom(page);
  await member(page, 'zhangsan').click();
  await signedIn(page);
  assert.deepEqual(pages, []);
}

/** Signed out by the app, which says who it signs out: at once, everywhere. */
async function signOut({ page }) {
  await page.click('#sign-out');
  await page.waitForURL((url) => url.origin === APP && url.pathname === '/signed-out');
  await begin(page);
  await atLogin(page);
}

/** Nobody says who asks: the person is asked, may stay, and may go. */
async function confirmedSignOut(open) {
  const { context, page } = await open();
  await signInByQr(page, 'zhangsan');
  const clientId = await page.evaluate(() => document.body.innerText.match(/aud\s+(\S+)/)[1]);
  const end = `${TENANT}/oidc/session/end?client_id=${clientId}`;
  await page.goto(end);
  await page.click('button[value="stay"]');
  await signedIn(page);
  await loseCookies(context, APP);
  await begin(page);
  await signedIn(page);

  await page.goto(end);
  await page.click('button[value="sign_out"]');
  await page.locator('.sign').waitFor();
  assert.equal((await context.cookies(TENANT)).some(({ name }) => name.includes('session')), false);
  await page.click('.actions .primary');
  await page.waitForURL((url) => url.origin === APP || url.pathname === '/login');
  await loseCookies(context, APP);
  await begin(page);
  await atLogin(page);
}

await scenario(async ({ open }) => {
  await signOut(await again(open));
  await straight(open);
  await confirmedSignOut(open);
});
