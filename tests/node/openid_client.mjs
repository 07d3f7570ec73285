// Signs in with openid-client, a client library that is not ours, as an app's developer would use it:
// discovery, code with PKCE, state and nonce, UserInfo, the URL of the logout.
//
// In:  ISSUER, CLIENT_ID, CLIENT_SECRET (empty: a public client), REDIRECT_URI,
//      MEMBER (value or text of the button to press at WeCom),
//      SOURCE (identifier or name of the identity source to choose on our page; empty: no choice needed),
//      SCOPE (default: openid profile), POST_LOGOUT_REDIRECT_URI, USER_AGENT (each may be empty)
// Out: one line of JSON with the claims; exit status 0. Or { "error": ... } and 1.

import './localhost.mjs';

import * as client from 'openid-client';

import { HttpBrowser } from './http_browser.mjs';

function setting(name, fallback) {
  const value = process.env[name] || fallback;
  if (value === undefined) throw new Error(`the variable ${name} is missing`);
  return value;
}

/** The header of a JWT, for the report; openid-client has checked the signature before. */
function protectedHeader(jwt) {
  return JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url').toString());
}

async function configuration() {
  const issuer = new URL(setting('ISSUER'));
  const secret = setting('CLIENT_SECRET', '');
  const options = issuer.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {};
  return secret
    ? client.discovery(issuer, setting('CLIENT_ID'), secret, undefined, options)
    : client.discovery(issuer, setting('CLIENT_ID'), undefined, client.None(), options);
}

async function signIn() {
  const config = await configuration();
  const redirectUri = setting('REDIRECT_URI');
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const authorizationUrl = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: setting('SCOPE', 'openid profile'),
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  });

  const browser = new HttpBrowser({ userAgent: process.env.USER_AGENT || undefined });
  const callback = await browser.follow(authorizationUrl, {
    until: redirectUri,
    choose: [setting('MEMBER'), setting('SOURCE', '')],
  });

  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier,
    expectedState,
    expectedNonce,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  const endSession = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    ...(process.env.POST_LOGOUT_REDIRECT_URI && {
      post_logout_redirect_uri: process.env.POST_LOGOUT_REDIRECT_URI,
    }),
  });
  return {
    claims,
    userinfo,
    id_token_header: protectedHeader(tokens.id_token),
    token_type: tokens.token_type,
    expires_in: tokens.expires_in,
    scope: tokens.scope,
    end_session_url: endSession.href,
  };
}

/** An error with its causes, in one line. */
function reason(error) {
  const parts = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    parts.push([at.message, at.code, at.error, at.error_description].filter(Boolean).join(' '));
  }
  return parts.join(': ') || String(error);
}

try {
  console.log(JSON.stringify(await signIn()));
} catch (error) {
  console.log(JSON.stringify({ error: reason(error) }));
  process.exitCode = 1;
}
