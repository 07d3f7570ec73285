// Browsers in which no source works are told why and what to do, in both languages.

import assert from 'node:assert/strict';

import { PHONE, SAFARI, WECHAT, pardon, scenario } from '../browser.mjs';
import { APP, atLogin, begin, source } from '../steps.mjs';

const EXPECTED = [
  { userAgent: SAFARI, locale: 'zh-CN', says: ['企业微信', '电脑'] },
  { userAgent: SAFARI, locale: 'en', says: ['open it there', 'on a computer'] },
  { userAgent: WECHAT, locale: 'zh-CN', says: ['微信', '企业微信'] },
  { userAgent: WECHAT, locale: 'en', says: ['WeChat', 'open it in WeCom'] },
];

await scenario(async ({ open }) => {
  for (const { userAgent, locale, says } of EXPECTED) {
    const { context, page } = await open({ userAgent, locale, viewport: PHONE });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await begin(page);
    await atLogin(page);
    assert.equal(await page.getAttribute('html', 'lang'), locale);
    assert.equal(await page.locator('a.source').count(), 0, 'something is offered that cannot work');
    const text = await page.innerText('.elsewhere');
    for (const words of says) assert.ok(text.includes(words), `${words} is missing in: ${text}`);
    const link = await page.inputValue('.elsewhere input');
    assert.ok(link.startsWith(APP), `a link that begins at the app, not ${link}`);
    await page.click('.elsewhere [data-copy]');
    await page.locator('.elsewhere [data-copy]').filter({ hasText: /Copied|已复制/ }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} px wider than the phone`);
  }

  // The language can be changed on the page, and the sign-in goes on.
  const { page } = await open({ locale: 'en' });
  await begin(page);
  await atLogin(page);
  assert.match(await page.innerText('h1'), /Sign in/);
  await page.click('nav a[hreflang="zh-CN"]');
  assert.match(await page.innerText('h1'), /登录/);
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  assert.match(await source(page, 'qr').innerText(), /企业微信/);

  const nowhere = await open();
  const answer = await nowhere.page.goto(process.env.TENANT.replace('//', '//nobody-'));
  assert.equal(answer.status(), 404);
  await pardon(nowhere.complaints, 'status of 404');
});
