"""Proxies in front of targets and services: URLs that agents can read."""

from __future__ import annotations

import re
from ipaddress import ip_address

from vmoperator.base.errors import SpecInvalid

_PROXY = re.compile(
    r"(https?|socks5)://([A-Za-z0-9._~!$&'()*+,;=:-]*@)?(\[(?P<address>[0-9a-fA-F:.]+)\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?"
    r"(/([!-$&-~]|%[0-9a-fA-F]{2})*)?"
)
"""What Go's URL parser is known to take: one that it refuses would cost all jobs of a file."""


def proxy_url(given: str | None, *, field: str) -> str | None:
    """The URL of a proxy; None for none. Raises SpecInvalid for one that agents cannot read."""
    if given and not _is_proxy(given):
        message = 'must be a URL such as "http://proxy:3128" (http, https or socks5)'
        raise SpecInvalid(field, message)
    return given or None


def _is_proxy(url: str) -> bool:
    found = _PROXY.fullmatch(url)
    if found is None or found["address"] is None:
        return found is not None
    try:
        return ip_address(found["address"]).version == 6
    except ValueError:
        return False
