// Lets a test use a client library step by step: it says what to do, line by line.
//
// In:  { "act": name of one of the program's functions, "with": its argument }
// Out: { "done": what it returned } or { "error": what the library says }

import '../localhost.mjs';

import { createInterface } from 'node:readline';

const SystemDate = Date;
let ahead = 0;

// Whoever looks at the clock in this process sees it as far ahead as the provider's is.
globalThis.Date = class extends SystemDate {
  constructor(...parts) {
    if (parts.length === 0) super(SystemDate.now() + ahead);
    else super(...parts);
  }

  static now() {
    return SystemDate.now() + ahead;
  }
};

/** The header of a JWT, for the report. */
export function protectedHeader(jwt) {
  return JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url').toString());
}

/** An error with its causes, in one line. */
function reason(error) {
  const parts = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    const { parameters, cause } = at;
    const told = [at.error, at.error_description, parameters && JSON.stringify(parameters)];
    if (cause && !(cause instanceof Error)) told.push(describe(cause));
    parts.push([at.name, at.message, at.code, ...told].filter(Boolean).join(' '));
  }
  return parts.join(': ') || String(error);
}

function describe(cause) {
  if (cause instanceof URLSearchParams) return cause.toString();
  try {
    return JSON.stringify(cause);
  } catch {
    return String(cause);
  }
}

/** Does what it is told with these functions, until nothing more comes. */
export async function play(acts) {
  const clock = (told) => {
    ahead = told.ahead * 1000;
  };
  const all = { clock, ...acts };
  for await (const line of createInterface({ input: process.stdin })) {
    const { act, with: argument } = JSON.parse(line);
    let said;
    try {
      said = { done: (await all[act](argument)) ?? null };
    } catch (error) {
      said = { error: reason(error) };
    }
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
}
