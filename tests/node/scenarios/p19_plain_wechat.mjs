// Pain 19: in plain WeChat the page says so, and leads into WeCom.

import assert from 'node:assert/strict';

import { PHONE, WECHAT, scenario, WECOM_PHONE } from '../browser.mjs';
import {
  APP, WORKBENCH, atLogin, begin, copiedLink, inClient, source, signedIn,
} from '../steps.mjs';

await scenario(async ({ open }) => {
  const { context, page } = await open({ userAgent: WECHAT, viewport: PHONE, locale: 'en' });
  for (const from of ['app', 'workbench']) {
    if (from === 'app') await begin(page);
    else await page.goto(WORKBENCH);
    await atLogin(page);
    assert.equal(await source(page, 'qr').or(source(page, 'mobile')).count(), 0, 'a button that cannot work');
    assert.match(await page.innerText('.elsewhere'), /This page is open in WeChat/);
    // For another device there is a code, which says what it is.
    const code = page.getByRole('img', { name: 'QR code of the link to this page' });
    const { width, height } = await code.boundingBox();
    assert.ok(width >= 120 && Math.abs(width - height) < 1, `${width} x ${height}`);
  }
  const link = await copiedLink(context, page);
  assert.ok(link.startsWith(APP), `a link that begins at the app, not ${link}`);
  // The way back without signing in.
  await page.click('form.cancel button');
  await page.waitForURL((url) => url.origin === APP);

  // Opened inside WeCom the link signs in.
  const client = await open({ userAgent: WECOM_PHONE, viewport: PHONE });
  await inClient(client.context, 'zhangsan');
  await client.page.goto(link);
  await signedIn(client.page);
});
