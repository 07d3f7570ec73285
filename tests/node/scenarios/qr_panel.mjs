// WeCom's panel in a frame of our page; without JavaScript, WeCom's own page.

import assert from 'node:assert/strict';

import { scenario } from '../browser.mjs';
import { TENANT, WECOM, atLogin, atWecom, begin, member, signedIn, source } from '../steps.mjs';

await scenario(async ({ open }) => {
  const { page } = await open();
  await begin(page);
  await atLogin(page);
  const panel = page.frameLocator('iframe');
  await member(panel, 'zhangsan').waitFor();
  const frame = page.frames().find((frame) => frame !== page.mainFrame());
  assert.equal(new URL(frame.url()).origin, WECOM);
  assert.equal(new URL(page.url()).origin, TENANT, 'the page is still ours');
  assert.equal(await source(page, 'qr').isVisible(), false, 'the panel stands where the button was');
  assert.ok(await page.locator('a.trouble').isVisible(), 'a way to the page, if the panel stays empty');
  await member(panel, 'zhangsan').click();
  const framed = await signedIn(page);

  const trouble = await open();
  await begin(trouble.page);
  await trouble.page.click('a.trouble');
  await atWecom(trouble.page);

  const plain = await open({ javaScriptEnabled: false });
  await begin(plain.page);
  await atLogin(plain.page);
  assert.equal(await plain.page.locator('iframe').count(), 0);
  await source(plain.page, 'qr').click();
  await atWecom(plain.page);
  await member(plain.page, 'zhangsan').click();
  const redirected = await signedIn(plain.page);
  assert.equal(redirected.id_token.sub, framed.id_token.sub);
  return framed;
});
