"""The user's HTTP proxy is not used for this machine. Imports little, because `chalice local` uses it without moto."""

from __future__ import annotations

from collections.abc import MutableMapping

from local.defaults import HOST

_NAMES = ("no_proxy", "NO_PROXY")
"""The first has precedence in Python and in curl."""


def bypass(environ: MutableMapping[str, str]) -> None:
    """Add 127.0.0.1 to the hosts of an environment that clients reach without the proxy of `HTTP_PROXY`."""
    hosts = next((value for name in _NAMES if (value := environ.get(name))), "")
    if HOST not in hosts.split(","):
        hosts = ",".join(filter(None, (hosts, HOST)))
    environ.update(dict.fromkeys(_NAMES, hosts))
