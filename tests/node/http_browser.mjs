// A browser without a screen and without JavaScript: cookies, redirects, forms, links. It presses what
// a person would press on the pages of a sign-in. SameSite is not modelled.

import './localhost.mjs';

const MAX_STEPS = 40;
const TIMEOUT_MS = 30_000;

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

/** Text with HTML's character references resolved. */
function decode(text) {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name) return ENTITIES[name.toLowerCase()] ?? whole;
    return String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex, 16));
  });
}

/** The attributes of a start tag; names in lower case, without a value: ''. */
function attributes(tag) {
  const found = {};
  for (const [, name, double, single, bare] of tag.matchAll(
    /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g,
  )) {
    found[name.toLowerCase()] ??= decode(double ?? single ?? bare ?? '');
  }
  return found;
}

/** What a person reads of a piece of HTML. */
export function visibleText(html) {
  const text = html.replace(/<(script|style|head)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
  return decode(text).replace(/\s+/g, ' ').trim();
}

/** The forms of a page, each with its fields and its buttons. */
function forms(html) {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, tag, body]) => {
    const fields = [];
    const buttons = [];
    for (const [, inputTag] of body.matchAll(/<input\b([^>]*)>/gi)) {
      const input = attributes(inputTag);
      const type = (input.type ?? 'text').toLowerCase();
      if (type === 'submit') buttons.push({ ...input, text: input.value ?? '' });
      else if (input.name && (!['checkbox', 'radio'].includes(type) || 'checked' in input)) {
        fields.push([input.name, input.value ?? (type === 'checkbox' ? 'on' : '')]);
      }
    }
    for (const [, buttonTag, content] of body.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/gi)) {
      const button = attributes(buttonTag);
      if ((button.type ?? 'submit').toLowerCase() === 'submit') {
        buttons.push({ ...button, text: visibleText(content) });
      }
    }
    return { ...attributes(tag), fields, buttons };
  });
}

/** The links of a page. */
function links(html) {
  return [...html.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/gi)]
    .map(([, tag, content]) => ({ href: attributes(tag).href, text: visibleText(content) }))
    .filter((link) => link.href);
}

/** Cookies by host name (ports share them, as in browsers), name and path. */
class CookieJar {
  #cookies = new Map();

  store(url, headers) {
    for (const line of headers.getSetCookie()) {
      const [pair, ...rest] = line.split(';');
      const at = pair.indexOf('=');
      const name = pair.slice(0, at).trim();
      const options = Object.fromEntries(
        rest.map((part) => {
          const [key, ...value] = part.trim().split('=');
          return [key.toLowerCase(), value.join('=')];
        }),
      );
      const domain = options.domain?.replace(/^\./, '').toLowerCase();
      const folder = url.pathname.replace(/\/[^/]*$/, '') || '/';
      const path = options.path?.startsWith('/') ? options.path : folder;
      const cookie = { name, value: pair.slice(at + 1).trim(), domain, host: url.hostname, path };
      cookie.secure = 'secure' in options;
      const key = [domain ?? url.hostname, path, name].join('\t');
      if (this.#gone(options)) this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  #gone(options) {
    if ('max-age' in options) return Number(options['max-age']) <= 0;
    return 'expires' in options && Date.parse(options.expires) <= Date.now();
  }

  header(url) {
    const trustworthy = url.protocol === 'https:' || /(^|\.)localhost$/.test(url.hostname);
    return [...this.#cookies.values()]
      .filter(({ domain, host }) =>
        domain ? url.hostname === domain || url.hostname.endsWith(`.${domain}`) : url.hostname === host,
      )
      .filter(({ path }) => url.pathname === path || url.pathname.startsWith(path.replace(/\/?$/, '/')))
      .filter(({ secure }) => !secure || trustworthy)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }
}

/** One browser. `language` and `userAgent` are sent with every request. */
export class HttpBrowser {
  #jar = new CookieJar();

  constructor({ userAgent = 'Mozilla/5.0 (X11; Linux x86_64) hufu-tests', language = 'en' } = {}) {
    this.headers = { 'user-agent': userAgent, 'accept-language': language, accept: 'text/html' };
  }

  /** One request; redirects are not followed. */
  async request({ url, method = 'GET', body }) {
    const headers = { ...this.headers };
    const cookie = this.#jar.header(url);
    if (cookie) headers.cookie = cookie;
    if (method !== 'GET') headers.origin = this.origin ?? url.origin;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { method, headers, body, redirect: 'manual', signal });
    this.#jar.store(url, response.headers);
    const location = response.headers.get('location');
    const page = await response.text();
    if (response.status >= 300 && response.status < 400 && location) {
      const keeps = response.status === 307 || response.status === 308;
      const next = new URL(location, url);
      return { next: keeps ? { url: next, method, body } : { url: next } };
    }
    this.origin = url.origin;
    return { status: response.status, url, page };
  }

  /**
   * Goes on from `url` until the browser would load a URL that starts with `until`, and returns that
   * URL without loading it. On a page, `choose` (the texts and values a person looks for, the most
   * wanted first) says which button or link is pressed.
   */
  async follow(url, { until, choose }) {
    let request = { url: new URL(url) };
    for (let step = 0; step < MAX_STEPS; step++) {
      if (request.url.href.startsWith(until)) return request.url;
      const answer = await this.request(request);
      request = answer.next ?? press(answer, choose);
    }
    throw new Error(`not at ${until} after ${MAX_STEPS} steps, but at ${request.url.origin}${request.url.pathname}`);
  }
}

/** The request that pressing the wanted button or link of a page makes. */
function press({ status, url, page }, choose) {
  const pageForms = forms(page);
  for (const wanted of choose.filter(Boolean)) {
    for (const form of pageForms) {
      const button = form.buttons.find(({ value, text }) => value === wanted || text.includes(wanted));
      if (button) return submit(form, button, url);
    }
    const link = links(page).find(({ href, text }) => text.includes(wanted) || pathEnds(href, wanted));
    if (link) return { url: new URL(link.href, url) };
  }
  const where = `${url.origin}${url.pathname} (HTTP ${status})`;
  throw new Error(`none of [${choose.join(', ')}] on the page ${where}: ${visibleText(page).slice(0, 400)}`);
}

function pathEnds(href, wanted) {
  const [path] = href.split(/[?#]/);
  return path.endsWith(`/${wanted}`);
}

function submit(form, button, base) {
  const values = new URLSearchParams(form.fields);
  if (button.name) values.append(button.name, button.value ?? '');
  const url = new URL(button.formaction ?? form.action ?? '', base);
  const method = (button.formmethod ?? form.method ?? 'get').toUpperCase();
  if (method === 'POST') return { url, method, body: values };
  url.search = values.toString();
  return { url };
}
