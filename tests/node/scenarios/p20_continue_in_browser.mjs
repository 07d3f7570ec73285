// Pain 20: in the client on a computer the person may go on in the system's browser, by link or by code.

import assert from 'node:assert/strict';

import { pardon, scenario, WECOM_DESKTOP } from '../browser.mjs';
import { APP, TENANT, WORKBENCH, atFailure, atLogin, inClient, signInByQr, signedIn } from '../steps.mjs';

/** In the client: the page that offers the browser. */
async function offered({ page }) {
  await page.goto(WORKBENCH);
  await page.waitForURL((url) => url.origin === TENANT && url.pathname === '/continue');
}

/** In the client: link and code for the browser. */
async function ticket(pane) {
  await offered(pane);
  await pane.page.getByRole('button', { name: 'Open in the browser' }).click();
  await pane.page.locator('.typed').waitFor();
  const link = await pane.page.getByLabel('Link for your browser').inputValue();
  return { link, code: await pane.page.innerText('.typed') };
}

await scenario(async ({ open }) => {
  const pane = await open({ userAgent: WECOM_DESKTOP });
  await inClient(pane.context, 'zhangsan');
  await offered(pane);
  await pane.page.getByRole('link', { name: 'Go on here' }).click();
  const here = await signedIn(pane.page);

  // By link. A look at it takes nothing, in the client neither.
  const { link } = await ticket(pane);
  await pane.page.goto(link);
  await pane.page.locator('.typed').waitFor();
  await pane.page.getByRole('link', { name: 'Go on here' }).click();
  const original = await signedIn(pane.page);
  const browser = await open();
  await browser.page.goto(link);
  assert.match(await browser.page.innerText('main'), /You will be signed in as 张三/);
  await browser.page.getByRole('link', { name: 'Don’t sign in' }).click();
  await atLogin(browser.page);
  await browser.page.goto(link);
  await browser.page.getByRole('button', { name: 'Continue as 张三' }).click();
  const there = await signedIn(browser.page);
  assert.equal(there.id_token.sub, here.id_token.sub);
  assert.equal(there.id_token.auth_time, original.id_token.auth_time);
  await browser.page.goto(link);
  await atFailure(browser.page, 'ticket_unknown');
  await pardon(browser.complaints, 'status of 400');

  // By code, without JavaScript, in a browser where somebody else is signed in.
  const other = await open({ javaScriptEnabled: false });
  await signInByQr(other.page, 'LiSi');
  const { code } = await ticket(pane);
  await other.page.goto(`${TENANT}/continue`);
  await other.page.getByLabel('Code').fill(code.toLowerCase());
  await other.page.keyboard.press('Enter');
  await other.page.getByRole('button', { name: 'Continue as 张三' }).waitFor();
  assert.match(await other.page.innerText('main'), /李四 is signed in here now and will be signed out/);
  await other.page.getByRole('button', { name: 'Continue as 张三' }).click();
  await other.page.waitForURL(`${APP}/`);
  assert.equal((await signedIn(other.page)).id_token.sub, here.id_token.sub);
});
