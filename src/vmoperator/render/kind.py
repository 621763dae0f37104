"""What the objects of any kind have in common: their scope."""

from __future__ import annotations

from vmoperator.api.embedded import License
from vmoperator.api.parent import Parent
from vmoperator.base import labels, names
from vmoperator.base.settings import Settings
from vmoperator.render.workload import Scope


def scope(
    parent: Parent, settings: Settings, *, app: str, part_of: str = "", licence: License | None
) -> Scope:
    """The scope of a parent; `app` names its service account, `part_of` a kind of many programs."""
    spec, metadata = parent.spec, parent.metadata
    managed, is_legacy_named = spec.managed_metadata, bool(spec.use_legacy_naming)
    strict = spec.use_strict_security
    account = names.component(app, metadata.name, legacy=is_legacy_named)
    if is_legacy_named and not part_of:
        account = metadata.name
    return Scope(
        name=metadata.name,
        namespace=metadata.namespace,
        owner=labels.controller(
            api_version=parent.api_version,
            kind=parent.kind,
            name=metadata.name,
            uid=metadata.uid,
        ),
        part_of=part_of,
        settings=settings,
        service_account=spec.service_account_name or account,
        labels={**settings.common_labels, **((managed and managed.labels) or {})},
        annotations={**settings.common_annotations, **((managed and managed.annotations) or {})},
        licence=licence,
        use_strict_security=settings.use_strict_security if strict is None else strict,
        is_legacy_named=is_legacy_named,
        domain=settings.cluster_domain,
    )
