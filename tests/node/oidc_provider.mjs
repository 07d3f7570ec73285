// The certified provider of npm, in memory on a loopback port: what the differential test asks the same
// as Hufu. It has Hufu's paths and clients, and Hufu's rules wherever it can be told them.
//
// In:  CLIENTS (the clients' metadata, a list in JSON), FAPI2 and WITHOUT_PKCE (client_ids, each list in JSON)
// Out: one line of JSON with the port. It ends with its standard input.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

// What it has to say about settings and versions would come before our line.
console.info = console.error;
const { Provider, interactionPolicy } = await import('oidc-provider');

const list = (name) => JSON.parse(process.env[name] ?? '[]');
const fapi2 = list('FAPI2');
const withoutPkce = list('WITHOUT_PKCE');

/** What one kind of object is kept in, for good: the adapter that comes with the library forgets the oldest. */
class Memory {
  #kept = new Map();

  async upsert(id, payload) {
    this.#kept.set(id, payload);
  }

  async find(id) {
    return this.#kept.get(id);
  }

  async findByUid(uid) {
    return [...this.#kept.values()].find((payload) => payload.uid === uid);
  }

  async consume(id) {
    this.#kept.get(id).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.#kept.delete(id);
  }

  async revokeByGrantId(grantId) {
    for (const [id, payload] of this.#kept) {
      if (payload.grantId === grantId) this.#kept.delete(id);
    }
  }
}

const isPublic = (client) => client.clientAuthMethod === 'none';

/**
 * Everything that can be asked for is granted, so that nobody is asked; each time anew, so that a code that
 * comes twice costs only its own tokens.
 */
async function grantAll(ctx) {
  const { client, session, provider } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid profile email phone offline_access');
  await grant.save();
  return grant;
}

/** Its own prompts, and `select_account`, which it leaves to whoever has a page for it. */
function prompts() {
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);
  return policy;
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'k' };
}

const SIGNING = ['ES256', 'PS256', 'RS256', 'EdDSA'];

const configuration = {
  adapter: Memory,
  clients: list('CLIENTS'),
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  jwks: { keys: [signingKey()] },
  cookies: { keys: ['differential'], long: { sameSite: 'none' } },
  enableHttpPostMethods: true,
  interactions: { policy: prompts() },
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
  ttl: {
    AccessToken: 600,
    AuthorizationCode: 60,
    ClientCredentials: 600,
    Grant: 3600,
    IdToken: 600,
    Interaction: 600,
    RefreshToken: 3600,
    Session: 3600,
  },
  allowOmittingSingleRegisteredRedirectUri: false,
  pkce: { required: (_ctx, client) => !withoutPkce.includes(client.clientId) },
  // The session knows only the newest of a client's grants.
  expiresWithSession: () => false,
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
