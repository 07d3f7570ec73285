// Pain 17: opened from the workbench, the person is in the app at once, in either client. Anywhere else
// the same link leads to the app's own sign-in.

import assert from 'node:assert/strict';

import { DESKTOP, PHONE, scenario, WECOM_DESKTOP, WECOM_PHONE } from '../browser.mjs';
import { WORKBENCH, atLogin, inClient, pagesOf, signedIn } from '../steps.mjs';

await scenario(async ({ open }) => {
  const subs = [];
  for (const [userAgent, viewport] of [[WECOM_PHONE, PHONE], [WECOM_DESKTOP, DESKTOP]]) {
    const { context, page } = await open({ userAgent, viewport });
    await inClient(context, 'zhangsan');
    const paths = pagesOf(context);
    await page.goto(WORKBENCH);
    const first = await signedIn(page);
    assert.deepEqual(paths.slice(0, 1), ['/'], 'a page was shown on the way');
    // Once more: WeCom is asked again, without a page.
    paths.splice(0, Infinity);
    await page.goto(WORKBENCH);
    const again = await signedIn(page);
    assert.deepEqual(paths.slice(0, 1), ['/'], 'a page was shown on the way');
    assert.equal(again.id_token.sub, first.id_token.sub);
    subs.push(first.id_token.sub);
  }
  assert.equal(subs[0], subs[1]);
  const { page } = await open();
  await page.goto(WORKBENCH);
  await atLogin(page);
  return subs;
});
