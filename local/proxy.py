"""Requests to this machine without the user's HTTP proxy. Imports no moto, because `chalice local` has none."""

from __future__ import annotations

from collections.abc import MutableMapping

from local.defaults import HOST

_NAMES = ("no_proxy", "NO_PROXY")
"""The first has precedence in Python and in curl."""


def bypass(environ: MutableMapping[str, str]) -> None:
    """Add 127.0.0.1 to `no_proxy` and `NO_PROXY` of an environment: the hosts that clients reach without a proxy."""
    hosts = next((value for name in _NAMES if (value := environ.get(name))), "")
    if HOST not in hosts.split(","):
        hosts = ",".join(filter(None, (hosts, HOST)))
    environ.update(dict.fromkeys(_NAMES, hosts))
