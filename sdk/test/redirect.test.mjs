// Redirects, silent sign-in, sign-out, and what is checked in an answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  assertSignedIn, outcome, outcomes, popup, press, stage, stored, until, visit,
} from './support/browser.mjs';

const it = stage();

async function signIn(page, options) {
  await press(page, 'signInWithRedirect', options);
  await page.click('#allow');
  await page.waitForURL((url) => url.pathname === '/callback');
  return outcome(page);
}

/** The address that the provider answers at, without going there. */
async function callbackOf(page) {
  it.provider.keeps = true;
  await press(page, 'signInWithRedirect');
  await page.click('#allow');
  const url = new URL(await page.innerText('#kept'));
  it.provider.keeps = false;
  return url;
}

test('a redirect signs in, brings back what the app had in mind, and cleans up', async () => {
  const { page } = await it.open();
  assertSignedIn(await signIn(page, { appState: { to: '/orders', ids: [1, 2] } }), { to: '/orders', ids: [1, 2] });
  assert.equal(page.url(), it.app.redirectUri);
  assert.deepEqual(await stored(page), []);
  const [asked] = it.provider.authorizations;
  assert.equal(asked.response_mode, undefined);
  assert.equal(asked.prompt, undefined);

  await page.reload();
  assert.equal(await outcome(page), null);
});

test('who says no at the provider is heard', async () => {
  const { page } = await it.open();
  await press(page, 'signInWithRedirect');
  await page.click('#deny');
  assert.deepEqual(await outcome(page), { code: 'access_denied', message: 'No.' });
});

test('only an answer to a question of this browser is taken, and once', async () => {
  const { page } = await it.open();
  const url = await callbackOf(page);

  const unknown = new URL(url);
  unknown.searchParams.set('state', 'A'.repeat(43));
  await visit(page, unknown.href);
  assert.equal((await outcome(page)).code, 'state_mismatch');

  const stateless = new URL(url);
  stateless.searchParams.delete('state');
  await visit(page, stateless.href);
  assert.equal(await outcome(page), null);

  const foreign = await it.open();
  await visit(foreign.page, url.href);
  assert.equal((await outcome(foreign.page)).code, 'state_mismatch');

  for (const iss of ['http://evil.localhost/oidc', `${it.provider.issuer}/`, null]) {
    const mixedUp = new URL(url);
    if (iss) mixedUp.searchParams.set('iss', iss);
    else mixedUp.searchParams.delete('iss');
    await visit(page, mixedUp.href);
    assert.equal((await outcome(page)).code, 'issuer_mismatch');
  }
  assert.deepEqual(it.provider.redeemed, []);

  await visit(page, url.href);
  assertSignedIn(await outcome(page));
  await visit(page, url.href);
  assert.equal((await outcome(page)).code, 'state_mismatch');
  assert.equal(it.provider.redeemed.length, 1);
});

test('a question is forgotten after half an hour', async () => {
  const { page } = await it.open();
  const url = await callbackOf(page);
  await visit(page, it.app.origin);
  const [key] = await stored(page);
  const age = (minutes) => page.evaluate(([name, ms]) => {
    const transaction = JSON.parse(localStorage[name]);
    localStorage[name] = JSON.stringify({ ...transaction, expires: transaction.expires - ms });
  }, [key, minutes * 60_000]);
  await age(29);
  await popup(page); // which clears away what is too old
  assert.ok((await stored(page)).includes(key));
  await age(1);
  await visit(page, url.href);
  assert.equal((await outcome(page)).code, 'state_mismatch');
  assert.ok(!(await stored(page)).includes(key));
});

test('old questions go when a new one is stored', async () => {
  const { page } = await it.open();
  await page.evaluate(() => {
    localStorage['hufu:app-1:old'] = JSON.stringify({ expires: Date.now() - 1 });
    localStorage['theirs'] = JSON.stringify({ expires: 0 });
  });
  await popup(page);
  const keys = await stored(page);
  assert.equal(keys.length, 2);
  assert.ok(keys.includes('theirs') && !keys.includes('hufu:app-1:old'));
});

test('handleRedirect called twice is one call', async () => {
  const { page } = await it.open();
  const url = await callbackOf(page);
  await page.goto(`${it.app.origin}/`);
  const [one, two] = await page.evaluate(async (callback) => {
    history.replaceState(null, '', callback);
    return Promise.all([hufu.handleRedirect(), hufu.handleRedirect()]);
  }, url.href);
  assertSignedIn(one);
  assert.deepEqual(one, two);
  assert.equal(it.provider.redeemed.length, 1);
});

test('without storage a redirect does not begin, and a popup works', async () => {
  const { page } = await it.open();
  await page.evaluate(() => {
    Object.defineProperty(globalThis, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });
  });
  await press(page, 'signInWithRedirect');
  assert.equal((await outcome(page)).code, 'storage_unavailable');
  await (await popup(page)).click('#allow');
  assertSignedIn((await outcomes(page, 2))[1]);
});

test('who comes back by the back button may try again', async () => {
  const { page } = await it.open();
  await press(page, 'signInWithRedirect');
  await page.locator('#allow').waitFor();
  await page.goBack();
  await page.locator('[data-ready]').waitFor();
  assertSignedIn(await signIn(page));
});

test('silent sign-in: nobody there, then somebody', async () => {
  const { page } = await it.open({ app: it.near });
  await press(page, 'signInSilently');
  assert.equal((await outcome(page)).code, 'login_required');
  assert.equal(it.provider.authorizations[0].prompt, 'none');

  await (await popup(page)).click('#allow');
  assertSignedIn((await outcomes(page, 2))[1]);
  await press(page, 'signInSilently', { appState: 3 });
  assertSignedIn((await outcomes(page, 3))[2], 3);
  assert.equal(await page.locator('iframe').count(), 0);
  assert.deepEqual(await stored(page), []);
});

test('silent sign-in on another site, without cookies of third parties, is login_required', async () => {
  const { page } = await it.open();
  await (await popup(page)).click('#allow');
  assertSignedIn(await outcome(page));
  await press(page, 'signInSilently');
  assert.equal((await outcomes(page, 2))[1].code, 'login_required');
});

test('silent sign-in gives up on a provider that does not answer', async () => {
  const { page } = await it.open();
  it.provider.gate = new Promise(() => {});
  await press(page, 'signInSilently', { timeout: 300 });
  assert.equal((await outcome(page)).code, 'timeout');
  assert.equal(await page.locator('iframe').count(), 0);
});

test('silent sign-in is not for an isolated page', async () => {
  const { page } = await it.open({ path: '/isolated' });
  await press(page, 'signInSilently');
  assert.equal((await outcome(page)).code, 'isolated');
});

test('a token that is not for this sign-in is refused', async () => {
  const { page } = await it.open({ app: it.near });
  const now = Math.floor(Date.now() / 1000);
  const wrong = [
    ['nonce_mismatch', { nonce: 'another' }],
    ['nonce_mismatch', { nonce: undefined }],
    ['issuer_mismatch', { iss: 'http://evil.localhost/oidc' }],
    ['audience_mismatch', { aud: 'app-1' }],
    ['audience_mismatch', { aud: ['app-2', 'app-1'] }],
    ['audience_mismatch', { aud: ['app-2', 'app-1'], azp: 'app-1' }],
    ['id_token_expired', { exp: now - 301 }],
    ['id_token_expired', { exp: undefined }],
    ['auth_time_mismatch', { auth_time: now - 1000 }],
    ['auth_time_mismatch', { auth_time: undefined }],
  ];
  const options = { maxAge: 600, prompt: 'none' };
  await (await popup(page)).click('#allow');
  await outcome(page);
  let count = 1;
  for (const [code, claims] of wrong) {
    it.provider.claims = claims;
    await press(page, 'signInSilently', options);
    const result = (await outcomes(page, ++count)).at(-1);
    assert.equal(result.code, code, JSON.stringify(claims));
  }
  for (const claims of [{}, { aud: ['app-2'] }, { aud: ['app-2', 'app-1'], azp: 'app-2' }, { exp: now - 200 }]) {
    it.provider.claims = claims;
    await press(page, 'signInSilently', options);
    assertSignedIn((await outcomes(page, ++count)).at(-1));
  }
});

test('a nonce of another sign-in is refused after a popup and a redirect too', async () => {
  const { page } = await it.open();
  it.provider.claims = { nonce: 'another' };
  await (await popup(page, { prompt: 'login' })).click('#allow');
  assert.equal((await outcome(page)).code, 'nonce_mismatch');
  assert.equal((await signIn(page)).code, 'nonce_mismatch');
});

test('the configuration of another issuer is refused', async () => {
  it.provider.discovery = { issuer: `${it.provider.origin}/other` };
  const { page, context } = await it.open();
  for (const [index, method] of ['signInWithPopup', 'signInWithRedirect', 'signInSilently', 'signOut'].entries()) {
    await press(page, method);
    assert.equal((await outcomes(page, index + 1))[index].code, 'issuer_mismatch');
  }
  assert.deepEqual(it.provider.authorizations, []);
  await until(() => context.pages().length === 1); // the popup is closed
  it.provider.discovery = {};
  await (await popup(page)).click('#allow');
  assertSignedIn((await outcomes(page, 5))[4]);
});

test('a provider that is not there, or fails, is an error with a code', async () => {
  const { page, context } = await it.open({ app: it.near });
  const token = `${it.provider.issuer}/token`;
  await context.route(token, (route) => route.abort());
  await (await popup(page)).click('#allow');
  assert.equal((await outcome(page)).code, 'network_error');
  const headers = { 'access-control-allow-origin': '*' };
  await context.unroute(token);
  await context.route(token, (route) => route.fulfill({ status: 400, headers, json: { error: 'invalid_grant' } }));
  await press(page, 'signInSilently');
  assert.equal((await outcomes(page, 2))[1].code, 'invalid_grant');
  await context.unroute(token);
  await context.route(token, (route) => route.fulfill({ status: 500, headers, json: {} }));
  await press(page, 'signInSilently');
  assert.equal((await outcomes(page, 3))[2].code, 'server_error');
  await context.unroute(token);
  await context.route(token, (route) => route.fulfill({ headers, json: { access_token: 'a' } }));
  await press(page, 'signInSilently');
  assert.equal((await outcomes(page, 4))[3].code, 'id_token_invalid');
});

test('signing out names who, by which app, and where to go', async () => {
  const { page } = await it.open();
  const { idToken } = await signIn(page);
  await press(page, 'signOut', { state: 'bye', uiLocales: 'zh-CN' });
  await page.locator('#signed-out').waitFor();
  assert.deepEqual(it.provider.signOuts, [{
    id_token_hint: idToken,
    client_id: 'app-1',
    post_logout_redirect_uri: `${it.app.origin}/signed-out`,
    state: 'bye',
    ui_locales: 'zh-CN',
  }]);

  await visit(page, it.app.origin);
  await press(page, 'signOut', { idToken: 'kept.by.app', postLogoutRedirectUri: `${it.app.origin}/bye` });
  await page.locator('#signed-out').waitFor();
  assert.deepEqual(it.provider.signOuts[1], {
    id_token_hint: 'kept.by.app',
    client_id: 'app-1',
    post_logout_redirect_uri: `${it.app.origin}/bye`,
  });
});
