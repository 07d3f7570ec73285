// A small OpenID Provider that keeps the contract of the popup mode, and can be told to break rules.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

const SDK = readFileSync(new URL('../../hufu.js', import.meta.url));

const random = () => randomBytes(24).toString('base64url');
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** JSON inside of a script element. */
const inScript = (value) => JSON.stringify(value).replace(/</g, '\\u003c');

/**
 * The relay page. A popup that has lost its opener, or whose opener does not take the answer, brings it to
 * the app's own callback page. A frame never goes anywhere.
 */
const RELAY = (message, origin, callback, { answers, closes }) => `
  const framed = parent !== self;
  const to = opener ?? (framed ? parent : null);
  for (let time = 0; time < ${answers}; time++) to?.postMessage(${inScript(message)}, ${inScript(origin)});
  if (${closes}) close();
  if (!framed) setTimeout(() => location.replace(${inScript(callback)}), opener ? 3000 : 0);`;

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

export class Provider {
  #codes = new Map();

  constructor(origin, apps, upstream) {
    this.origin = origin;
    this.issuer = `${origin}/oidc`;
    this.apps = apps;
    this.upstream = upstream;
    this.reset();
  }

  /** Back to the rules, with nothing asked so far. */
  reset() {
    this.claims = {}; // instead of the right ones
    this.discovery = {}; // likewise
    this.iss = this.issuer; // in the answer
    this.answers = 1; // times that the relay page says it
    this.policies = {}; // Cross-Origin-Opener-Policy of its pages, by which page it is
    this.closes = false; // the relay page, its own window
    this.keeps = false; // the answer to a redirect to itself, and shows where it would have gone
    this.gate = undefined; // what an authorization waits for
    this.authorizations = [];
    this.redeemed = [];
    this.signOuts = [];
  }

  async handle(request, response) {
    const url = new URL(request.url, this.origin);
    const paths = {
      '/oidc/.well-known/openid-configuration': () => this.#configuration(response),
      '/oidc/auth': () => this.#authorize(request, response, url.searchParams),
      '/oidc/allow': () => this.#allow(response, url.searchParams),
      '/oidc/deny': () => this.#answer(response, url.searchParams, { error: 'access_denied', error_description: 'No.' }),
      '/oidc/token': async () => this.#token(response, await read(request)),
      '/oidc/session/end': () => this.#endSession(response, url.searchParams),
      '/sdk/hufu.js': () => {
        response.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' });
        response.end(SDK);
      },
    };
    const act = paths[url.pathname];
    if (act) return act();
    response.writeHead(404).end();
  }

  #json(response, body, status = 200) {
    const headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*' };
    response.writeHead(status, headers).end(JSON.stringify(body));
  }

  #configuration(response) {
    this.#json(response, {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/auth`,
      token_endpoint: `${this.issuer}/token`,
      end_session_endpoint: `${this.issuer}/session/end`,
      ...this.discovery,
    });
  }

  #page(response, body, headers = {}) {
    response.writeHead(200, { 'content-type': 'text/html', ...headers });
    response.end(`<!doctype html><meta charset="utf-8"><title>Provider</title>${body}`);
  }

  async #authorize(request, response, query) {
    this.authorizations.push(Object.fromEntries(query));
    await this.gate;
    const app = this.apps.find(({ clientId }) => clientId === query.get('client_id'));
    const right = {
      client_id: app?.clientId,
      redirect_uri: app?.redirectUri,
      response_type: 'code',
      code_challenge_method: 'S256',
    };
    const wrong = Object.keys(right).filter((name) => query.get(name) !== right[name]);
    for (const name of ['state', 'nonce', 'code_challenge']) {
      if (!/^[\w-]{43}$/.test(query.get(name) ?? '')) wrong.push(name);
    }
    if (wrong.length > 0) return response.writeHead(400).end(`wrong: ${wrong}`);

    const signedIn = /session=/.test(request.headers.cookie ?? '');
    if (query.get('prompt') === 'none') {
      return signedIn ? this.#code(response, query) : this.#answer(response, query, { error: 'login_required' });
    }
    if (query.get('connection') === 'upstream') {
      const back = encodeURIComponent(`${this.issuer}/allow?${query}`);
      return response.writeHead(302, { location: `${this.upstream}/?back=${back}` }).end();
    }
    const link = (id) => `<a id="${id}" href="/oidc/${id}?${String(query).replace(/&/g, '&amp;')}">${id}</a> `;
    this.#page(response, link('allow') + link('deny'), {
      'content-security-policy': "frame-ancestors 'none'",
      'cross-origin-opener-policy': this.policies.login ?? 'unsafe-none',
    });
  }

  #allow(response, query) {
    response.setHeader('set-cookie', 'session=zhangsan; Path=/; HttpOnly; Secure; SameSite=None');
    this.#code(response, query);
  }

  #code(response, query) {
    const code = random();
    this.#codes.set(code, query);
    this.#answer(response, query, { code });
  }

  #answer(response, query, answer) {
    const members = { ...answer, state: query.get('state'), iss: this.iss };
    const callback = `${query.get('redirect_uri')}?${new URLSearchParams(members)}`;
    if (query.get('response_mode') !== 'web_message') {
      if (this.keeps) return this.#page(response, `<p id="kept">${callback.replace(/&/g, '&amp;')}</p>`);
      return response.writeHead(302, { location: callback }).end();
    }
    // The redirect URI has been found to be registered; nothing else in a request says where an answer goes.
    const { origin } = new URL(query.get('redirect_uri'));
    const nonce = random();
    const script = RELAY({ type: 'authorization_response', response: members }, origin, callback, this);
    this.#page(response, `<script nonce="${nonce}">${script}</script>`, {
      'content-security-policy': `default-src 'none'; script-src 'nonce-${nonce}'; frame-ancestors ${origin}`,
      'cross-origin-opener-policy': this.policies.relay ?? 'unsafe-none',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
  }

  #token(response, form) {
    const query = this.#codes.get(form.get('code'));
    this.#codes.delete(form.get('code'));
    this.redeemed.push(form.get('code'));
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    const right =
      query?.get('code_challenge') === challenge &&
      query.get('redirect_uri') === form.get('redirect_uri') &&
      query.get('client_id') === form.get('client_id');
    if (!right) return this.#json(response, { error: 'invalid_grant' }, 400);
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.issuer,
      sub: 'zhangsan',
      name: '张三',
      aud: query.get('client_id'),
      nonce: query.get('nonce'),
      iat: now,
      exp: now + 600,
      auth_time: now,
      ...this.claims,
    };
    this.#json(response, {
      token_type: 'Bearer',
      access_token: random(),
      expires_in: 3600,
      scope: query.get('scope'),
      id_token: `${part({ alg: 'ES256' })}.${part(claims)}.c2lnbmF0dXJl`,
    });
  }

  #endSession(response, query) {
    this.signOuts.push(Object.fromEntries(query));
    response.setHeader('set-cookie', 'session=; Path=/; Max-Age=0; Secure; SameSite=None');
    this.#page(response, '<p id="signed-out">Signed out</p>');
  }
}
