// Makes *.localhost mean this machine for everything in this process that looks names up, as browsers
// do it (RFC 6761, section 6.3). Node asks the system's resolver, which may not know such names.
// Host header, cookies and TLS names are untouched, because the URL still has the name.

import dns from 'node:dns';

const systemLookup = dns.lookup;

dns.lookup = function lookup(hostname, options, callback) {
  if (typeof options === 'function') return lookup(hostname, {}, options);
  if (!/(^|\.)localhost\.?$/i.test(hostname)) return systemLookup(hostname, options, callback);
  const all = typeof options === 'object' && options !== null && options.all;
  const address = '127.0.0.1';
  process.nextTick(() => (all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4)));
};
