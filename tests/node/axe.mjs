// Accessibility by axe-core: WCAG 2.0 to 2.2, levels A and AA.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const SOURCE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const OPTIONS = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  iframes: false, // WeCom's panel is not ours
  resultTypes: ['violations'],
};

/** What is wrong with a page: a rule and the element that breaks it, one line each. */
export async function violations(page) {
  // Through the debugger, whose scripts the page's own policy does not concern.
  await page.evaluate(SOURCE);
  const { violations: found } = await page.evaluate((options) => globalThis.axe.run(options), OPTIONS);
  const line = (rule, { target, any }) =>
    `${rule.id} at ${target.join(' ')}: ${any[0]?.message ?? rule.help}`;
  return found.flatMap((rule) => rule.nodes.map((node) => line(rule, node)));
}
