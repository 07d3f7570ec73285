// An Express app with express-openid-connect: answers by form_post, back-channel logout.

import { play, protectedHeader } from './peer.mjs';

import express from 'express';
import { auth } from 'express-openid-connect';

import { answerBy, close, read, serve, visit } from './site.mjs';

/** A store as express-session's are. */
class Store {
  #kept = new Map();

  get(id, callback) {
    callback(null, this.#kept.get(id));
  }

  set(id, value, callback) {
    this.#kept.set(id, value);
    callback?.(null);
  }

  destroy(id, callback) {
    this.#kept.delete(id);
    callback?.(null);
  }
}

let base;

function app(settings) {
  const made = express();
  made.use(auth({
    issuerBaseURL: settings.issuer,
    baseURL: base,
    clientID: settings.client_id,
    clientSecret: settings.client_secret,
    clientAuthMethod: settings.method,
    idTokenSigningAlg: settings.algorithm,
    secret: 'only of this test',
    authRequired: false,
    idpLogout: true,
    backchannelLogout: { store: new Store() },
    authorizationParams: { response_type: 'code', response_mode: 'form_post', scope: settings.scope },
    routes: { login: '/sign-in', logout: '/sign-out', postLogoutRedirect: '/signed-out' },
  }));
  made.get('/me', async ({ oidc }, response) => {
    if (!oidc.isAuthenticated()) return response.status(401).end();
    const { access_token } = oidc.accessToken;
    response.json({
      claims: oidc.idTokenClaims, header: protectedHeader(oidc.idToken), access_token,
      refresh_token: oidc.refreshToken, userinfo: await oidc.fetchUserInfo(),
    });
  });
  made.get('/refresh', async ({ oidc }, response) => {
    const { access_token } = await oidc.accessToken.refresh();
    response.json({ access_token, refresh_token: oidc.refreshToken });
  });
  made.get('/signed-out', (_, response) => response.end());
  made.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    return response.status(error.statusCode ?? 500).end(`${error.error ?? ''} ${error.message}`);
  });
  return made;
}

await play({
  serve,

  set_up({ base: its, ...settings }) {
    base = its;
    answerBy(app(settings));
  },

  begin: async () => (await visit(`${base}/sign-in`)).location,

  async finish({ callback, form }) {
    await visit(callback, form);
    return read(`${base}/me`);
  },

  refresh: () => read(`${base}/refresh`),

  end: async () => (await visit(`${base}/sign-out`)).location,

  me: () => read(`${base}/me`),
});
close();
