// Pain 9: signing in without WeCom and binding an account, on a phone and on a desktop, light and dark,
// in each language; nothing that axe finds wrong, nothing wider than the screen. Then the binding itself,
// with the keyboard alone and without script.
//
// In: the account NAME has the password PASSWORD; the source asks

import assert from 'node:assert/strict';

import { violations } from '../axe.mjs';
import { DESKTOP, PHONE, scenario } from '../browser.mjs';
import { APP, TENANT, begin, member, signedIn, source } from '../steps.mjs';

const { NAME, PASSWORD } = process.env;

const LOOKS = [
  { name: 'phone-light', viewport: PHONE, colorScheme: 'light', locale: 'zh-CN' },
  { name: 'phone-dark', viewport: PHONE, colorScheme: 'dark', locale: 'ja' },
  { name: 'desktop-light', viewport: DESKTOP, colorScheme: 'light', locale: 'en' },
  { name: 'desktop-dark', viewport: DESKTOP, colorScheme: 'dark', locale: 'zh-TW' },
];

/** Somebody comes through WeCom and is asked who they are here. */
async function asked(page) {
  await begin(page);
  await source(page, 'qr').click();
  await member(page, 'zhangsan').click();
  await page.waitForURL((url) => url.origin === TENANT && url.pathname === '/bind');
}

/** Each of the pages once. `see` is called at each. */
async function walk(page, look, see) {
  await begin(page);
  await page.locator('form#sign-in').waitFor();
  await see('login-password');
  await page.fill('form#sign-in [name="name"]', `nobody-${look}`);
  await page.fill('form#sign-in [name="password"]', 'correct horse battery');
  await page.click('form#sign-in button');
  await page.locator('[data-code="proof_failed"]').waitFor();
  await see('login-password-wrong');
  await page.click('a[href^="/password/forgot"]');
  await page.locator('form#forgot').waitFor();
  await see('forgot');
  await begin(page);
  await page.click('a[href^="/login/code"]');
  await page.locator('form#send-code').waitFor();
  await see('send-code');
  await page.fill('form#send-code [name="email"]', `nobody-${look}@acme.example`);
  await page.click('form#send-code button');
  await page.locator('form#enter-code').waitFor();
  await see('enter-code');
  await asked(page);
  await page.locator('form#existing').waitFor();
  await see('bind-choice');
  await page.click('form#existing button');
  await page.locator('form#prove-password').waitFor();
  await see('bind-proofs');
  await page.fill('form#prove-password [name="name"]', NAME);
  await page.fill('form#prove-password [name="password"]', PASSWORD);
  await page.click('form#prove-password button');
  await page.locator('form#confirm').waitFor();
  await see('bind-confirm');
  await page.click('form.cancel button');
  await page.waitForURL((url) => url.origin === APP);
}

/** The binding, with the keyboard alone and without script. */
async function binds(open) {
  const { page } = await open({ javaScriptEnabled: false });
  const press = async (selector) => {
    await page.locator(selector).first().focus();
    await page.keyboard.press('Enter');
  };
  await asked(page);
  await press('form#existing button');
  await page.locator('form#prove-password').waitFor();
  await page.locator('form#prove-password [name="name"]').focus();
  await page.keyboard.type(NAME);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('form#confirm').waitFor();
  await press('form#confirm button');
  return (await signedIn(page)).id_token.sub;
}

await scenario(async ({ open }) => {
  const wrong = [];
  const seen = new Set();
  for (const { name: look, ...settings } of LOOKS) {
    const one = await open(settings);
    const see = async (name) => {
      const { page, shot } = one;
      await page.waitForLoadState();
      seen.add(name);
      await shot(`${name}-${look}`);
      const found = await violations(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${wide} px wider than the screen`);
      wrong.push(...found.map((line) => `${name}-${look}: ${line}`));
    };
    await walk(one.page, look, see);
  }
  assert.deepEqual(wrong, []);
  return { seen: [...seen], sub: await binds(open) };
});
