"""Lets a test use a client library step by step: it says what to do, line by line.

In:  { "act": name of one of the program's functions, "with": its argument }
Out: { "done": what it returned } or { "error": what the library says }
"""

import base64
import datetime
import json
import socket
import sys
import time

import time_machine

_system_lookup = socket.getaddrinfo


def _lookup(host, *arguments, **more):
    """Makes *.localhost mean this machine, as browsers do it (RFC 6761, section 6.3)."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and name.rstrip(".").endswith(".localhost"):
        host = "127.0.0.1"
    return _system_lookup(host, *arguments, **more)


socket.getaddrinfo = _lookup

# Whoever looks at the clock in this process sees it as far ahead as the provider's is.
_clock = time_machine.travel(datetime.datetime.now(datetime.timezone.utc), tick=True).start()
time.time()  # it goes on from the first look at it
_ahead = 0


def _set_clock(ahead):
    global _ahead
    _clock.shift(ahead - _ahead)
    _ahead = ahead


def protected_header(token):
    """The header of a JWT, for the report."""
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _reason(error):
    """An error with its causes, in one line."""
    said = f"{type(error).__name__}: {error}"
    return f"{said}; {_reason(error.__cause__)}" if error.__cause__ else said


def play(**acts):
    """Does what it is told with these functions, until nothing more comes."""
    acts["clock"] = _set_clock
    # What a library prints is no answer.
    output, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        told = json.loads(line)
        try:
            said = {"done": acts[told["act"]](**told["with"])}
        except Exception as error:  # whatever a library raises is what it says
            said = {"error": _reason(error)}
        print(json.dumps(said), file=output, flush=True)
