// An app with openid-client, as its documentation has it.

import { play, protectedHeader } from './peer.mjs';

import * as client from 'openid-client';

const AUTHENTICATION = {
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
  none: client.None,
};

let settings, config, request;

await play({
  async set_up(its) {
    settings = its;
    const { issuer, client_id, client_secret, method, algorithm } = settings;
    const metadata = { id_token_signed_response_alg: algorithm };
    const authentication = AUTHENTICATION[method](client_secret);
    const options = { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] };
    config = await client.discovery(new URL(issuer), client_id, metadata, authentication, options);
  },

  async begin() {
    request = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
      idTokenExpected: true,
    };
    return client.buildAuthorizationUrl(config, {
      redirect_uri: settings.redirect_uri,
      scope: settings.scope,
      code_challenge: await client.calculatePKCECodeChallenge(request.pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: request.expectedState,
      nonce: request.expectedNonce,
    }).href;
  },

  async finish({ callback }) {
    const tokens = await client.authorizationCodeGrant(config, new URL(callback), request);
    return { ...tokens, claims: tokens.claims(), header: protectedHeader(tokens.id_token) };
  },

  userinfo: ({ access_token, claims }) =>
    client.fetchUserInfo(config, access_token, claims?.sub ?? client.skipSubjectCheck),

  refresh: ({ refresh_token }) => client.refreshTokenGrant(config, refresh_token),

  end({ id_token }) {
    const { post_logout_redirect_uri } = settings;
    const parameters = { id_token_hint: id_token, post_logout_redirect_uri };
    return client.buildEndSessionUrl(config, parameters).href;
  },
});
