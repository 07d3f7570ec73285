// An app that is a web server: its address, and what a browser does there. The same browser goes to the
// provider elsewhere: it is the test that carries its answer here.

import { createServer } from 'node:http';

import { HttpBrowser } from '../http_browser.mjs';

const server = createServer();
const browser = new HttpBrowser();

/** Takes a port; the app may come later. */
export async function serve() {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

export function answerBy(app) {
  server.on('request', app);
}

/** What the app answers to the browser: where it sends it, or its page. A page of a failure is one. */
export async function visit(url, form) {
  const request = { url: new URL(url), method: form ? 'POST' : 'GET' };
  if (form) request.body = new URLSearchParams(form);
  const answer = await browser.request(request);
  if (answer.next) return { location: answer.next.url.href };
  if (answer.status >= 400) throw new Error(`${answer.status} ${answer.page}`);
  return answer;
}

/** The JSON of a page of the app. */
export async function read(url) {
  const { page } = await visit(url);
  return JSON.parse(page);
}

export function close() {
  server.close();
  server.closeAllConnections();
}
