// A person's own account: the page and its further pages on a phone and on a desktop, light and dark,
// in each language; nothing that axe finds wrong, nothing wider than the screen. With the keyboard,
// and without script.
//
// In: the account of LiSi has a password, PASSWORD, and BRANCH is the identifier of a source that can
//     be added

import assert from 'node:assert/strict';

import { violations } from '../axe.mjs';
import { DESKTOP, PHONE, pardon, scenario } from '../browser.mjs';
import {
  TENANT, atWecom, begin, loseCookies, member, signInByQr, signedIn, source,
} from '../steps.mjs';

const { BRANCH, PASSWORD } = process.env;

const LOOKS = [
  { name: 'phone-light', viewport: PHONE, colorScheme: 'light', locale: 'zh-CN' },
  { name: 'phone-dark', viewport: PHONE, colorScheme: 'dark', locale: 'ja' },
  { name: 'desktop-light', viewport: DESKTOP, colorScheme: 'light', locale: 'en' },
  { name: 'desktop-dark', viewport: DESKTOP, colorScheme: 'dark', locale: 'zh-TW' },
];

/** Is this browser on the account page? */
async function onPage(page) {
  await page.waitForURL((url) => url.origin === TENANT && url.pathname === '/account');
  await page.locator('main.account').waitFor();
}

/** Each of the pages once. `see` is called at each. */
async function walk(page, see) {
  await signInByQr(page, 'LiSi');
  await page.goto(`${TENANT}/account`);
  await onPage(page);
  await see('account');
  const stamps = await page.locator('time').allInnerTexts();
  assert.ok(stamps.length > 3 && stamps.every((stamp) => !stamp.includes('UTC')), `${stamps}`);
  await page.click('a[href^="/account/password"]');
  await see('account-password');
  await page.fill('[name="current"]', PASSWORD);
  for (const field of ['new', 'repeated']) await page.fill(`[name="${field}"]`, 'password1');
  await page.click('.fields .primary');
  await page.locator('[data-problem="common"]').waitFor();
  await see('account-password-refused');
  await page.click('.fields a');
  await onPage(page);
  await page.click('a[href^="/account/identities/"]');
  await see('account-remove');
  await page.click('.actions a');
  await onPage(page);
  await page.click('form[action="/account/identities"] button');
  await source(page, BRANCH).waitFor();
  await see('account-add');
  await page.click('.actions a');
  await onPage(page);
  await page.click('form[action="/account/sign-out"] button');
  await page.locator('.sign').waitFor();
  await see('account-signed-out');
  await page.goBack();
  assert.equal(await page.locator('main.account').count(), 0, 'going back shows the account');
}

/** Takes an app's access away and adds a way in and takes it away again, on two devices, with the
 * keyboard alone. */
async function changes(open) {
  const other = await open();
  await signInByQr(other.page, 'zhangsan');
  const { page } = await open();
  await signInByQr(page, 'zhangsan');
  await page.goto(`${TENANT}/account`);
  const press = async (selector) => {
    await page.locator(selector).first().focus();
    await page.keyboard.press('Enter');
  };
  await press('.apps button');
  await page.waitForURL((url) => url.search === '?done=withdrawn');
  await page.locator('[role="status"]').waitFor();
  assert.equal(await page.locator('.apps').count(), 0);
  await press('form[action="/account/identities"] button');
  await source(page, BRANCH).waitFor();
  await press(`a.source[href*="/${BRANCH}?"]`);
  await atWecom(page);
  await member(page, 'chenwei').click();
  await onPage(page);
  assert.equal(await page.locator('a[href^="/account/identities/"]').count(), 2);
  await other.page.goto(`${TENANT}/account`);
  assert.equal(new URL(other.page.url()).pathname, '/login', 'the other device is signed out');
  await page.locator('a[href^="/account/identities/"]').last().focus();
  await page.keyboard.press('Enter');
  await press('form.actions button');
  await onPage(page);
  await page.locator('[role="status"]').waitFor();
  assert.equal(await page.locator('a[href^="/account/identities/"]').count(), 1);
}

/** The way in from nowhere, a change of the password and of an app's access, without script. */
async function withoutScript(open) {
  const { context, page } = await open({ javaScriptEnabled: false });
  await page.goto(`${TENANT}/account`);
  await source(page, 'qr').click();
  await member(page, 'LiSi').click();
  await onPage(page);
  assert.ok((await page.locator('time').first().innerText()).endsWith('UTC'));
  await page.click('a[href^="/account/password"]');
  await page.fill('[name="current"]', PASSWORD);
  for (const field of ['new', 'repeated']) await page.fill(`[name="${field}"]`, PASSWORD);
  await page.click('.fields .primary');
  await onPage(page);
  await page.locator('[role="status"]').waitFor();
  await begin(page);
  await signedIn(page);
  await page.goto(`${TENANT}/account`);
  const button = page.locator('[id^="withdraw-"][id$="-button"]');
  assert.match(await button.getAttribute('aria-label'), /Sample app/);
  await button.click();
  await onPage(page);
  await page.locator('[role="status"]').waitFor();
  assert.equal(await page.locator('[id^="app-"]').count(), 0);
  await loseCookies(context, TENANT);
  await page.goto(`${TENANT}/account`);
  await source(page, 'qr').waitFor();
}

/** What cannot be removed says so. */
async function lastWayIn(open) {
  const { page, complaints } = await open();
  await signInByQr(page, 'wangwu');
  await page.goto(`${TENANT}/account`);
  await page.click('a[href^="/account/identities/"]');
  assert.equal(await page.locator('main form').count(), 0);
  await page.goto(`${TENANT}/account/identities/00000000-0000-0000-0000-000000000000`);
  await page.locator('[data-code="not_offered"]').waitFor();
  await pardon(complaints, 'the server responded with a status of 4');
  await page.click('.actions .primary');
  await onPage(page);
}

await scenario(async ({ open }) => {
  const wrong = [];
  const seen = new Set();
  for (const { name: lookName, ...look } of LOOKS) {
    const one = await open(look);
    const see = async (name) => {
      const { page, shot } = one;
      await page.waitForLoadState();
      seen.add(name);
      await shot(`${name}-${lookName}`);
      const found = await violations(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${wide} px wider than the screen`);
      wrong.push(...found.map((line) => `${name}-${lookName}: ${line}`));
    };
    await walk(one.page, see);
  }
  await changes(open);
  await withoutScript(open);
  await lastWayIn(open);
  assert.deepEqual(wrong, []);
  return [...seen];
});
