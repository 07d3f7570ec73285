// A sign-in by QR code tells no phone number. The person authorises once on the phone, or types the
// number: with script the computer goes on by itself, without it the person does. All pages on a
// phone and on a desktop, light and dark: nothing that axe finds wrong, nothing wider than the screen.
//
// In: CORP (WeCom's id of the corp), NUMBER (LiSi's mobile number)

import assert from 'node:assert/strict';

import { violations } from '../axe.mjs';
import { DESKTOP, PHONE, WECOM_PHONE, scenario } from '../browser.mjs';
import { TENANT, WECOM, atWecom, begin, member, signedIn, source } from '../steps.mjs';

/** Is this browser at a page of ours, with a parameter like this? */
async function at(page, path, parameter = '') {
  await page.waitForURL(
    (url) => url.origin === TENANT && url.pathname === path && url.search.includes(parameter),
  );
}

/** A phone whose WeCom client is a member's. */
async function phoneOf(open, userid, look = {}) {
  const one = await open({ ...look, userAgent: WECOM_PHONE, viewport: PHONE });
  const value = encodeURIComponent(`${process.env.CORP}/${userid}`);
  await one.context.addCookies([{ name: 'sim_member', value, url: WECOM }]);
  return one;
}

/** Signs in by QR code up to the page that asks. */
async function asked(page, userid) {
  await begin(page);
  await source(page, 'qr').click();
  await member(page, userid).click();
  await at(page, '/bind');
}

/** Asks for a ticket: its link and the number. */
async function ticket(page) {
  await page.click('#consent button');
  await at(page, '/bind/consent');
  assert.equal(await page.locator('svg[role="img"]').count(), 1);
  return { link: await page.inputValue('#link'), number: await page.innerText('#number') };
}

/** Opens a link on the phone and agrees at WeCom, which asks once. */
async function authorise(page, link) {
  await page.goto(link);
  if (new URL(page.url()).origin === WECOM) await page.click('button[name="allow"]');
  await at(page, '/consent');
}

async function confirm(page, number) {
  await page.fill('#number', number);
  await page.click('#confirm button');
  await at(page, '/consent/done');
}

/** Every page of it, up to a refusal. */
async function walk(open, look, see) {
  const computer = await open(look);
  await asked(computer.page, 'wangwu');
  await see(computer, 'supplement-asked');
  const first = await ticket(computer.page);
  await see(computer, 'supplement-computer');
  const tab = await computer.context.newPage();
  await tab.goto(first.link);
  await see({ ...computer, page: tab }, 'supplement-open-in-wecom');
  await tab.close();
  const phone = await phoneOf(open, 'wangwu', look);
  await authorise(phone.page, first.link);
  await see(phone, 'supplement-phone');
  await phone.page.fill('#number', first.number === '42' ? '43' : '42');
  await phone.page.click('#confirm button');
  await phone.page.locator('[role="alert"]').waitFor();
  await see(phone, 'supplement-number-wrong');
  await phone.page.click('#refuse button');
  await at(phone.page, '/consent/done', 'refused');
  await see(phone, 'supplement-refused');
  // The computer's page notices, and offers the other ways again.
  await at(computer.page, '/bind', 'consent=refused');
  await see(computer, 'supplement-asked-again');
  const second = await ticket(computer.page);
  const other = await phoneOf(open, 'zhangsan', look);
  await other.page.goto(second.link);
  if (new URL(other.page.url()).origin === WECOM) await other.page.click('button[name="allow"]');
  await other.page.locator('[data-code="somebody_else"]').waitFor();
  other.shown.add(other.page.url());
  await see(other, 'supplement-somebody-else');
  await authorise(phone.page, second.link);
  // Or it would go on: whoever is linked is not asked again on the next screen.
  await computer.context.close();
  await confirm(phone.page, second.number);
  await see(phone, 'supplement-confirmed');
}

const LOOKS = [
  { name: 'phone-light', viewport: PHONE, colorScheme: 'light', locale: 'zh-CN' },
  { name: 'phone-dark', viewport: PHONE, colorScheme: 'dark', locale: 'en' },
  { name: 'desktop-light', viewport: DESKTOP, colorScheme: 'light', locale: 'ja' },
  { name: 'desktop-dark', viewport: DESKTOP, colorScheme: 'dark', locale: 'zh-TW' },
];

/** The console repeats the status of a page about a failure: that is no complaint. */
function forgive({ complaints, shown }) {
  const about = (complaint) => [...shown].some((url) => complaint.endsWith(` (${url})`));
  const status = 'console: Failed to load resource: the server responded with a status of 4';
  const left = complaints.filter((complaint) => !(complaint.startsWith(status) && about(complaint)));
  complaints.splice(0, Infinity, ...left);
}

await scenario(async ({ open }) => {
  const subs = {};

  // With script: the computer's page goes on by itself.
  const computer = await open();
  await asked(computer.page, 'zhangsan');
  const { link, number } = await ticket(computer.page);
  const phone = await phoneOf(open, 'zhangsan');
  await authorise(phone.page, link);
  const said = await phone.page.innerText('.facts');
  for (const expected of ['Sample app', 'Chrome on Linux', '127.0.0.1']) {
    assert.ok(said.includes(expected), `${expected} is not said: ${said}`);
  }
  await confirm(phone.page, number);
  subs.zhangsan = (await signedIn(computer.page)).id_token.sub;

  // The next sign-in goes straight in.
  const again = await open();
  await begin(again.page);
  await source(again.page, 'qr').click();
  await member(again.page, 'zhangsan').click();
  assert.equal((await signedIn(again.page)).id_token.sub, subs.zhangsan);

  // LiSi types the number, with the keyboard alone.
  const typing = await open();
  await asked(typing.page, 'LiSi');
  await typing.page.focus('#typed-phone');
  await typing.page.keyboard.type(process.env.NUMBER);
  await typing.page.keyboard.press('Enter');
  subs.lisi = (await signedIn(typing.page)).id_token.sub;

  const wrong = [];
  const opened = [];
  const noting = async (options) => {
    const one = { ...(await open(options)), shown: new Set() };
    opened.push(one);
    return one;
  };
  const seen = new Set();
  for (const { name: lookName, ...look } of LOOKS) {
    await walk(noting, look, async ({ page, shot }, name) => {
      await page.waitForLoadState();
      seen.add(name);
      await shot(`${name}-${lookName}`, page);
      const found = await violations(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${wide} px wider than the screen`);
      wrong.push(...found.map((line) => `${name}-${lookName}: ${line}`));
    });
    await Promise.all(opened.map(({ context }) => context.close()));
  }
  opened.forEach(forgive);
  assert.deepEqual(wrong, []);

  // Without script on the computer: too early first, then on.
  const plain = await open({ javaScriptEnabled: false });
  await asked(plain.page, 'wangwu');
  const shown = await ticket(plain.page);
  await plain.page.click('#continue button');
  await plain.page.locator('[role="status"]').waitFor();
  const his = await phoneOf(open, 'wangwu');
  await authorise(his.page, shown.link);
  await confirm(his.page, shown.number);
  await plain.page.click('#continue button');
  subs.wangwu = (await signedIn(plain.page)).id_token.sub;

  // Inside the WeCom client itself there is nothing to scan.
  const inside = await phoneOf(open, 'outsider');
  await begin(inside.page);
  await at(inside.page, '/bind');
  await inside.page.click('#consent button');
  await atWecom(inside.page, '/connect/oauth2/authorize');
  await inside.page.click('button[name="allow"]');
  subs.outsider = (await signedIn(inside.page)).id_token.sub;
  return { subs, seen: [...seen] };
});
