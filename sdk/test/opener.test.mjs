// Popups that lose their opener on the way, or whose opener is gone.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  assertSignedIn, events, focused, outcome, outcomes, pause, popup, press, stage, stored, visit,
} from './support/browser.mjs';

const it = stage();

/** A popup that has passed a page which cuts it off, while its person is there. */
async function cutOff(page, options = {}) {
  await focused(page, false);
  return popup(page, { connection: 'upstream', ...options }, '#back');
}

test('the answer of a popup that lost its opener goes through the callback page', async () => {
  const { page } = await it.open();
  const window = await cutOff(page, { appState: 'kept' });
  await page.waitForFunction(() => events.includes('openerLost'));
  const closed = window.waitForEvent('close');
  await window.click('#back');
  assertSignedIn(await outcome(page), 'kept');
  await closed;
  assert.equal(it.provider.redeemed.length, 1);
  assert.deepEqual(await events(page), ['openerLost']);
  assert.deepEqual(await stored(page), []);
});

test('an error of a popup that lost its opener goes there too', async () => {
  const { page } = await it.open();
  const window = await cutOff(page);
  const closed = window.waitForEvent('close');
  await window.evaluate(() => {
    const back = document.querySelector('#back');
    back.href = back.href.replace('/oidc/allow', '/oidc/deny');
  });
  await window.click('#back');
  assert.equal((await outcome(page)).code, 'access_denied');
  await closed;
});

test('an app that is isolated by its own header gets its answer', async () => {
  const { page } = await it.open({ path: '/cut' });
  await focused(page, false);
  const window = await popup(page);
  await window.click('#allow');
  assertSignedIn(await outcome(page));
});

test('a provider that cuts its own popups off costs the short way and nothing else', async () => {
  const policies = [{ login: 'same-origin' }, { relay: 'same-origin' }, { relay: 'same-origin-allow-popups' }];
  for (const policy of policies) {
    it.provider.policies = policy;
    const { page, context } = await it.open();
    await focused(page, false);
    let handedOver = false;
    context.on('request', (request) => { handedOver ||= request.url().startsWith(`${it.app.redirectUri}?`); });
    await (await popup(page)).click('#allow');
    assertSignedIn(await outcome(page));
    assert.ok(handedOver, JSON.stringify(policy));
    await context.close();
  }
});

test('a popup whose opener is gone completes the sign-in itself', async () => {
  const { page } = await it.open();
  const window = await cutOff(page, { appState: 'kept' });
  await page.close();
  await window.click('#back');
  await window.waitForURL(it.app.redirectUri);
  assertSignedIn(await outcome(window), 'kept');
  assert.equal(it.provider.redeemed.length, 1);
  assert.deepEqual(await stored(window), []);
});

test('a popup whose opener has left its page completes the sign-in itself', async () => {
  const { page } = await it.open();
  const window = await popup(page, { appState: 'kept' });
  await visit(page, `${it.app.origin}/elsewhere`);
  await window.click('#allow');
  await window.waitForURL(it.app.redirectUri);
  assertSignedIn(await outcome(window), 'kept');
  assert.deepEqual(await page.evaluate(() => outcomes), []);
});

test('who comes back from a popup that seems closed has closed it', async () => {
  const { page } = await it.open();
  const window = await cutOff(page);
  await page.waitForFunction(() => events.includes('openerLost'));
  await window.close();
  await pause(1000);
  assert.deepEqual(await page.evaluate(() => outcomes), []);
  await focused(page, true);
  assert.equal((await outcome(page)).code, 'popup_closed');
  assert.deepEqual(await events(page), ['openerLost', 'closed']);
});

test('a popup that was given up completes the sign-in itself', async () => {
  const { page } = await it.open();
  const window = await cutOff(page);
  await focused(page, true);
  assert.equal((await outcome(page)).code, 'popup_closed');
  await window.click('#back');
  await window.waitForURL(it.app.redirectUri);
  assertSignedIn(await outcome(window));
  assert.equal((await outcomes(page)).length, 1);
});

test('an app may wait on for a popup that was given up', async () => {
  const { page } = await it.open();
  const window = await cutOff(page, { appState: 'kept' });
  await focused(page, true);
  assert.equal((await outcome(page)).code, 'popup_closed');
  await page.evaluate(() => void outcome(error.late()));
  const closed = window.waitForEvent('close');
  await window.click('#back');
  assertSignedIn((await outcomes(page, 2))[1], 'kept');
  await closed;
});

test('another click gives up a popup that seems closed', async () => {
  const { page } = await it.open();
  await cutOff(page);
  await page.waitForFunction(() => events.includes('openerLost'));
  const window = await popup(page, { appState: 2 });
  assert.equal((await outcome(page)).code, 'popup_closed');
  await window.click('#allow');
  assertSignedIn((await outcomes(page, 2))[1], 2);
});

test('two callback pages with one answer redeem it once', async () => {
  const { page, context } = await it.open();
  const window = await cutOff(page);
  const callback = new Promise((resolve) => {
    context.on('request', (request) => request.url().startsWith(`${it.app.redirectUri}?`) && resolve(request.url()));
  });
  await window.click('#back');
  assertSignedIn(await outcome(page));
  await visit(page, await callback);
  assert.equal((await outcome(page)).code, 'state_mismatch');
  assert.equal(it.provider.redeemed.length, 1);
});
