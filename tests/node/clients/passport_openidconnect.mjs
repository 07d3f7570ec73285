// An Express app with Passport's strategy: no PKCE, no discovery, no look at the ID token's signature.

import { play, protectedHeader } from './peer.mjs';

import express from 'express';
import session from 'express-session';
import passport from 'passport';
import OpenIDConnectStrategy from 'passport-openidconnect';

import { answerBy, close, read, serve, visit } from './site.mjs';

let base;

function app(settings) {
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user, done) => done(null, user));
  passport.use('hufu', new OpenIDConnectStrategy({
    issuer: settings.issuer,
    authorizationURL: `${settings.issuer}/auth`,
    tokenURL: `${settings.issuer}/token`,
    userInfoURL: `${settings.issuer}/me`,
    clientID: settings.client_id,
    clientSecret: settings.client_secret,
    callbackURL: settings.redirect_uri,
    scope: settings.scope.split(' ').filter((name) => name !== 'openid'),
    nonce: true,
    skipUserProfile: false,
  }, (issuer, profile, context, idToken, accessToken, refreshToken, done) => {
    done(null, { profile, id_token: idToken, access_token: accessToken, refresh_token: refreshToken });
  }));
  const made = express();
  made.use(session({ secret: 'only of this test', resave: false, saveUninitialized: false }));
  made.use(passport.session());
  made.get('/sign-in', passport.authenticate('hufu'));
  made.get('/callback', passport.authenticate('hufu', { failWithError: true }), (_, response) =>
    response.redirect('/me'));
  made.get('/me', ({ user }, response) => (user ? response.json(user) : response.status(401).end()));
  made.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    return response.status(error.status ?? 500).end(`${error.name} ${error.code} ${error.message}`);
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

  async finish({ callback }) {
    await visit(callback);
    const user = await read(`${base}/me`);
    const [, payload] = user.id_token.split('.');
    return {
      ...user,
      claims: JSON.parse(Buffer.from(payload, 'base64url').toString()),
      header: protectedHeader(user.id_token),
      userinfo: { sub: user.profile.id, name: user.profile.displayName },
    };
  },
});
close();
