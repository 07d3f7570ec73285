// Inside the WeCom client the sign-in is silent: the person sees the app, and the app again.

import assert from 'node:assert/strict';

import { PHONE, scenario, WECOM_DESKTOP, WECOM_PHONE } from '../browser.mjs';
import {
  TENANT, atLogin, atWecom, begin, inClient, loseCookies, member, pagesOf, signedIn, source,
} from '../steps.mjs';

await scenario(async ({ open }) => {
  const subs = [];
  for (const userAgent of [WECOM_PHONE, WECOM_DESKTOP]) {
    const { context, page } = await open({ userAgent, viewport: PHONE });
    await inClient(context, 'zhangsan');
    const paths = pagesOf(context);
    await begin(page);
    await page.locator('#sign-out').waitFor();
    assert.deepEqual(paths, ['/', '/'], 'a page was shown on the way');
    subs.push((await signedIn(page)).id_token.sub);
  }
  assert.equal(subs[0], subs[1]);

  // Nobody is signed in in this client yet, so that it stops at WeCom, where the cookie gets lost.
  const { context, page } = await open({ userAgent: WECOM_PHONE, viewport: PHONE });
  await begin(page);
  await atWecom(page, '/connect/oauth2/authorize');
  await loseCookies(context, TENANT);
  const paths = pagesOf(context);
  await member(page, 'LiSi').click();
  const lost = await signedIn(page);
  assert.deepEqual(paths.slice(0, 1), ['/'], 'a page was shown on the way');
  assert.notEqual(lost.id_token.sub, subs[0]);

  // Who asks for a fresh sign-in is shown the page even here.
  await page.goto(`${process.env.APP}/login?prompt=login`);
  await atLogin(page);
  await source(page, 'mobile').click();
  const again = await signedIn(page);
  assert.equal(again.id_token.sub, lost.id_token.sub);
  return { zhangsan: subs[0], lisi: lost.id_token.sub };
});
