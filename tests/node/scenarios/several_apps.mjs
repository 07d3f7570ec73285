// The same person signs in to several apps, each in a browser of its own.
//
// In: APPS (base URLs of sample apps, separated by spaces)

import { scenario } from '../browser.mjs';
import { signInByQr } from '../steps.mjs';

await scenario(async ({ open }) => {
  const claims = [];
  for (const app of process.env.APPS.split(' ')) {
    const { page } = await open();
    claims.push(await signInByQr(page, 'zhangsan', app));
  }
  return claims;
});
