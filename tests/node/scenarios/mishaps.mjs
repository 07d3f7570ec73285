// What goes wrong in browsers: going back, pressing twice, losing the cookie.

import assert from 'node:assert/strict';

import { pardon, scenario } from '../browser.mjs';
import {
  TENANT, atFailure, atLogin, atWecom, begin, loseCookies, member, signedIn, signInByQr, source,
} from '../steps.mjs';

/** Going back after the sign-in leads to no dead end and to nobody else. */
async function back(open) {
  const { page } = await open();
  const first = await signInByQr(page, 'zhangsan');
  // WeCom's page: pressing there once more begins nothing and leads into the app.
  await page.goBack();
  await atWecom(page);
  await member(page, 'LiSi').click();
  const again = await signedIn(page);
  assert.equal(again.id_token.sub, first.id_token.sub, 'a used state signed somebody else in');
  return first.id_token.sub;
}

/** The same, but two pages back, at our own: its link leads into the app. */
async function backTwice(open) {
  const { page, complaints } = await open();
  const first = await signInByQr(page, 'zhangsan');
  await page.evaluate(() => history.go(-2));
  await atLogin(page);
  await atFailure(page, 'interaction_expired');
  await pardon(complaints, 'status of 400');
  await page.click('.actions .primary');
  const again = await signedIn(page);
  assert.equal(again.id_token.sub, first.id_token.sub);
}

/** A double click on the source's button, with and without JavaScript. */
async function twice(open) {
  for (const javaScriptEnabled of [true, false]) {
    const { page } = await open({ javaScriptEnabled });
    await begin(page);
    await source(page, 'qr').dblclick();
    await atWecom(page);
    await member(page, 'zhangsan').click();
    await signedIn(page);
  }
}

/** The cookie is gone when WeCom sends the browser back: a page says so, and begins anew. */
async function lost(open) {
  const { context, page, complaints } = await open();
  await begin(page);
  await source(page, 'qr').click();
  await atWecom(page);
  await loseCookies(context, TENANT);
  await member(page, 'zhangsan').click();
  const trace = await atFailure(page, 'browser_changed');
  await pardon(complaints, 'status of 400');
  assert.equal((await context.cookies(TENANT)).some(({ name }) => name.includes('session')), false);
  await page.click('.actions .primary');
  await atLogin(page);
  await source(page, 'qr').click();
  await member(page, 'zhangsan').click();
  await signedIn(page);
  return trace;
}

await scenario(async ({ open }) => {
  const sub = await back(open);
  await backTwice(open);
  await twice(open);
  return { sub, lost: await lost(open) };
});
