// A page in Chromium whose script is oidc-client-ts: a public app without a server.

import { play, protectedHeader } from './peer.mjs';

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { scenario } from '../browser.mjs';

const TIMEOUT_MS = 15_000;

const script = await readFile(new URL('oidc_client_ts.page.js', import.meta.url));
const entry = createRequire(import.meta.url).resolve('oidc-client-ts');
const library = await readFile(join(dirname(entry), '../browser/oidc-client-ts.min.js'));

const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,">
<body><button id="popup">Sign in</button><button id="sign-out">Sign out</button>
<script src="/oidc-client-ts.js"></script>
<script type="module" src="/app.js"></script>`;

const FILES = {
  '/oidc-client-ts.js': ['text/javascript', library],
  '/app.js': ['text/javascript', script],
};

/** Serves the page at every path of every host name of this machine. */
async function serve() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    const [type, content] = FILES[pathname] ?? ['text/html', page];
    response.writeHead(200, { 'content-type': type }).end(content);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

await scenario(async ({ open }) => {
  const server = await serve();
  const { page: tab, complaints } = await open();

  /** An act of the page's script. The console's line about an answer comes along with a failure. */
  const inPage = (name) => async (argument) => {
    const said = await tab.evaluate(([act, its]) => globalThis.act(act, its), [name, argument]);
    if (!said.error) return said.done;
    const expected = /the server responded with a status of 40[01]/;
    const left = complaints.filter((complaint) => !expected.test(complaint));
    complaints.splice(0, complaints.length, ...left);
    throw new Error(said.error);
  };
  const visit = async (url) => {
    await tab.goto(url);
    await tab.locator('[data-ready]').waitFor();
  };
  const press = async (where, selector) => where.locator(selector).first().click();
  const atProvider = async (where) => {
    await press(where, 'a.source[href*="/connections/social/qr?"]');
    await press(where, 'button[name="userid"][value="zhangsan"]');
  };
  const popup = async () => {
    const [opened] = await Promise.all([tab.waitForEvent('popup'), tab.click('#popup')]);
    return opened;
  };
  const outcome = inPage('popup');

  await play({
    serve: () => server.address().port,

    async set_up({ base, ...settings }) {
      await visit(base);
      await tab.evaluate((its) => {
        localStorage.settings = JSON.stringify(its);
      }, {
        authority: settings.issuer,
        client_id: settings.client_id,
        redirect_uri: settings.redirect_uri,
        post_logout_redirect_uri: settings.post_logout_redirect_uri,
        scope: settings.scope,
      });
      await visit(base);
    },

    begin: inPage('begin'),
    userinfo: inPage('userinfo'),
    refresh: inPage('refresh'),
    end: inPage('end'),
    silent: inPage('silent'),
    silent_by_frame: inPage('silent_by_frame'),

    async finish(argument) {
      const answer = await inPage('finish')(argument);
      return { ...answer, header: protectedHeader(answer.id_token) };
    },

    /** A click, a window, and the person is signed in; the page was not left. */
    async popup() {
      const window = await popup();
      const closed = window.waitForEvent('close');
      await atProvider(window);
      await closed;
      const answer = await outcome();
      assert.equal(new URL(tab.url()).pathname, '/');
      return answer;
    },

    /** With a session, the window closes by itself. */
    async popup_again() {
      const window = await popup();
      if (!window.isClosed()) await window.waitForEvent('close');
      return outcome();
    },

    async sign_out() {
      await press(tab, '#sign-out');
      await tab.waitForURL((url) => url.pathname === '/signed-out', { timeout: TIMEOUT_MS });
    },
  });
  server.close();
  server.closeAllConnections();
});
