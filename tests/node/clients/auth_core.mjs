// @auth/core, on which NextAuth and its like stand, with its provider for any OpenID Provider.

import { play, protectedHeader } from './peer.mjs';

import { Auth, skipCSRFCheck } from '@auth/core';

import { answerBy, close, read, serve, visit } from './site.mjs';

let base, config, said;

/** An answer of the library as one of Node's HTTP server. */
async function pass(answer, response) {
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) {
    if (name !== 'set-cookie') response.setHeader(name, value);
  }
  response.setHeader('set-cookie', answer.headers.getSetCookie());
  response.end(await answer.text());
}

async function answer(request, response) {
  const url = new URL(request.url, base);
  const headers = new Headers({ cookie: request.headers.cookie ?? '' });
  if (url.pathname !== '/sign-in') return pass(await Auth(new Request(url, { headers }), config), response);
  const begin = new Request(`${base}/auth/signin/hufu`, { method: 'POST', headers });
  return pass(await Auth(begin, config), response);
}

await play({
  serve,

  set_up({ base: its, ...settings }) {
    base = its;
    config = {
      basePath: '/auth',
      secret: 'only of this test',
      trustHost: true,
      // The request comes from this program and not from a page of the library's.
      skipCSRFCheck,
      logger: { error: (error) => { said = error; }, warn() {}, debug() {} },
      providers: [{
        id: 'hufu',
        name: 'Hufu',
        type: 'oidc',
        issuer: settings.issuer,
        clientId: settings.client_id,
        clientSecret: settings.client_secret,
        checks: ['pkce', 'state', 'nonce'],
        authorization: { params: { scope: settings.scope } },
        client: {
          token_endpoint_auth_method: settings.method,
          id_token_signed_response_alg: settings.algorithm,
        },
        // The profile is UserInfo's.
        idToken: false,
        profile: ({ sub, name }) => ({ id: sub, name }),
      }],
      callbacks: {
        jwt({ token, account, profile }) {
          return account ? { ...token, account, profile } : token;
        },
        session({ session, token: { account, profile } }) {
          return { ...session, account, profile };
        },
      },
    };
    answerBy(answer);
  },

  begin: async () => (await visit(`${base}/sign-in`)).location,

  async finish({ callback }) {
    said = undefined;
    const { location } = await visit(callback);
    if (said) throw said;
    if (location !== base && location !== `${base}/`) throw new Error(`sent to ${location}`);
    const { account, profile } = await read(`${base}/auth/session`);
    const [, payload] = account.id_token.split('.');
    return {
      ...account,
      claims: JSON.parse(Buffer.from(payload, 'base64url').toString()),
      header: protectedHeader(account.id_token),
      userinfo: profile,
    };
  },
});
close();
