// The script of the page: an app that has oidc-client-ts (the global `oidc`) and no server.

/* global oidc */

const settings = JSON.parse(localStorage.settings ?? 'null');
const client = settings && new oidc.OidcClient(settings);
const manager = settings && new oidc.UserManager(settings);

const issued = ({ access_token, refresh_token, id_token, profile }) => ({
  access_token, refresh_token, id_token, claims: profile,
});

const acts = {
  begin: async () => (await client.createSigninRequest({})).url,

  finish: async ({ callback }) => issued(await client.processSigninResponse(callback)),

  async userinfo({ access_token }) {
    const { userinfo_endpoint } = await client.metadataService.getMetadata();
    const headers = { authorization: `Bearer ${access_token}` };
    const answer = await fetch(userinfo_endpoint, { headers });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer.json();
  },

  async refresh({ refresh_token, id_token, claims }) {
    const state = { refresh_token, id_token, profile: claims };
    const answer = await client.useRefreshToken({ state });
    return { access_token: answer.access_token, refresh_token: answer.refresh_token };
  },

  end: async ({ id_token }) => (await client.createSignoutRequest({ id_token_hint: id_token })).url,

  popup: async () => issued(await globalThis.signingIn),

  silent: async () => issued(await manager.signinSilent()),

  /** Without a refresh token it is a hidden frame. */
  async silent_by_frame() {
    await manager.removeUser();
    return issued(await manager.signinSilent());
  },
};

/** What comes of an act; the library keeps the protocol's word for a failure beside the message. */
globalThis.act = async (name, argument) => {
  try {
    return { done: await acts[name](argument) };
  } catch (error) {
    return { error: [error.error, error.message].filter(Boolean).join(': ') };
  }
};

document.getElementById('popup').onclick = () => {
  globalThis.signingIn = manager.signinPopup();
};
document.getElementById('sign-out').onclick = () => manager.signoutRedirect();
if (location.pathname === '/callback') await manager.signinCallback();
document.body.dataset.ready = '';
