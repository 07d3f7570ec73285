// Every page, on a phone and on a desktop, light and dark, in both languages: nothing that axe finds
// wrong, nothing wider than the screen. With SCREENSHOTS, a picture of each.
//
// In: PANEL_APP (an app whose tenant has a panel), LOGIN_ONLY_APP (one whose source is for known
//     people only)

import assert from 'node:assert/strict';

import { violations } from '../axe.mjs';
import { DESKTOP, PHONE, SAFARI, WECOM_DESKTOP, WECOM_PHONE, scenario } from '../browser.mjs';
import {
  APP, TENANT, WECOM, WORKBENCH, begin, inClient, loseCookies, member, signInByQr, source,
} from '../steps.mjs';

const { PANEL_APP, LOGIN_ONLY_APP } = process.env;

/** One look at everything that can be seen. `see` is called at each page. */
async function walk(open, look, see) {
  const one = await open(look);
  const { context, page } = one;
  await page.goto(APP);
  await see(one, 'app-welcome');
  await page.goto(`${APP}/nothing`);
  await see(one, 'app-not-found');
  await begin(page);
  await source(page, 'qr').waitFor();
  await see(one, 'login');
  await source(page, 'qr').click();
  await see(one, 'wecom-login');
  await page.click('button[name="deny"]');
  await see(one, 'denied');
  await page.click('.actions .primary');
  await page.click('form.cancel button');
  await see(one, 'app-denied');
  await begin(page);
  await source(page, 'qr').click();
  await member(page, 'outsider').waitFor();
  await loseCookies(context, TENANT);
  await member(page, 'zhangsan').click();
  await see(one, 'browser-changed');
  await signInByQr(page, 'zhangsan');
  await see(one, 'app-account');
  await page.goto(`${TENANT}/oidc/session/end`);
  await see(one, 'confirm-sign-out');
  await page.click('button[value="sign_out"]');
  await page.locator('.sign').waitFor();
  await see(one, 'signed-out');
  await page.goto(`${TENANT}/login`);
  await see(one, 'expired');
  await page.goto(`${TENANT}/nothing`);
  await see(one, 'not-found');
  await page.goto(`${TENANT}/oidc/auth?client_id=nobody`);
  await see(one, 'unknown-client');
  await page.goto(TENANT.replace('//', '//nobody-'));
  await see(one, 'unknown-host');
  await page.goto(`${WECOM}/connect/oauth2/authorize`);
  await see(one, 'wecom-error');
}

/** The pages of a panel and of a refusal, which need tenants of their own. */
async function walkAside(open, look, see) {
  const one = await open(look);
  const { page } = one;
  await begin(page, PANEL_APP);
  await member(page.frameLocator('iframe'), 'zhangsan').waitFor();
  await see(one, 'login-panel');
  await begin(page, LOGIN_ONLY_APP);
  await source(page, 'qr').click();
  await member(page, 'zhangsan').click();
  await page.locator('[data-code="login_only"]').waitFor();
  await see(one, 'login-only');
}

/** From the client on a computer into a browser in which somebody else is signed in. */
async function walkOver(open, look, see) {
  const pane = await open({ ...look, userAgent: WECOM_DESKTOP });
  await inClient(pane.context, 'zhangsan');
  await pane.page.goto(WORKBENCH);
  await see(pane, 'hand-over-offer');
  await pane.page.click('form button');
  await pane.page.locator('.typed').waitFor();
  await see(pane, 'hand-over-link');
  const link = await pane.page.inputValue('.link input');
  const other = await open(look);
  await signInByQr(other.page, 'LiSi');
  await other.page.goto(`${TENANT}/continue`);
  await see(other, 'hand-over-code');
  await other.page.goto(link);
  await see(other, 'hand-over-confirm');
  await other.page.goto(`${TENANT}/continue/nothing`);
  await see(other, 'ticket-unknown');
}

/** What a phone shows where nothing works, and inside the WeCom client. */
async function walkOnPhone(open, look, see) {
  const one = await open({ ...look, userAgent: SAFARI });
  const { page } = one;
  await begin(page);
  await page.locator('.elsewhere').waitFor();
  await see(one, 'login-elsewhere');
  const client = await open({ ...look, userAgent: WECOM_PHONE });
  await begin(client.page);
  await member(client.page, 'zhangsan').waitFor();
  await see(client, 'wecom-client');
}

const LOOKS = [
  { name: 'phone-light', viewport: PHONE, colorScheme: 'light', locale: 'zh-CN' },
  { name: 'phone-dark', viewport: PHONE, colorScheme: 'dark', locale: 'en' },
  { name: 'desktop-light', viewport: DESKTOP, colorScheme: 'light', locale: 'en' },
  { name: 'desktop-dark', viewport: DESKTOP, colorScheme: 'dark', locale: 'zh-CN' },
];

/** The console repeats the status of a page about a failure: that is no complaint. */
function forgive({ complaints, shown }) {
  const about = (complaint) => [...shown].some((url) => complaint.endsWith(` (${url})`));
  const status = 'console: Failed to load resource: the server responded with a status of 4';
  const left = complaints.filter((complaint) => !(complaint.startsWith(status) && about(complaint)));
  complaints.splice(0, Infinity, ...left);
}

await scenario(async ({ open }) => {
  const wrong = [];
  const seen = new Set();
  const opened = [];
  const noting = async (options) => {
    const one = { ...(await open(options)), shown: new Set() };
    opened.push(one);
    return one;
  };
  for (const { name: lookName, ...look } of LOOKS) {
    const see = async ({ page, shot, shown }, name) => {
      await page.waitForLoadState();
      seen.add(name);
      shown.add(page.url());
      await shot(`${name}-${lookName}`);
      const found = await violations(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${wide} px wider than the screen`);
      wrong.push(...found.map((line) => `${name}-${lookName}: ${line}`));
    };
    await walk(noting, look, see);
    await walkAside(noting, look, see);
    await walkOver(noting, look, see);
    if (look.viewport === PHONE) await walkOnPhone(noting, look, see);
  }
  opened.forEach(forgive);
  assert.deepEqual(wrong, []);
  return [...seen];
});
