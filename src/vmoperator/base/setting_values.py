"""Setting values: what the text of a setting means; ValueError says what it has to be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final

from vmoperator.base import labels
from vmoperator.base.duration import duration_seconds
from vmoperator.base.quantity import quantity

UNLIMITED: Final = "unlimited"
"""A resource of which a program may take all."""
LEAST_RESYNC_SECONDS: Final = 10

_YES: Final = ("true", "1", "t")
_NO: Final = ("false", "0", "f")
_PART: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_HOST: Final = rf"{_PART}(\.{_PART})*"
_REGISTRY: Final = re.compile(rf"(?i:{_HOST})(:[0-9]+)?(/[a-z0-9]+([._/-]+[a-z0-9]+)*)?")
# The grammar of image references (github.com/distribution/reference).
_FOLDER: Final = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"((?i:{_HOST})(:[0-9]+)?/)?{_FOLDER}(/{_FOLDER})*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-f]{32,}")
# Names and values of labels (Kubernetes: apimachinery's validation of labels and names).
_NAME: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DOMAIN_BYTES: Final = 253
_LABEL_BYTES: Final = 63


def flag(text: str) -> bool:
    """Yes or no, as Go's programs write it."""
    if text.lower() not in (*_YES, *_NO):
        raise ValueError("must be true or false")
    return text.lower() in _YES


def size(text: str) -> str:
    """A quantity of a resource, or UNLIMITED."""
    if text != UNLIMITED and quantity(text) < 0:
        raise ValueError(f"must not be below 0; {UNLIMITED} for none")
    return text


def port(text: str) -> str:
    """A TCP port."""
    if not _is_number(text) or not 0 < int(text) < 65536:
        raise ValueError("must be a port, 1 to 65535")
    return text


def seconds(text: str) -> int:
    """A time that is not nothing."""
    if not _is_above_zero(text):
        raise ValueError("must be a number of seconds above 0")
    return int(text)


def count(text: str) -> int:
    """A number of things."""
    if not _is_above_zero(text):
        raise ValueError("must be a number above 0")
    return int(text)


def share(text: str) -> str:
    """A number of things, or a part of all."""
    number = text.removesuffix("%")
    if not _is_above_zero(number):
        raise ValueError("must be a number above 0, or a share such as 25%")
    return text


def interval(text: str) -> int:
    """Seconds between two times; 0: never."""
    found = duration_seconds(text)
    if found and found < LEAST_RESYNC_SECONDS:
        raise ValueError(f"must be 0 or at least {LEAST_RESYNC_SECONDS}s")
    return int(found)


def registry(text: str) -> str:
    """A registry, with a folder there if need be."""
    if not _REGISTRY.fullmatch(text):
        example = "registry.example.com:5000/mirror"
        raise ValueError(f"must be a registry such as {example}, without https:// and a last /")
    return text


def repository(text: str) -> str:
    """The name of an image, without its tag."""
    if not _REPOSITORY.fullmatch(text):
        raise ValueError("must be a repository such as example.com/vmagent; the tag is the VERSION")
    return text


def tag(text: str) -> str:
    """The tag or digest of an image."""
    if not _TAG.fullmatch(text) and not _DIGEST.fullmatch(text):
        raise ValueError("must be a tag such as v1.150.0, or a digest sha256:...")
    return text


def release(text: str) -> str:
    """A tag to which endings are added."""
    if not _TAG.fullmatch(text):
        raise ValueError("must be a tag such as v1.150.0")
    return text


def domain(text: str) -> str:
    """A DNS domain."""
    if len(text) > _DOMAIN_BYTES or not re.fullmatch(rf"{_HOST}\.?", text):
        raise ValueError("must be a DNS domain such as cluster.local")
    return text


def host(text: str) -> str:
    """A DNS name or an IP address."""
    if len(text) <= _DOMAIN_BYTES and re.fullmatch(_HOST, text):
        return text
    try:
        return str(ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise ValueError("must be a host name or an IP address, without a port") from None


def namespace(text: str) -> str:
    """The name of a namespace."""
    if len(text) > _LABEL_BYTES or not re.fullmatch(_PART, text):
        raise ValueError("must be the name of a namespace: small letters, digits and dashes")
    return text


def common_labels(text: str) -> Mapping[str, str]:
    """Labels of every object, none of which tells whose object it is."""
    found = dict(_pairs(text))
    for key, value in found.items():
        if value and not _NAME.fullmatch(value):
            raise ValueError(
                f"the value {value!r} of {key} must be at most 63 letters, digits, dashes, dots "
                "and underscores, with a letter or digit at both ends"
            )
    return MappingProxyType(found)


def common_annotations(text: str) -> Mapping[str, str]:
    """Annotations of every object."""
    return MappingProxyType(dict(_pairs(text)))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    seen = set()
    for pair in filter(None, re.split(r"\s*,\s*", text.strip())):
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise ValueError("must be a list of KEY=VALUE with commas between them")
        _refuse_odd_key(key)
        if key in seen:
            raise ValueError(f"{key} is given twice")
        seen.add(key)
        yield key, value


def _refuse_odd_key(key: str) -> None:
    prefix, slash, name = key.rpartition("/")
    if labels.is_own(key):
        raise ValueError(f"{key} is the operator's own: it tells objects apart by it")
    is_domain = len(prefix) <= _DOMAIN_BYTES and re.fullmatch(_HOST, prefix)
    if (slash and not is_domain) or not _NAME.fullmatch(name):
        raise ValueError(f"{key} must be a key such as team or example.com/team")


def _is_above_zero(text: str) -> bool:
    return _is_number(text) and int(text) > 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
