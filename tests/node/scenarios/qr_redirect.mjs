// From the sample app through WeCom's own page and back, with the keyboard alone.

import assert from 'node:assert/strict';

import { scenario } from '../browser.mjs';
import { APP, atLogin, atWecom, member, signedIn, source } from '../steps.mjs';

/** Presses Tab until this has the focus, which has to be visible, and then Enter. */
async function press(page, wanted) {
  await wanted.waitFor();
  for (let tabs = 0; tabs < 30; tabs++) {
    await page.keyboard.press('Tab');
    if (!(await wanted.evaluate((element) => element === document.activeElement))) continue;
    const outline = await wanted.evaluate((element) => getComputedStyle(element).outlineStyle);
    assert.notEqual(outline, 'none', `the focus is not to be seen on ${wanted}`);
    return page.keyboard.press('Enter');
  }
  throw new Error(`Tab never comes to ${wanted}`);
}

await scenario(async ({ open }) => {
  const { page } = await open();
  await page.goto(APP);
  await press(page, page.locator('#sign-in'));
  await atLogin(page);
  assert.equal(await page.locator('iframe').count(), 0);
  await press(page, source(page, 'qr'));
  await atWecom(page);
  await press(page, member(page, 'zhangsan'));
  return signedIn(page);
});
