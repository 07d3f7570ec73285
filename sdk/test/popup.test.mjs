// Popups that work, and those that don't.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  assertSignedIn, events, outcome, outcomes, popup, press, stage, stored, visit,
} from './support/browser.mjs';

const it = stage();

test('a popup signs in and closes, with nothing left in storage', async () => {
  const { page } = await it.open();
  const options = {
    prompt: ['login', 'consent'], loginHint: 'zhangsan', connection: 'qr', uiLocales: ['zh-CN', 'en'], maxAge: 0,
    appState: { to: '/orders' },
  };
  const window = await popup(page, options);
  const [asked] = it.provider.authorizations;
  assert.equal(asked.response_mode, 'web_message');
  assert.equal(asked.prompt, 'login consent');
  assert.equal(asked.login_hint, 'zhangsan');
  assert.equal(asked.connection, 'qr');
  assert.equal(asked.ui_locales, 'zh-CN en');
  assert.equal(asked.max_age, '0');
  assert.equal(asked.scope, 'openid profile');
  const closed = window.waitForEvent('close');
  await window.click('#allow');
  assertSignedIn(await outcome(page), { to: '/orders' });
  await closed;
  assert.deepEqual(await stored(page), []);
  assert.deepEqual(await events(page), []);
});

test('the popup is of the size asked for, in the middle of the window', async () => {
  const { page } = await it.open({ settings: { popup: { width: 500, height: 400 } } });
  const window = await popup(page);
  assert.deepEqual(await window.evaluate(() => [innerWidth, innerHeight]), [500, 400]);
});

test('who says no is heard, and may try again', async () => {
  const { page } = await it.open();
  await (await popup(page)).click('#deny');
  assert.deepEqual(await outcome(page), { code: 'access_denied', message: 'No.' });
  await (await popup(page)).click('#allow');
  assertSignedIn((await outcomes(page, 2))[1]);
});

test('a blocked popup becomes a redirect', async () => {
  const { page } = await it.open();
  // Nobody has clicked, so the browser's own popup blocker acts.
  await page.goto(`${it.app.origin}/popup`);
  await page.click('#allow');
  await page.waitForURL(it.app.redirectUri);
  assertSignedIn(await outcome(page), 'of the script');
  assert.equal(it.provider.authorizations[0].response_mode, undefined);
  assert.equal(await page.evaluate(() => sessionStorage.getItem('events')), 'blocked');
});

test('an app may refuse to be left when a popup is blocked', async () => {
  const { page } = await it.open();
  await page.evaluate(() => {
    open = () => null;
    hufu.on('blocked', (event) => event.preventDefault());
    act('signInWithPopup');
  });
  assert.equal((await outcome(page)).code, 'popup_blocked');
  assert.deepEqual(it.provider.authorizations, []);
});

test('a popup that is closed is noticed after the grace for a late answer', async () => {
  const { page } = await it.open();
  const window = await popup(page);
  const began = Date.now();
  await window.close();
  assert.equal((await outcome(page)).code, 'popup_closed');
  assert.ok(Date.now() - began >= 500);
  assert.deepEqual(await events(page), ['closed']);
  await (await popup(page)).click('#allow');
  assertSignedIn((await outcomes(page, 2))[1]);
});

test('a popup that closes itself when it has answered has answered', async () => {
  it.provider.closes = true;
  const { page } = await it.open();
  const window = await popup(page);
  await window.click('#allow');
  assertSignedIn(await outcome(page));
  assert.deepEqual(await events(page), []);
});

test('a second popup has to wait, other kinds need not', async () => {
  const { page, context } = await it.open();
  const window = await popup(page, { appState: 1 });
  await press(page, 'signInWithPopup', { appState: 2 });
  assert.equal((await outcome(page)).code, 'pending');
  assert.equal(context.pages().length, 2);
  await press(page, 'signInSilently');
  assert.equal((await outcomes(page, 2))[1].code, 'login_required');
  await window.click('#allow');
  assertSignedIn((await outcomes(page, 3))[2], 1);
});

test('two tabs at once get each its own answer', async () => {
  const { page, context } = await it.open();
  const other = await context.newPage();
  await visit(other, it.app.origin);
  const mine = await popup(page, { appState: 'mine', prompt: 'login' });
  const theirs = await popup(other, { appState: 'theirs', prompt: 'login' });
  await theirs.click('#allow');
  assertSignedIn(await outcome(other), 'theirs');
  await mine.click('#allow');
  assertSignedIn(await outcome(page), 'mine');
});

test('a popup that nobody uses is closed in the end', async () => {
  const { page } = await it.open({ settings: { timeout: 700 } });
  const window = await popup(page);
  const closed = window.waitForEvent('close');
  assert.equal((await outcome(page)).code, 'timeout');
  await closed;
  await (await popup(page, { timeout: 10_000 })).click('#allow');
  assertSignedIn((await outcomes(page, 2))[1]);
});

test('a page that is isolated from its popups uses the redirect', async () => {
  const { page } = await it.open({ path: '/isolated' });
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  await press(page, 'signInWithPopup');
  await page.click('#allow');
  await page.waitForURL(it.app.redirectUri);
  assertSignedIn(await outcome(page));
});

test('browsers inside of other apps use the redirect', async () => {
  const phone = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)';
  const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
  const chrome = 'Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36';
  const agents = {
    WeCom: `${phone} ${chrome} wxwork/4.1.30 MicroMessenger/7.0.1 NetType/WIFI Language/zh`,
    WeChat: `${iphone} Mobile/15E148 MicroMessenger/8.0.50(0x1800323d) NetType/WIFI Language/zh_CN`,
    DingTalk: `${phone} ${chrome} AliApp(DingTalk/7.6.0) com.alibaba.android.rimet`,
    Feishu: `${iphone} Mobile/15E148 Lark/7.20.0 LarkLocale/zh_CN Feishu`,
    QQ: `${phone} ${chrome} V1_AND_SQ_9.0.0 QQ/9.0.0.1 NetType/WIFI`,
    'an Android WebView': phone.replace('Pixel 8', 'Pixel 8; wv') + ` ${chrome}`,
    'an iOS WebView': `${iphone} Mobile/15E148`,
  };
  for (const [name, userAgent] of Object.entries(agents)) {
    const { page, context } = await it.open({ userAgent });
    await press(page, 'signInWithPopup');
    await page.locator('#allow').waitFor();
    assert.equal(context.pages().length, 1, name);
    await context.close();
  }
  // Browsers of their own, with popups.
  const browsers = [
    `${iphone} Version/18.0 Mobile/15E148 Safari/604.1`,
    `${phone} Version/4.0 Chrome/121.0.0.0 MQQBrowser/15.2 Mobile Safari/537.36`,
  ];
  for (const userAgent of browsers) {
    const { page, context } = await it.open({ userAgent });
    await (await popup(page)).click('#allow');
    assertSignedIn(await outcome(page));
    await context.close();
  }
});

test('a popup for a redirect URI of another origin is refused before it opens', async () => {
  const { page, context } = await it.open({ settings: { redirectUri: 'http://elsewhere.localhost/callback' } });
  for (const [index, method] of ['signInWithPopup', 'signInSilently'].entries()) {
    await press(page, method);
    assert.equal((await outcomes(page, index + 1))[index].code, 'wrong_origin');
  }
  assert.equal(context.pages().length, 1);
});
