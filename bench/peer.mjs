// npm oidc-provider, set up to do what Hufu does in the benchmark: `node peer.mjs MODULES PORT CODES FILE`.
// Writes client and authorization codes into FILE as JSON, then listens. Everything is in memory.

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, port, codes, file] = process.argv.slice(2);
const load = path => import(pathToFileURL(join(modules, path)).href);
const { Provider } = await load('oidc-provider/lib/index.js');
const { exportJWK, generateKeyPair } = await load('jose/dist/webapi/index.js');

const id = 'bench', secret = 'a-secret-of-the-benchmark-that-is-long-enough';
const redirectUri = 'https://app.bench.example/callback';
const verifier = 'a'.repeat(43);
const scope = 'openid profile offline_access';
const resource = 'https://api.bench.example';

// The package's own keeps a thousand values.
const values = new Map(), grants = new Map(), names = new Map();
class Memory {
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, payload) {
    const key = this.key(id);
    values.set(key, payload);
    if (payload.uid) names.set(payload.uid, key);
    if (payload.grantId) grants.set(payload.grantId, [...(grants.get(payload.grantId) ?? []), key]);
  }
  async find(id) { return values.get(this.key(id)); }
  async findByUid(uid) { return values.get(names.get(uid)); }
  async findByUserCode() { return undefined; }
  async consume(id) { values.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { values.delete(this.key(id)); }
  async revokeByGrantId(grantId) {
    for (const key of grants.get(grantId) ?? []) values.delete(key);
    grants.delete(grantId);
  }
}

const keys = [];
for (const alg of ['ES256', 'RS256']) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  keys.push({ ...await exportJWK(privateKey), alg, use: 'sig' });
}

const provider = new Provider(`http://localhost:${port}`, {
  adapter: Memory,
  jwks: { keys },
  clients: [{
    client_id: id, client_secret: secret, redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code'], token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
  }],
  scopes: ['openid', 'profile', 'offline_access'],
  claims: { profile: ['name', 'preferred_username', 'picture', 'updated_at'] },
  findAccount: (_, accountId) => ({
    accountId,
    claims: () => ({ sub: accountId, name: '张三', updated_at: 1_700_000_000 }),
  }),
  rotateRefreshToken: false,
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // Only where a JWT is asked for; UserInfo takes opaque ones.
      defaultResource: ctx =>
        ctx.oidc.params?.grant_type === 'client_credentials' ? resource : undefined,
      getResourceServerInfo: () => ({
        scope: 'api', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

const client = await provider.Client.find(id);
const grant = new provider.Grant({ accountId: 'zhangsan', clientId: id });
grant.addOIDCScope(scope);
const grantId = await grant.save();
const made = [];
for (let count = 0; count < Number(codes); count += 1) {
  const code = new provider.AuthorizationCode({
    accountId: 'zhangsan', client, grantId, scope, redirectUri, nonce: 'n'.repeat(43),
    authTime: Math.floor(Date.now() / 1000), claims: {}, gty: 'authorization_code',
    codeChallenge: createHash('sha256').update(verifier).digest('base64url'),
    codeChallengeMethod: 'S256',
  });
  made.push(await code.save());
}
writeFileSync(file, JSON.stringify({ id, secret, redirectUri, verifier, codes: made }));
provider.listen(Number(port), '127.0.0.1');
