// Sign-in with Hufu for web apps: authorization code with PKCE, by redirect, by popup, or silently in a
// hidden frame. README.md says how to use it.

const LIFETIME = 30 * 60_000; // of a transaction: nobody takes longer to sign in
const PATIENCE = 10_000; // with what needs no person
const GRACE = 500; // for an answer that is on its way while its window is seen closed
const HAND_OVER = 1500; // for the window that began to answer its callback page
const LEEWAY = 300; // seconds by which clocks are wrong

const RESPONSE = ['code', 'error', 'error_description', 'state', 'iss'];

/** Browsers inside of other apps, where a popup does not open or takes the place of the page. */
const IN_APP = new RegExp(
  'wxwork|MicroMessenger|DingTalk|Lark|Feishu|\\bQQ/|AlipayClient|Weibo|aweme|baiduboxapp|FBA[NV]|' +
    'Instagram|\\bLine/|QtWebEngine|; wv\\)|iP(hone|ad|od)(?!.*Safari/)',
  'i',
);

// base64url
const encode = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
const decode = (text) => {
  const bytes = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
};

const random = () => encode(crypto.getRandomValues(new Uint8Array(32)));

/** PKCE's S256 (RFC 7636 §4.2). */
async function challengeOf(verifier) {
  if (!crypto.subtle) throw new HufuError('insecure_context', 'PKCE needs https (or localhost)');
  return encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}

/** A URL with those parameters that have a value. */
function withParameters(base, parameters) {
  const url = new URL(base);
  for (const [name, value] of Object.entries(parameters)) {
    if (value != null) url.searchParams.set(name, [].concat(value).join(' '));
  }
  return url.href;
}

/** Leaves the page. Ends only if the person comes back to it as it was (bfcache). */
function leave(url) {
  return new Promise((_, reject) => {
    addEventListener('pageshow', ({ persisted }) => persisted && reject(new HufuError('cancelled')));
    location.assign(url);
  });
}

function expiry(ms, signal) {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new HufuError('timeout')), ms);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** Races waits, and then stops all of them. */
function first(...waits) {
  const stop = new AbortController();
  return Promise.race(waits.map((wait) => wait(stop.signal))).finally(() => stop.abort());
}

/** `code` is stable, `message` is for a log. */
export class HufuError extends Error {
  constructor(code, message, cause) {
    super(message || code, { cause });
    this.name = 'HufuError';
    this.code = code;
  }
}

export class Hufu extends EventTarget {
  #settings;
  #origin;
  #metadata;
  #callback;
  #idToken; // of the last sign-in in this page: tokens are never stored
  #pending = {};

  constructor(settings) {
    super();
    this.#settings = { scope: 'openid profile', timeout: 10 * 60_000, ...settings };
    this.#origin = new URL(settings.issuer).origin;
    if (!settings.clientId) throw new TypeError('clientId is missing');
    new URL(settings.redirectUri); // absolute, as it is compared byte for byte
    // Early, so that a popup is not blank for long. Whoever needs it hears of a failure.
    this.#discover().catch(() => {});
  }

  /** Returns what ends it. */
  on(name, listener) {
    this.addEventListener(name, listener);
    return () => this.removeEventListener(name, listener);
  }

  async signInWithRedirect(options = {}) {
    const transaction = await this.#begin('redirect', options);
    try {
      this.#save(transaction);
    } catch (cause) {
      throw new HufuError('storage_unavailable', 'a redirect needs storage', cause);
    }
    return leave(transaction.url);
  }

  /** To be called in a click, so the window opens before anything is awaited. */
  async signInWithPopup(options = {}) {
    // An isolated page is cut off from its popups.
    if (IN_APP.test(navigator.userAgent) || globalThis.crossOriginIsolated) {
      return this.signInWithRedirect(options);
    }
    return this.#once('popup', (run) => {
      const { width = 480, height = 680 } = this.#settings.popup ?? {};
      const left = Math.round(screenX + (outerWidth - width) / 2);
      const top = Math.round(screenY + (outerHeight - height) / 2);
      run.popup = open('', '_blank', `popup,width=${width},height=${height},left=${left},top=${top}`);
      if (run.popup && !run.popup.closed) return this.#popup(run, options);

      delete this.#pending.popup; // the browser may stay here after all
      if (this.dispatchEvent(new Event('blocked', { cancelable: true }))) {
        return this.signInWithRedirect(options);
      }
      throw new HufuError('popup_blocked');
    });
  }

  signInSilently(options = {}) {
    return this.#once('silent', async () => {
      if (globalThis.crossOriginIsolated) throw new HufuError('isolated', 'no frames in this page');
      const transaction = await this.#begin('silent', { ...options, prompt: 'none' });
      const frame = document.createElement('iframe');
      frame.hidden = true;
      frame.sandbox = 'allow-scripts allow-same-origin'; // it can't take the page away
      frame.src = transaction.url;
      document.documentElement.append(frame);
      const response = await first(
        (signal) => this.#posted(transaction, frame.contentWindow, signal),
        (signal) => expiry(options.timeout ?? PATIENCE, signal),
      ).finally(() => frame.remove());
      return this.#complete(transaction, response);
    });
  }

  /**
   * On the page of the redirect URI: the result; `null` if the address has no answer; `{ handedOver: true }`
   * if the answer was a popup's, and the window that had opened it has it now.
   */
  handleRedirect() {
    this.#callback ??= this.#receive().finally(() => {
      this.#callback = undefined;
    });
    return this.#callback;
  }

  async signOut(options = {}) {
    const { clientId, postLogoutRedirectUri } = this.#settings;
    const { end_session_endpoint } = await this.#discover();
    const url = withParameters(end_session_endpoint, {
      id_token_hint: options.idToken ?? this.#idToken,
      client_id: clientId,
      post_logout_redirect_uri: options.postLogoutRedirectUri ?? postLogoutRedirectUri,
      state: options.state,
      ui_locales: options.uiLocales,
    });
    this.#idToken = undefined;
    return leave(url);
  }

  /** One of a kind at a time. Who asks for another popup has given up one that seems closed. */
  async #once(kind, act) {
    const { redirectUri } = this.#settings;
    if (new URL(redirectUri).origin !== location.origin) {
      throw new HufuError('wrong_origin', `answers go to ${redirectUri}`);
    }
    const before = this.#pending[kind];
    if (before && !before.popup?.closed) {
      before.popup?.focus();
      throw new HufuError('pending');
    }
    before?.giveUp?.();
    const run = (this.#pending[kind] = {});
    try {
      return await act(run);
    } finally {
      if (this.#pending[kind] === run) delete this.#pending[kind];
    }
  }

  async #popup(run, options) {
    const { popup } = run;
    let transaction, response;
    try {
      transaction = await this.#begin('popup', options);
      try {
        this.#save(transaction);
      } catch {
        // Without storage only the way through the callback page is missing.
      }
      popup.location.replace(transaction.url);
      response = await first(
        (signal) => this.#posted(transaction, popup, signal),
        (signal) => this.#handedOver(transaction, signal),
        (signal) => this.#closed(transaction, run, signal),
        (signal) => expiry(options.timeout ?? this.#settings.timeout, signal),
      );
    } finally {
      popup.close();
    }
    return this.#complete(transaction, response);
  }

  #isAnswer({ state }, response) {
    return (
      response?.state === state &&
      response.iss === this.#settings.issuer &&
      [response.code, response.error].some((one) => typeof one === 'string')
    );
  }

  /** The answer that `from` posts. Any other message is not for us, and gets no reaction. */
  #posted(transaction, from, signal) {
    return new Promise((resolve) => {
      const listener = ({ origin, source, data }) => {
        if (origin !== this.#origin || source !== from || data?.type !== 'authorization_response') return;
        if (!this.#isAnswer(transaction, data.response)) return;
        this.#take(transaction.state);
        resolve(data.response);
      };
      addEventListener('message', listener, { signal });
    });
  }

  /**
   * Sees the popup go. `closed` is true of one that was closed, and just as well of one that has passed a
   * page with Cross-Origin-Opener-Policy, which cuts the relation. Nothing tells them apart but the person:
   * who closes the popup comes back here, who signs in there does not. So while this page has
   * no focus the opener counts as lost, and the callback page may hand the answer over.
   */
  #closed(transaction, run, signal) {
    return new Promise((_, reject) => {
      let gone, here, said;
      run.giveUp = () => {
        const error = new HufuError('popup_closed');
        error.late = () => this.#late(transaction);
        this.dispatchEvent(new Event('closed'));
        reject(error);
      };
      const timer = setInterval(() => {
        if (!run.popup.closed) return;
        const now = Date.now();
        gone ??= now;
        here = document.hasFocus() ? (here ?? now) : undefined;
        if (now - here >= GRACE) run.giveUp();
        else if (!here && !said && now - gone >= GRACE) said = this.dispatchEvent(new Event('openerLost'));
      }, 100);
      signal.addEventListener('abort', () => clearInterval(timer));
    });
  }

  /** For an app that waits on: the person may have come here and left the popup open. */
  async #late(transaction) {
    const response = await first(
      (signal) => this.#handedOver(transaction, signal),
      (signal) => expiry(transaction.expires - Date.now(), signal),
    );
    return this.#complete(transaction, response);
  }

  async #receive() {
    const url = new URL(location.href);
    const response = {};
    for (const name of RESPONSE) {
      response[name] = url.searchParams.get(name) ?? undefined;
      url.searchParams.delete(name);
    }
    const { code, error, state, iss } = response;
    if (!state || !(code || error)) return null;
    const transaction = this.#find(this.#key(state));
    if (!transaction) throw new HufuError('state_mismatch', 'not begun here, used, or too old');
    if (iss !== this.#settings.issuer) throw new HufuError('issuer_mismatch', `answered by ${iss}`);

    // A code is not for the history, a reload, or a Referer. An empty fragment was the provider's.
    if (!url.hash) url.hash = '';
    history.replaceState(history.state, '', url);
    // Either this page takes it, or the window that began has.
    if ((transaction.mode === 'popup' && (await this.#handOver(response))) || !this.#take(state)) {
      close();
      return { handedOver: true };
    }
    return this.#complete(transaction, response);
  }

  /** Offers an answer to the window that began. Repeats it, for one that is about to listen (`late`). */
  #handOver(response) {
    const channel = new BroadcastChannel(this.#key(response.state));
    const offer = () => channel.postMessage(response);
    const timer = setInterval(offer, 250);
    return new Promise((resolve) => {
      channel.onmessage = ({ data }) => data === 'taken' && resolve(true);
      setTimeout(resolve, HAND_OVER);
      offer();
    }).finally(() => {
      clearInterval(timer);
      channel.close();
    });
  }

  /** The answer that a callback page hands over. Only pages of this origin are on the channel. */
  #handedOver(transaction, signal) {
    return new Promise((resolve) => {
      const channel = new BroadcastChannel(this.#key(transaction.state));
      channel.onmessage = ({ data }) => {
        if (!this.#isAnswer(transaction, data) || !this.#take(transaction.state)) return;
        channel.postMessage('taken');
        resolve(data);
      };
      signal.addEventListener('abort', () => channel.close());
    });
  }

  async #begin(mode, options) {
    const { clientId, redirectUri, scope } = this.#settings;
    const { authorization_endpoint } = await this.#discover();
    const { appState, maxAge } = options;
    const [state, nonce, verifier] = [random(), random(), random()];
    const url = withParameters(authorization_endpoint, {
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      response_mode: mode === 'redirect' ? null : 'web_message',
      scope,
      state,
      nonce,
      code_challenge: await challengeOf(verifier),
      code_challenge_method: 'S256',
      prompt: options.prompt,
      login_hint: options.loginHint,
      connection: options.connection,
      ui_locales: options.uiLocales,
      max_age: maxAge,
    });
    return { mode, state, nonce, verifier, appState, maxAge, expires: Date.now() + LIFETIME, url };
  }

  #key(state) {
    return `hufu:${this.#settings.clientId}:${state}`;
  }

  // Not sessionStorage: an answer may come to another window than the one that asked (a popup that has
  // lost its opener, a tab that an app on a phone opens), which has another sessionStorage.
  get #storage() {
    return this.#settings.storage ?? localStorage;
  }

  #save({ url, ...transaction }) {
    // Those that nobody came back for.
    for (const key of Object.keys(this.#storage)) key.startsWith('hufu:') && this.#find(key);
    this.#storage.setItem(this.#key(transaction.state), JSON.stringify(transaction));
  }

  /** A transaction, or nothing if it is too old: then it goes. */
  #find(key) {
    try {
      const transaction = JSON.parse(this.#storage.getItem(key));
      if (Date.now() < transaction?.expires) return transaction;
      this.#storage.removeItem(key);
    } catch {
      // There is no storage, or something else in it.
    }
  }

  /** For a single use. */
  #take(state) {
    const transaction = this.#find(this.#key(state));
    if (transaction) this.#storage.removeItem(this.#key(state));
    return transaction;
  }

  async #complete(transaction, { code, error, error_description }) {
    if (error) throw new HufuError(error, error_description);
    const { clientId, redirectUri, scope } = this.#settings;
    const { token_endpoint } = await this.#discover();
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code,
      code_verifier: transaction.verifier,
    });
    const tokens = await this.#request(token_endpoint, body);
    const claims = this.#claims(tokens.id_token, transaction);
    this.#idToken = tokens.id_token;
    return {
      idToken: tokens.id_token,
      accessToken: tokens.access_token,
      expiresIn: tokens.expires_in,
      scope: tokens.scope ?? scope,
      claims,
      appState: transaction.appState,
      ...(tokens.refresh_token && { refreshToken: tokens.refresh_token }),
    };
  }

  /** OpenID Connect Core §3.1.3.7. TLS has proved who made the token; its signature need not. */
  #claims(idToken, { nonce, maxAge }) {
    const { issuer, clientId } = this.#settings;
    let claims, audience;
    try {
      claims = JSON.parse(decode(idToken.split('.')[1]));
      audience = [].concat(claims.aud);
    } catch (cause) {
      throw new HufuError('id_token_invalid', 'no JWT', cause);
    }
    const since = Date.now() / 1000 - LEEWAY;
    const rules = {
      issuer_mismatch: claims.iss === issuer,
      audience_mismatch: audience.includes(clientId) && (!audience[1] || claims.azp === clientId),
      nonce_mismatch: claims.nonce === nonce,
      id_token_expired: claims.exp > since,
      auth_time_mismatch: maxAge == null || claims.auth_time + maxAge > since,
    };
    for (const code in rules) if (!rules[code]) throw new HufuError(code, 'in the ID token');
    return claims;
  }

  #discover() {
    const { issuer } = this.#settings;
    this.#metadata ??= this.#request(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
      .then((metadata) => {
        if (metadata.issuer === issuer) return metadata;
        throw new HufuError('issuer_mismatch', `discovery is of ${metadata.issuer}`);
      })
      .catch((error) => {
        this.#metadata = undefined; // the next one asks again
        throw error;
      });
    return this.#metadata;
  }

  async #request(url, body) {
    const { fetch = globalThis.fetch } = this.#settings;
    let answer, json;
    try {
      answer = await fetch(url, {
        method: body ? 'POST' : 'GET',
        body,
        credentials: 'omit',
        redirect: 'error', // a code goes to its endpoint and nowhere else
        signal: AbortSignal.timeout(PATIENCE),
      });
      json = await answer.json();
    } catch (cause) {
      throw new HufuError('network_error', `no answer from ${url}`, cause);
    }
    if (!answer.ok) throw new HufuError(json?.error ?? 'server_error', json?.error_description);
    return json;
  }
}
