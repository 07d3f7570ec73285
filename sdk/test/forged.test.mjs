// Attack O3: messages that are not the answer. Each test ends with the right one, which is still taken.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertSignedIn, outcome, outcomes, pause, popup, press, stage, until } from './support/browser.mjs';

const it = stage();

/** A forged answer that has everything right which `state` can tell. */
const forged = (state, change = {}, type = 'authorization_response') =>
  ({ type, response: { code: 'forged', state, iss: it.provider.issuer, ...change } });

/** Has a page or frame post messages to a window that it can reach by this expression. */
const post = (where, target, ...messages) =>
  where.evaluate(([name, all]) => {
    const to = { opener, parent }[name] ?? globalThis[name];
    for (const message of all) to.postMessage(message, '*');
  }, [target, messages]);

async function begin() {
  const { page } = await it.open();
  const window = await popup(page);
  const { state } = it.provider.authorizations.at(-1);
  return { page, window, state };
}

async function nothingCame(page) {
  await pause(300);
  assert.deepEqual(await page.evaluate(() => [outcomes, events]), [[], []]);
  assert.deepEqual(it.provider.redeemed, []);
}

async function rightOneWorks({ page, window }) {
  await window.click('#allow');
  assertSignedIn(await outcome(page));
  assert.equal(it.provider.redeemed.length, 1);
}

test('o3_another_origin_in_another_window_is_ignored', async () => {
  const { context, page: evil } = await it.open();
  await evil.goto(it.evil);
  const opened = evil.waitForEvent('popup');
  await evil.evaluate((url) => { globalThis.app = open(url); }, it.app.origin);
  const page = await opened;
  await page.locator('[data-ready]').waitFor();
  const window = await popup(page);
  const { state } = it.provider.authorizations[0];
  await post(evil, 'app', forged(state), forged(state, { code: undefined, error: 'access_denied' }));
  await nothingCame(page);
  await rightOneWorks({ page, window });
});

test('o3_another_origin_in_the_popup_is_ignored', async () => {
  const { page, window, state } = await begin();
  const back = window.url();
  // By itself: it would lose its opener if the browser brought it there.
  const go = async (url) => {
    await window.evaluate((to) => location.assign(to), url);
    await window.waitForURL((at) => at.href === new URL(url).href);
  };
  await go(it.evil);
  await post(window, 'opener', forged(state), forged(state, { code: undefined, error: 'access_denied' }));
  await nothingCame(page);
  await go(back);
  await rightOneWorks({ page, window });
});

test('o3_the_issuers_origin_in_another_window_is_ignored', async () => {
  const begun = await begin();
  const { page, state } = begun;
  await page.evaluate((src) => {
    const frame = document.createElement('iframe');
    frame.src = src;
    document.body.append(frame);
  }, `${it.provider.origin}/sdk/hufu.js`);
  const theirs = () => page.frames().find((one) => one.url().startsWith(it.provider.origin));
  await until(theirs);
  const frame = theirs();
  await frame.waitForLoadState();
  await post(frame, 'parent', forged(state));
  // And from the app's own window.
  await page.evaluate((message) => postMessage(message), forged(state));
  await nothingCame(page);
  await rightOneWorks(begun);
});

test('o3_wrong_state_iss_type_or_shape_is_ignored', async () => {
  const begun = await begin();
  const { page, window, state } = begun;
  await post(window, 'opener',
    forged('another'), forged(undefined), forged(state.slice(1)), forged([state]),
    forged(state, { iss: it.evil }), forged(state, { iss: undefined }), forged(state, { iss: `${it.provider.issuer}/` }),
    forged(state, {}, 'authorization_request'), forged(state, {}, null),
    forged(state, { code: undefined }), forged(state, { code: { a: 1 } }),
    null, undefined, 'authorization_response', 7, [], { type: 'authorization_response' },
    { type: 'authorization_response', response: null }, forged(state).response,
  );
  await nothingCame(page);
  await rightOneWorks(begun);
});

test('o3_a_duplicate_is_redeemed_once', async () => {
  it.provider.answers = 3;
  const begun = await begin();
  await rightOneWorks(begun);
  await pause(300);
  assert.equal((await outcomes(begun.page)).length, 1);
  assert.equal(it.provider.redeemed.length, 1);
});

test('o3_a_late_answer_is_ignored', async () => {
  const { page, window, state } = await begin();
  await window.click('#deny');
  assert.equal((await outcome(page)).code, 'access_denied');
  const next = await popup(page);
  await post(next, 'opener', forged(state));
  await pause(300);
  assert.equal((await outcomes(page)).length, 1);
  await next.click('#allow');
  assertSignedIn((await outcomes(page, 2))[1]);
  assert.equal(it.provider.redeemed.length, 1);
});

test('o3_silent_sign_in_listens_to_its_frame_only', async () => {
  const { page } = await it.open({ app: it.near });
  await (await popup(page)).click('#allow');
  await outcome(page);
  let release;
  it.provider.gate = new Promise((resolve) => { release = resolve; });
  await press(page, 'signInSilently');
  await until(() => it.provider.authorizations.length === 2);
  await page.evaluate((message) => postMessage(message), forged(it.provider.authorizations[1].state));
  await pause(300);
  assert.equal((await outcomes(page)).length, 1);
  release();
  assertSignedIn((await outcomes(page, 2))[1]);
  assert.equal(it.provider.redeemed.length, 2);
});

test('o3_an_answer_handed_over_is_checked_too', async () => {
  const { page, window, state } = await begin();
  await page.evaluate(([name, wrong]) => {
    const channel = new BroadcastChannel(name);
    for (const one of wrong) channel.postMessage(one);
  }, [`hufu:app-1:${state}`, [
    'taken', null, {}, forged('another').response, forged(state, { iss: it.evil }).response, forged(state),
  ]]);
  await nothingCame(page);
  await rightOneWorks({ page, window });
});
