// An app: one page, whose script is written as the README says, under a strict Content-Security-Policy.

/** Buttons call the SDK as people do; what comes of it, and each event, is kept for the tests. */
const SCRIPT = (provider, app) => `
import { Hufu, HufuError } from '${provider}/sdk/hufu.js';

const query = new URLSearchParams(location.search);
const hufu = new Hufu({
  issuer: '${provider}/oidc',
  clientId: '${app.clientId}',
  redirectUri: '${app.redirectUri}',
  postLogoutRedirectUri: '${app.origin}/signed-out',
  ...JSON.parse(query.get('settings') ?? '{}'),
});
const events = [], outcomes = [];
for (const name of ['blocked', 'closed', 'openerLost']) {
  hufu.on(name, () => {
    events.push(name);
    sessionStorage.setItem('events', events);
  });
}

const outcome = async (promise) => {
  try {
    outcomes.push(await promise);
  } catch (error) {
    const { code, message } = error;
    outcomes.push(error instanceof HufuError ? { code, message } : { bug: String(error.stack) });
    return error;
  }
};
const act = (name) => outcome(hufu[name](globalThis.options));
for (const name of ['signInWithPopup', 'signInWithRedirect', 'signInSilently', 'signOut']) {
  document.getElementById(name).onclick = async () => { globalThis.error = await act(name); };
}
Object.assign(globalThis, { hufu, events, outcomes, outcome, act });
if (location.pathname === '/callback') outcome(hufu.handleRedirect());
if (location.pathname === '/popup') outcome(hufu.signInWithPopup({ appState: 'of the script' }));
document.body.dataset.ready = '';`;

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>App</title><link rel="icon" href="data:,">
<body>
<button id="signInWithPopup">Popup</button>
<button id="signInWithRedirect">Redirect</button>
<button id="signInSilently">Silent</button>
<button id="signOut">Sign out</button>
<script type="module" src="/app.js"></script>`;

export class App {
  constructor(clientId, origin, provider) {
    this.clientId = clientId;
    this.origin = origin;
    this.redirectUri = `${origin}/callback`;
    this.provider = provider;
  }

  handle(request, response) {
    const { pathname } = new URL(request.url, this.origin);
    if (pathname === '/app.js') {
      response.writeHead(200, { 'content-type': 'text/javascript', 'cross-origin-resource-policy': 'same-origin' });
      return response.end(SCRIPT(this.provider, this));
    }
    response.writeHead(200, {
      'content-type': 'text/html',
      'content-security-policy':
        `default-src 'none'; script-src 'self' ${this.provider}; connect-src ${this.provider}; ` +
        `frame-src ${this.provider}; img-src data:; require-trusted-types-for 'script'; trusted-types 'none'`,
      ...(pathname === '/isolated' && {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      }),
      // Isolated from its popups, without being cross-origin isolated.
      ...(pathname === '/cut' && { 'cross-origin-opener-policy': 'same-origin' }),
    });
    response.end(PAGE);
  }
}
