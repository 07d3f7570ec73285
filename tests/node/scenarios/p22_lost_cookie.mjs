// Pain 22: a cookie that is lost in the client begins again where the sign-in began, at the app or in the
// workbench, unseen; the third time a page says so.

import assert from 'node:assert/strict';

import { PHONE, pardon, scenario, WECOM_DESKTOP, WECOM_PHONE } from '../browser.mjs';
import {
  TENANT, WORKBENCH, atFailure, atWecom, begin, loseCookies, member, pagesOf, signedIn,
} from '../steps.mjs';

/** Nobody is signed in in this client yet, so that it stops at WeCom, where the cookie gets lost. */
async function lost(open, userAgent, from) {
  const one = await open({ userAgent, viewport: PHONE });
  if (from === 'app') await begin(one.page);
  else await one.page.goto(WORKBENCH);
  await atWecom(one.page, '/connect/oauth2/authorize');
  await loseCookies(one.context, TENANT);
  const paths = pagesOf(one.context);
  await member(one.page, 'zhangsan').click();
  return { ...one, paths };
}

await scenario(async ({ open }) => {
  for (const [from, userAgent] of [['app', WECOM_PHONE], ['workbench', WECOM_DESKTOP]]) {
    for (let attempt = 1; attempt <= 2; attempt++) {
      const { page, paths } = await lost(open, userAgent, from);
      await signedIn(page);
      assert.deepEqual(paths.slice(0, 1), ['/'], 'a page was shown on the way');
    }
    const { page, complaints } = await lost(open, userAgent, from);
    await atFailure(page, 'browser_changed');
    await pardon(complaints, 'status of 400');
    await page.click('.actions .primary');
    await signedIn(page);
  }
});
