"""Values: what an object says by naming a Secret, a ConfigMap or a file of the agent."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from vmoperator.api.around import Around
from vmoperator.api.auth import SecretOrConfigMap
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.credentials import (
    KeySelector,
    checked,
    chosen_selector,
    is_given,
    text,
)

_LONGEST_KEY = 253
_CONFIG_MAP = "ConfigMap"
"""Stands where the name of a Secret would; no Secret can be named so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What it takes to read the values of one object."""

    around: Around
    namespace: str
    """Namespace of the object, where its Secrets are."""
    folder: str
    """Where the agent finds the certificates of all objects."""
    denies_files: bool = False
    """arbitraryFSAccessThroughSMs.deny: an object may not name files of the agent."""
    assets: list[str] = field(default_factory=list)
    """Paths of the copies that were named so far."""

    def value(self, selector: SecretKeySelector | None, *, field: str) -> str | None:
        """What stands in a key of a Secret; None if none is named, or it is missing and may be."""
        return self._text(selector, field=field)

    def either(self, selector: SecretOrConfigMap | None, *, field: str) -> str | None:
        """The same for a key of a Secret or of a ConfigMap."""
        chosen = chosen_selector(selector, field=field)
        if chosen is None:
            return None
        below, named = chosen
        return self._text(named, field=f"{field}.{below}")

    def path(self, path: str | None, *, field: str) -> str | None:
        """A file of the agent; None if none is named. Raises SpecInvalid for one that is denied."""
        if not path:
            return None
        if self.denies_files:
            message = "names a file of the agent, and arbitraryFSAccessThroughSMs.deny forbids that"
            raise SpecInvalid(field, f"{message}; name a Secret")
        if posixpath.normpath(path).startswith(self.folder):
            raise SpecInvalid(field, f"what lies in {self.folder} belongs to other objects")
        return path

    def asset(self, selector: KeySelector | None, *, field: str) -> str | None:
        """Path of the agent's copy of a key; None if none is named, or it is missing and may be."""
        if selector is None or not is_given(selector) or self.lacks(selector):
            return None
        checked(selector, field=field, around=self.around, namespace=self.namespace)
        name = _asset_name(self.namespace, selector)
        if len(name) > _LONGEST_KEY:
            raise SpecInvalid(field, f"{name} is longer than {_LONGEST_KEY} characters: rename it")
        self.assets.append(f"{self.folder}/{name}")
        return self.assets[-1]

    def either_asset(self, selector: SecretOrConfigMap | None, *, field: str) -> str | None:
        """The same for a key of a Secret or of a ConfigMap."""
        chosen = chosen_selector(selector, field=field)
        if chosen is None:
            return None
        below, named = chosen
        return self.asset(named, field=f"{field}.{below}")

    def lacks(self, selector: KeySelector | None) -> bool:
        """Whether a key is missing, and may be."""
        if selector is None or not is_given(selector):
            return False
        return bool(selector.optional) and self._is_missing(selector)

    def _text(self, selector: KeySelector | None, *, field: str) -> str | None:
        if selector is None or not is_given(selector) or self.lacks(selector):
            return None
        return text(selector, field=field, around=self.around, namespace=self.namespace)

    def _is_missing(self, selector: KeySelector) -> bool:
        is_secret = isinstance(selector, SecretKeySelector)
        read = self.around.secret if is_secret else self.around.config_map
        data: Mapping[str, object] = read(selector.name or "", self.namespace) or {}
        return selector.key not in data


def asset_content(name: str, around: Around) -> bytes | None:
    """The content that an asset of this name copies; None if it is gone, or no asset of ours."""
    namespace, _, below = name.partition("_")
    source, _, key = below.partition("_")
    if source != _CONFIG_MAP:
        return (around.secret(source, namespace) or {}).get(key) if source and key else None
    source, _, key = key.partition("_")
    content = (around.config_map(source, namespace) or {}).get(key) if source and key else None
    return None if content is None else content.encode()


def _asset_name(namespace: str, selector: KeySelector) -> str:
    kind = () if isinstance(selector, SecretKeySelector) else (_CONFIG_MAP,)
    return "_".join((namespace, *kind, selector.name or "", selector.key))
