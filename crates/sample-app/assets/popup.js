// The whole of an app that signs people in from its own page, by the provider's script.
const { sdk, issuer, client } = document.getElementById('setup').dataset;
const { Hufu } = await import(sdk);
const page = location.origin + location.pathname;
const hufu = new Hufu({ issuer, clientId: client, redirectUri: page, postLogoutRedirectUri: page });

const element = (id) => document.getElementById(id);
const status = element('status');

function show(result) {
  if (!result) return;
  if (result.handedOver) return close();
  const { claims } = result;
  status.textContent = status.dataset.done + (claims.name ?? claims.sub);
  element('claims').textContent = JSON.stringify(claims, null, 2);
  element('sign-out').hidden = false;
}

const attempt = (way) => async () => {
  try {
    show(await way());
  } catch (error) {
    status.textContent = error.code ?? 'error';
    element('claims').textContent = error.message;
  }
};

for (const event of ['blocked', 'closed', 'openerLost']) {
  hufu.on(event, () => { status.textContent = event; });
}
element('popup').onclick = attempt(() => hufu.signInWithPopup());
element('redirect').onclick = attempt(() => hufu.signInWithRedirect());
element('silent').onclick = attempt(() => hufu.signInSilently());
element('sign-out').onclick = attempt(() => hufu.signOut());

// This page is the callback page too.
await attempt(() => hufu.handleRedirect())();
