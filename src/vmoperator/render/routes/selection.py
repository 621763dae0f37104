"""Selection: the objects that a VMAlertmanager takes its routes and receivers from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vmoperator.api.around import Around
from vmoperator.api.picking import Choice, Picked
from vmoperator.api.vmalertmanager import VMAlertmanagerSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.routes import matchers
from vmoperator.render.routes.matchers import Mode
from vmoperator.render.routes.options import Options, Version
from vmoperator.render.routes.recipe import recipe

KINDS = ("VMAlertmanagerConfig", "AlertmanagerConfig")
_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})\..*")
_MODES = {"utf8-strict-mode": Mode.UTF8, "classic-mode": Mode.CLASSIC}


def picked_configs(
    spec: VMAlertmanagerSpec, document: Mapping[str, Any], *, version: str, around: Around
) -> Picked:
    """What is selected, each object as a piece; `document` is the user's own configuration, and
    `version` the tag of Alertmanager's image.

    Raises SpecInvalid for options that would spoil every piece.
    """
    choice = Choice(
        kinds=KINDS,
        field="spec.configSelector",
        objects=spec.config_selector,
        namespaces=spec.config_namespace_selector,
        takes_all=bool(spec.select_all_by_default),
    )
    return around.picked(choice, recipe(options(spec, document, version=version)))


def options(spec: VMAlertmanagerSpec, document: Mapping[str, Any], *, version: str) -> Options:
    """What the pieces of a VMAlertmanager depend on. Raises SpecInvalid, which names the field."""
    mode = _mode(spec)
    label = spec.enforced_namespace_label or "namespace"
    if matchers.label_problem(label, mode):
        raise SpecInvalid("spec.enforcedNamespaceLabel", matchers.label_problem(label, mode))
    top = tuple(spec.enforced_top_route_matchers or ())
    matchers.refuse_broken(top, mode, field="spec.enforcedTopRouteMatchers")
    files = spec.arbitrary_fs_access_through_sms
    own = document.get("global")
    return Options(
        namespace_label="" if spec.disable_namespace_matcher else label,
        forces_continue=not spec.disable_route_continue_enforce,
        top_matchers=top,
        denies_files=bool(files and files.deny),
        mode=mode,
        version=_version(version),
        global_fields=frozenset(
            key for key, value in (own.items() if isinstance(own, Mapping) else ()) if value
        ),
    )


def _mode(spec: VMAlertmanagerSpec) -> Mode:
    features = (spec.extra_args or {}).get("enable-feature", "").split(",")
    return next((_MODES[it.strip()] for it in features if it.strip() in _MODES), Mode.EITHER)


def _version(tag: str) -> Version | None:
    found = _VERSION.fullmatch(tag)
    return (int(found[1]), int(found[2])) if found else None
