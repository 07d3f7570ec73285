// What is published: its size, and that its types are those of the script.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { Hufu, HufuError } from '../hufu.js';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const ISSUER = 'https://acme.login.example.com/oidc';
const settings = { issuer: ISSUER, clientId: 'app-1', redirectUri: 'https://app.example.com/', fetch: async () => {} };

test('the script is under 6 kB when compressed', (t) => {
  const size = gzipSync(read('hufu.js'), { level: 9 }).length;
  t.diagnostic(`${size} bytes`);
  assert.ok(size < 6000, `${size} bytes`);
});

test('the script needs nothing that a strict Content-Security-Policy forbids', () => {
  assert.doesNotMatch(read('hufu.js'), /\beval\b|innerHTML|outerHTML|insertAdjacent|document\.write|new Function|\.style\b/);
});

test('the types name every method of the script, and no other', () => {
  const types = read('hufu.d.ts');
  const methods = Object.getOwnPropertyNames(Hufu.prototype).filter((name) => name !== 'constructor');
  const typed = [...types.match(/class Hufu [^]*?\n}/)[0].matchAll(/^  (\w+)[(<]/gm)].map(([, name]) => name);
  assert.deepEqual([...new Set(typed)].filter((name) => name !== 'constructor').sort(), methods.sort());
});

test('every code of an error is in the types and in the README', () => {
  const codes = new Set([...read('hufu.js').matchAll(/HufuError\('(\w+)'/g)].map(([, code]) => code));
  for (const [, code] of read('hufu.js').matchAll(/^ {6}(\w+_(?:mismatch|expired)):/gm)) codes.add(code);
  assert.ok(codes.size > 15);
  for (const code of codes) {
    assert.ok(read('hufu.d.ts').includes(`'${code}'`), code);
    assert.ok(read('README.md').includes(`\`${code}\``), code);
  }
});

test('settings that cannot work are refused at once', () => {
  assert.throws(() => new Hufu({ ...settings, clientId: '' }), TypeError);
  assert.throws(() => new Hufu({ ...settings, issuer: 'acme' }), TypeError);
  assert.throws(() => new Hufu({ ...settings, redirectUri: '/callback' }), TypeError);
  assert.ok(new Hufu(settings) instanceof EventTarget);
});

test('an error has its code, and its cause', () => {
  const cause = new Error('of it');
  const error = new HufuError('network_error', 'no answer', cause);
  assert.deepEqual([error.name, error.code, error.message, error.cause], ['HufuError', 'network_error', 'no answer', cause]);
  assert.equal(new HufuError('timeout').message, 'timeout');
});
