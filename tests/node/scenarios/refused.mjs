// A source that is for known people only shows a page to others; who says no at WeCom can cancel.

import assert from 'node:assert/strict';

import { pardon, scenario } from '../browser.mjs';
import { APP, atFailure, atLogin, begin, member, source } from '../steps.mjs';

await scenario(async ({ open }) => {
  const { page, complaints } = await open();
  await begin(page);
  await source(page, 'qr').click();
  await member(page, 'zhangsan').click();
  const loginOnly = await atFailure(page, 'login_only');
  await pardon(complaints, 'status of 403');
  // There are two ways on: to try again, and back to the app.
  await page.click('.actions .primary');
  await atLogin(page);
  await page.goBack();
  await atFailure(page, 'login_only');
  await pardon(complaints, 'status of 403');

  const other = await open();
  await begin(other.page);
  await source(other.page, 'qr').click();
  await other.page.click('button[name="deny"]');
  const denied = await atFailure(other.page, 'denied_upstream');
  await pardon(other.complaints, 'status of 403');
  await other.page.click('.actions .primary');
  await atLogin(other.page);
  await other.page.click('form.cancel button');
  await other.page.waitForURL((url) => url.origin === APP);
  assert.equal(await other.page.innerText('#error'), 'access_denied');
  assert.equal(await other.page.locator('#sign-out').count(), 0);
  await other.page.click('#try-again');
  await atLogin(other.page);
  return { loginOnly, denied };
});
