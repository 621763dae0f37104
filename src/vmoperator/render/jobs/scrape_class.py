"""Scrape classes: what an object takes from the class that it names, or that is the default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel

from vmoperator.api.model import SpecModel
from vmoperator.api.scrape import AttachMetadata, ScrapeClass
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.jobs.auth import Auth, Authenticated

S = TypeVar("S", bound=SpecModel)

_RIVALS = (
    ("ca", "ca_file"),
    ("cert", "cert_file"),
    ("key_secret", "key_file"),
    ("password", "password_file"),
    ("credentials", "credentials_file"),
    ("client_secret", "client_secret_file"),
)
"""Two ways to say the same: one of the object's own keeps out the other of the class."""


# Not validated, so that the model need not be built where no object has a class.
NO_CLASS = ScrapeClass.model_construct(name="-")
"""What a class says that says nothing."""


def chosen_class(name: str | None, classes: Sequence[ScrapeClass]) -> ScrapeClass:
    """The class of this name, or the default one where none is named.

    Raises SpecInvalid for a name that there is not.
    """
    if not name:
        return next((it for it in classes if it.default), NO_CLASS)
    found = next((it for it in classes if it.name == name), None)
    if found is None:
        known = ", ".join(it.name for it in classes) or "none"
        raise SpecInvalid("spec.scrapeClass", f"there is no class {name}; there are: {known}")
    return found


def with_class(own: Authenticated, other: ScrapeClass) -> Auth:
    """The credentials of an endpoint, and from its class what they leave open.

    Of several kinds of credentials an endpoint uses one: one of its own keeps out the others.
    """
    kinds = ("basic_auth", "oauth2", "authorization")
    used = [kind for kind in kinds if getattr(own, kind) is not None]
    secret, file = own.bearer_token_secret, own.bearer_token_file or None
    has_token = bool(file or (secret and secret.key))
    open_kinds = used or ([] if has_token else kinds)
    takes_token = not used and not has_token
    return Auth(
        tls_config=_filled(own.tls_config, other.tls_config),
        bearer_token_secret=other.bearer_token_secret if takes_token else secret,
        bearer_token_file=other.bearer_token_file if takes_token else file,
        **{kind: _filled(getattr(own, kind), getattr(other, kind)) for kind in open_kinds},
    )


def attached(*given: AttachMetadata | None) -> AttachMetadata:
    """Of each field the first that says something: endpoint, class, object."""
    return AttachMetadata(
        node=next((it.node for it in given if it and it.node is not None), None),
        namespace=next((it.namespace for it in given if it and it.namespace is not None), None),
    )


def _filled(own: S | None, other: S | None) -> S | None:
    if own is None or other is None:
        return other if own is None else own
    taken = {
        name: getattr(other, name)
        for name in type(own).model_fields
        if _is_open(own, name) and getattr(other, name, None) is not None
    }
    return own.model_copy(update=taken)


def _is_open(own: BaseModel, name: str) -> bool:
    rivals = next((pair for pair in _RIVALS if name in pair), (name,))
    return not any(_is_set(getattr(own, it, None)) for it in rivals)


def _is_set(value: object) -> bool:
    # Go clients write an unset selector as `{key: ""}`; no is an answer, too.
    return value is False or (bool(value) and getattr(value, "key", "-") != "")
