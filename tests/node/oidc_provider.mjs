// The certified provider of npm, in memory on a loopback port: what the differential test asks the same
// as Hufu. It has Hufu's paths and clients, and Hufu's rules wherever it can be told them.
//
// In:  CLIENTS (the clients' metadata, a list in JSON), FAPI2 and WITHOUT_PKCE (client_ids, each list in JSON)
// Out: one line of JSON with the port. It ends with its standard input.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

// What it has to say about settings and versions would come before our line.
console.info = console.error;
const { Provider } = await import('oidc-provider');

const list = (name) => JSON.parse(process.env[name] ?? '[]');
const fapi2 = list('FAPI2');
const withoutPkce = list('WITHOUT_PKCE');

const isPublic = (client) => client.clientAuthMethod === 'none';

/** Everything that can be asked for is granted, so that nobody is asked. */
async function grantAll(ctx) {
  const { client, session, provider } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  if (known) return provider.Grant.find(known);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid profile email phone offline_access');
  await grant.save();
  return grant;
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'k' };
}

const SIGNING = ['ES256', 'PS256', 'RS256', 'EdDSA'];

const configuration = {
  clients: list('CLIENTS'),
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  jwks: { keys: [signingKey()] },
  cookies: { keys: ['differential'] },
  routes: {
    authorization: '/oidc/auth',
    end_session: '/oidc/session/end',
    introspection: '/oidc/token/introspection',
    jwks: '/oidc/.well-known/jwks.json',
    pushed_authorization_request: '/oidc/request',
    revocation: '/oidc/token/revocation',
    token: '/oidc/token',
    userinfo: '/oidc/me',
  },
  scopes: ['openid', 'offline_access'],
  claims: {
    openid: ['sub'],
    profile: ['name'],
    email: ['email'],
    phone: ['phone_number'],
  },
  enabledJWA: {
    clientAuthSigningAlgValues: SIGNING,
    dPoPSigningAlgValues: SIGNING,
    idTokenSigningAlgValues: SIGNING,
  },
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    dPoP: {
      enabled: true,
      nonceSecret: Buffer.alloc(32, 1),
      requireNonce: (ctx) => fapi2.includes(ctx.oidc.client?.clientId),
    },
    fapi: {
      enabled: true,
      profile: (_ctx, client) => (fapi2.includes(client?.clientId) ? '2.0' : undefined),
    },
    introspection: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: { enabled: false },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    webMessageResponseMode: { enabled: true, ack: 'individual-draft-01' },
  },
  allowOmittingSingleRegisteredRedirectUri: false,
  pkce: { required: (_ctx, client) => !withoutPkce.includes(client.clientId) },
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: (ctx) => isPublic(ctx.oidc.client),
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, name: 'Somebody' }) }),
  loadExistingGrant: grantAll,
  renderError: (ctx, out) => {
    ctx.type = 'html';
    ctx.body = `<p data-code="${out.error}">`;
  },
};

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://peer.localhost:${port}/oidc`, configuration);
  provider.on('server_error', (_ctx, error) => console.error(error));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    // The one page that a person would see: whoever comes is signed in.
    if (request.url.startsWith('/interaction/')) {
      const result = { login: { accountId: 'somebody' } };
      provider.interactionFinished(request, response, result).catch((error) => {
        response.writeHead(500).end(String(error));
      });
    } else {
      answer(request, response);
    }
  });
  console.log(JSON.stringify({ port }));
});

process.stdin.on('close', () => process.exit());
process.stdin.resume();
