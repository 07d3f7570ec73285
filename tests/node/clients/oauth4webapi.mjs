// An app with oauth4webapi, which looks at every byte of an answer.

import { play, protectedHeader } from './peer.mjs';

import * as oauth from 'oauth4webapi';

const ALGORITHM = 'ES256';
const insecure = { [oauth.allowInsecureRequests]: true };

const AUTHENTICATION = {
  client_secret_basic: oauth.ClientSecretBasic,
  client_secret_post: oauth.ClientSecretPost,
  none: oauth.None,
  private_key_jwt: () => oauth.PrivateKeyJwt({ key: pair.privateKey, kid: 'one' }),
};

let settings, as, client, authentication, request, pair;
// What the requests of an app with DPoP carry besides.
let options = insecure;

/** Tokens, after the signature of the ID token, which TLS would stand for otherwise. */
async function checked(response, process) {
  const tokens = await process();
  if (tokens.id_token) await oauth.validateApplicationLevelSignature(as, response, insecure);
  return tokens;
}

/** Asks again, once, with the nonce that a proof has to have (RFC 9449, section 8). */
async function asking(request) {
  try {
    return await request();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return request();
  }
}

/** What the resource server of an access token checks (RFC 9068). */
async function checkAccessToken(token) {
  const headers = { authorization: `Bearer ${token}` };
  if (options.DPoP) return;
  const call = new Request('http://api.example.com/', { headers });
  await oauth.validateJwtAccessToken(as, call, settings.issuer, insecure);
}

await play({
  /** Makes a key that the app proves itself with. */
  async keys() {
    pair = await oauth.generateKeyPair(ALGORITHM);
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    return { keys: [{ kty, crv, x, y, kid: 'one', alg: ALGORITHM, use: 'sig' }] };
  },

  async set_up(its) {
    settings = its;
    const issuer = new URL(settings.issuer);
    const response = await oauth.discoveryRequest(issuer, insecure);
    as = await oauth.processDiscoveryResponse(issuer, response);
    client = { client_id: settings.client_id, id_token_signed_response_alg: settings.algorithm };
    authentication = AUTHENTICATION[settings.method](settings.client_secret);
    if (settings.dpop) {
      const keys = await oauth.generateKeyPair(ALGORITHM);
      options = { ...insecure, DPoP: oauth.DPoP(client, keys) };
    }
  },

  async begin() {
    const verifier = oauth.generateRandomCodeVerifier();
    request = { verifier, state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() };
    const url = new URL(as.authorization_endpoint);
    url.search = new URLSearchParams({
      client_id: settings.client_id,
      redirect_uri: settings.redirect_uri,
      response_type: 'code',
      scope: settings.scope,
      state: request.state,
      nonce: request.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return url.href;
  },

  async finish({ callback }) {
    const answer = oauth.validateAuthResponse(as, client, new URL(callback), request.state);
    const expected = { expectedNonce: request.nonce, requireIdToken: true };
    const tokens = await asking(async () => {
      const response = await oauth.authorizationCodeGrantRequest(
        as, client, authentication, answer, settings.redirect_uri, request.verifier, options,
      );
      return checked(response, () =>
        oauth.processAuthorizationCodeResponse(as, client, response, expected));
    });
    await checkAccessToken(tokens.access_token);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    return { ...tokens, claims, header: protectedHeader(tokens.id_token) };
  },

  userinfo({ access_token, claims }) {
    const sub = claims?.sub ?? oauth.skipSubjectCheck;
    return asking(async () => {
      const response = await oauth.userInfoRequest(as, client, access_token, options);
      return oauth.processUserInfoResponse(as, client, sub, response);
    });
  },

  refresh({ refresh_token }) {
    return asking(async () => {
      const response = await oauth.refreshTokenGrantRequest(as, client, authentication, refresh_token, options);
      return checked(response, () => oauth.processRefreshTokenResponse(as, client, response));
    });
  },

  end({ id_token }) {
    const url = new URL(as.end_session_endpoint);
    const post_logout_redirect_uri = settings.post_logout_redirect_uri;
    url.search = new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri });
    return url.href;
  },
});
