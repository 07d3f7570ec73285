// The provider, an app, one that is up to no good, and a page upstream of the provider: each has an origin and,
// to the browser, a site of its own. Another app is on the provider's site. They share a port.

import { createServer } from 'node:http';

import { App } from './app.mjs';
import { Provider } from './provider.mjs';

/** The page upstream. Its header cuts the popup off from its opener. */
function upstream(request, response) {
  const { searchParams } = new URL(request.url, 'http://upstream.localhost');
  if (!searchParams.has('back')) return response.writeHead(404).end();
  const back = searchParams.get('back').replace(/&/g, '&amp;').replace(/"/g, '&quot;');
  response.writeHead(200, { 'content-type': 'text/html', 'cross-origin-opener-policy': 'same-origin' });
  response.end(`<!doctype html><title>Upstream</title><a id="back" href="${back}">Go on</a>`);
}

function evil(_, response) {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end('<!doctype html><title>Evil</title>');
}

/** Starts all of them; `stop` ends them. */
export async function start() {
  const server = createServer((request, response) => {
    const [name] = request.headers.host.split('.localhost');
    hosts[name](request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = (name) => `http://${name}.localhost:${server.address().port}`;
  const app = new App('app-1', at('app'), at('acme'));
  const near = new App('app-2', at('app.acme'), at('acme'));
  const provider = new Provider(at('acme'), [app, near], at('upstream'));
  const hosts = {
    acme: (...exchange) => provider.handle(...exchange),
    app: (...exchange) => app.handle(...exchange),
    'app.acme': (...exchange) => near.handle(...exchange),
    evil,
    upstream,
  };
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { app, near, provider, evil: at('evil'), upstream: at('upstream'), stop };
}
