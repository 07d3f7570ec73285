/** What an app is set up with. */
export interface Settings {
  /** Exactly as in the provider's discovery, such as `https://acme.login.example.com/oidc`. */
  issuer: string;
  clientId: string;
  /** Absolute, exactly as registered. Of this page's own origin for popups and silent sign-in. */
  redirectUri: string;
  /** `openid profile` if left out. Has to contain `openid`. */
  scope?: string;
  /** Exactly as registered. */
  postLogoutRedirectUri?: string;
  /** Size of the popup, in CSS pixels: 480 by 680 if left out. */
  popup?: { width?: number; height?: number };
  /** How long a popup may take, in milliseconds: ten minutes if left out. */
  timeout?: number;
  /** Instead of the browser's own. */
  fetch?: typeof fetch;
  /** Where transactions are kept (never tokens): `localStorage` if left out. All windows of the app need the same. */
  storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
}

type Prompt = 'none' | 'login' | 'consent' | 'select_account';

export interface SilentOptions<State = unknown> {
  loginHint?: string;
  /** Identifier of the identity source to begin at. */
  connection?: string;
  /** Languages of the pages, the preferred one first. */
  uiLocales?: string | string[];
  /** How long ago the person may have signed in, in seconds. */
  maxAge?: number;
  /** Comes back as `appState` of the result. Has to survive JSON. */
  appState?: State;
}

export interface RedirectOptions<State = unknown> extends SilentOptions<State> {
  prompt?: Prompt | Prompt[];
}

export interface WaitingOptions {
  /** For this call, in milliseconds. */
  timeout?: number;
}

export interface SignOutOptions {
  /** Who to sign out: the ID token of the last sign-in in this page if left out. */
  idToken?: string;
  postLogoutRedirectUri?: string;
  /** Comes back in the query of the post-logout redirect URI. */
  state?: string;
  uiLocales?: string | string[];
}

/** Claims of the ID token; which ones beyond these depends on the scope. */
export interface Claims {
  iss: string;
  sub: string;
  aud: string | string[];
  exp: number;
  iat: number;
  nonce: string;
  [name: string]: unknown;
}

export interface SignedIn<State = unknown> {
  idToken: string;
  accessToken: string;
  /** Of the access token, in seconds from now. */
  expiresIn: number;
  scope: string;
  claims: Claims;
  appState: State;
  refreshToken?: string;
}

/** The answer was for the window that had opened this one, and that has it now. This window is closing. */
export interface HandedOver {
  handedOver: true;
}

export type ErrorCode =
  | 'popup_blocked'
  | 'popup_closed'
  | 'timeout'
  | 'pending'
  | 'cancelled'
  | 'isolated'
  | 'wrong_origin'
  | 'insecure_context'
  | 'storage_unavailable'
  | 'network_error'
  | 'server_error'
  | 'state_mismatch'
  | 'issuer_mismatch'
  | 'audience_mismatch'
  | 'nonce_mismatch'
  | 'auth_time_mismatch'
  | 'id_token_expired'
  | 'id_token_invalid'
  // The provider's, from OAuth and OpenID Connect:
  | 'login_required'
  | 'consent_required'
  | 'unmet_authentication_requirements'
  | 'access_denied'
  | 'invalid_request'
  | 'invalid_grant'
  | 'temporarily_unavailable'
  | (string & {});

export class HufuError extends Error {
  constructor(code: ErrorCode, message?: string, cause?: unknown);
  readonly code: ErrorCode;
  /** Of `popup_closed`: waits on, as the popup may be open in spite of all. */
  late?: () => Promise<SignedIn>;
}

export type HufuEvent = 'blocked' | 'closed' | 'openerLost';

export class Hufu extends EventTarget {
  constructor(settings: Settings);

  /** To be called in a click. Stays pending if it has become a redirect. */
  signInWithPopup<State = unknown>(options?: RedirectOptions<State> & WaitingOptions): Promise<SignedIn<State>>;

  /** Leaves the page. Fails if it can't, or with `cancelled` if the person comes back to the page as it was. */
  signInWithRedirect(options?: RedirectOptions): Promise<never>;

  /**
   * On the page of the redirect URI: the result, or `null` if the address has no answer in it. After a popup the
   * answer may be handed over to the window that had opened it.
   */
  handleRedirect<State = unknown>(): Promise<SignedIn<State> | HandedOver | null>;

  /** In a hidden frame. `login_required` is a normal outcome. Takes ten seconds at most if nothing else is said. */
  signInSilently<State = unknown>(options?: SilentOptions<State> & WaitingOptions): Promise<SignedIn<State>>;

  /** Leaves the page. */
  signOut(options?: SignOutOptions): Promise<never>;

  /** `preventDefault()` of `blocked` stops the redirect. Returns what ends the listening. */
  on(name: HufuEvent, listener: (event: Event) => void): () => void;
}
