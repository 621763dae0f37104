"""Rights that a run of the tests makes no use of, each with the reason why the operator has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from vmoperator.apply.rights import RIGHTS, Right
from vmoperator.base.resource import (
    CHILDREN,
    CONFIG_MAP,
    PARENTS,
    PROMETHEUS,
    ROLE,
    ROLE_BINDING,
    SELECTED,
    VERTICAL_AUTOSCALER,
    Resource,
)


class Use(NamedTuple):
    """One verb on one resource (`pods/log` with its subresource) of one API group."""

    group: str
    resource: str
    verb: str


@dataclass(frozen=True, slots=True)
class Unused:
    """Rights that may stay without use, and why they are granted all the same."""

    words: str
    """Which, as docs/security.md calls them."""
    why: str
    uses: frozenset[Use]


def uses(right: Right) -> Iterator[Use]:
    """What a right allows, one by one; paths that are no resources are left out."""
    return (Use(right.group, it, verb) for it in right.resources for verb in right.verbs)


def is_passed_on(right: Right) -> bool:
    """Whether it is held to be granted to others."""
    return right.why.startswith("be able to grant")


def granted() -> frozenset[Use]:
    """All that the generated role allows."""
    return frozenset(use for right in RIGHTS for use in uses(right))


def unproved(used: Iterable[Use]) -> list[Use]:
    """What the role allows though nothing was done with it, and no reason is given here."""
    return sorted(granted() - frozenset(used) - {use for it in UNUSED for use in it.uses})


def _on(resources: Iterable[Resource], *verbs: str, below: str = "") -> frozenset[Use]:
    return frozenset(
        Use(it.group, f"{it.plural}{below}", verb) for it in resources for verb in verbs
    )


_PASSED_ON = frozenset(use for right in RIGHTS if is_passed_on(right) for use in uses(right))
_WATCHED = (("discovery.k8s.io", "endpointslices"), ("", "namespaces"), ("", "events"))
_DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")

UNUSED = (
    Unused(
        "what programs that discover targets read, and what of Kubernetes' own they scrape",
        "nobody can grant what they do not have; the operator itself reads few of these",
        _PASSED_ON,
    ),
    Unused(
        "update of `vm.../finalizers`",
        "asked of whoever sets an owner reference that blocks deletion, where the admission"
        " plugin OwnerReferencesPermissionEnforcement is on, as in OpenShift",
        _on(PARENTS, "update", below="/finalizers"),
    ),
    Unused(
        "get of `vm.../status`",
        "goes with the right to write it, and shows what a get of the object shows",
        _on((*PARENTS, *SELECTED), "get", below="/status"),
    ),
    Unused(
        "get of what is otherwise listed and watched",
        "whoever may list them all may read each; the operator asks for one when an apply of it"
        " was refused, or when it is in doubt",
        _on((*PARENTS, *SELECTED, *PROMETHEUS, *CHILDREN), "get")
        | {Use(*one, "get") for one in (*_WATCHED, _DEFINITIONS)},
    ),
    Unused(
        "update of what it makes",
        "an edit by hand that a forced apply cannot undo (the API server calls it a duplicate) is"
        " undone by writing the whole object; most kinds have nothing of that sort",
        _on((*CHILDREN, *SELECTED), "update"),
    ),
    Unused(
        "Roles and RoleBindings",
        "made in place of ClusterRoles where it looks after some namespaces"
        " (seen by tests/cluster/test_list_of_namespaces.py)",
        _on((ROLE, ROLE_BINDING), "create", "patch", "delete"),
    ),
    Unused(
        "writes of ConfigMaps",
        "the operator makes none; those in which the Go operator kept rules lose its finalizer, and"
        " go when no pod reads them any more",
        _on((CONFIG_MAP,), "patch", "delete"),
    ),
    Unused(
        "patch of `statefulsets/status`",
        "one write at the end of a rollout by evictions, where Kubernetes does not make it itself;"
        " that of the tests, 1.37, does (decision 2)",
        frozenset({Use("apps", "statefulsets/status", "patch")}),
    ),
    Unused(
        "VerticalPodAutoscalers",
        "the kind is optional: its definition comes with the autoscaler of that name",
        _on((VERTICAL_AUTOSCALER,), "list", "watch", "create", "patch", "delete"),
    ),
)
