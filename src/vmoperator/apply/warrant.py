"""Warrant: whether the operator's own service account may do what the operator does.

Whoever plans has rights of their own; the operator's are asked for by its name
(https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vmoperator.apply.access import review
from vmoperator.apply.dry_run import DryClient
from vmoperator.apply.rights import RIGHTS, Right
from vmoperator.base.errors import ApiError, Unavailable
from vmoperator.base.labels import NAME
from vmoperator.base.manifest import Manifest
from vmoperator.base.resource import ACCESS_REVIEW, BY_KIND, DEPLOYMENT, Resource
from vmoperator.observe.access import Account, Question

INSTALLED: Final = f"{NAME}=vmoperator"
"""The label of the Deployment that the chart makes."""
_SELF_REVIEW: Final = Resource(
    "authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False
)
_AT_ONCE: Final = 16
_CLUSTER_WIDE: Final = frozenset(
    (
        *(it.plural for it in BY_KIND.values() if not it.namespaced),
        "customresourcedefinitions",
        "storageclasses",
        "subjectaccessreviews",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Verbs that the operator's account may not use on these resources, and what they are for."""

    verbs: tuple[str, ...]
    group: str
    resources: tuple[str, ...]
    namespace: str
    """Empty for the whole cluster."""
    why: str

    @property
    def words(self) -> str:
        """In the terms of a role."""
        group = f" of {self.group}" if self.group else ""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{', '.join(self.verbs)} {', '.join(self.resources)}{group}{where} ({self.why})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warrant:
    """Whose rights were looked at, and what they lack."""

    account: Account | None
    """None: the operator's is not known."""
    told: str
    """Whose rights count, and how that is known."""
    lacks: tuple[Lack, ...] = ()


async def warrant(
    client: DryClient, namespaces: Sequence[str], named: Account | None = None
) -> Warrant:
    """What the operator's account may not do; `named`, or that of the one operator installed.

    `namespaces` are those that it looks after, none for all. Raises Unavailable.
    """
    account, told = (named, f"{named}") if named else await _installed(client)
    if account is None:
        told = f"{told}: missing rights that are told are those of {await _runner(client)}"
        return Warrant(account=None, told=told)
    asked = list(_questions(namespaces))
    slots = asyncio.Semaphore(_AT_ONCE)

    async def may(question: Question) -> bool:
        async with slots:
            answer = await client.ask(ACCESS_REVIEW, review(account, question))
        return bool((answer.get("status") or {}).get("allowed"))

    try:
        answers = await asyncio.gather(*(may(question) for _, question in asked))
    except Unavailable:
        raise
    except ApiError as error:
        return Warrant(account=account, told=f"the rights of {account} cannot be asked: {error}")
    denied = [one for one, is_allowed in zip(asked, answers, strict=True) if not is_allowed]
    return Warrant(account=account, told=f"the rights are those of {told}", lacks=_lacks(denied))


def _questions(namespaces: Sequence[str]) -> Iterator[tuple[Right, Question]]:
    for right in RIGHTS:
        for resource in right.resources:
            if namespaces and (resource in _CLUSTER_WIDE or "grant" in right.why):
                continue  # whoever looks after some namespaces does without
            for where in namespaces or ("",):
                for verb in right.verbs:
                    yield right, Question(verb, right.group, resource, where)


def _lacks(denied: Sequence[tuple[Right, Question]]) -> tuple[Lack, ...]:
    verbs: dict[tuple[Right, str, str], list[str]] = defaultdict(list)
    for right, one in denied:
        verbs[right, one.namespace, one.resource].append(one.verb)
    alike: dict[tuple[Right, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (right, where, resource), found in verbs.items():
        alike[right, where, tuple(found)].append(resource)
    return tuple(
        Lack(
            verbs=found,
            group=right.group,
            resources=tuple(resources),
            namespace=where,
            why=right.why,
        )
        for (right, where, found), resources in alike.items()
    )


async def _installed(client: DryClient) -> tuple[Account | None, str]:
    """The account of the operator that is installed here, and in which words it was found."""
    found: dict[Account, str] = {}
    try:
        async for page in client.list(DEPLOYMENT, selector=INSTALLED):
            found.update((_account(it), _name(it)) for it in page.items)
    except Unavailable:
        raise
    except ApiError as error:
        return None, f"which operator is installed cannot be seen ({error})"
    if len(found) == 1:
        account, name = next(iter(found.items()))
        return account, f"{account} (Deployment {name})"
    if found:
        names = ", ".join(sorted(f"{it.namespace}/{it.name}" for it in found))
        return None, f"several operators are installed, name one with --service-account ({names})"
    return None, f"no Deployment has the label {INSTALLED}, name the account (--service-account)"


def _account(deployment: Manifest) -> Account:
    pod = deployment["spec"]["template"]["spec"]
    return Account(deployment["metadata"]["namespace"], pod.get("serviceAccountName") or "default")


def _name(deployment: Manifest) -> str:
    return f"{deployment['metadata']['namespace']}/{deployment['metadata']['name']}"


async def _runner(client: DryClient) -> str:
    """Who asks, as the API server sees it."""
    question: dict[str, Any] = {
        "apiVersion": _SELF_REVIEW.api_version,
        "kind": _SELF_REVIEW.kind,
        "metadata": {"name": ""},
    }
    try:
        answer = await client.ask(_SELF_REVIEW, question)
    except Unavailable:
        raise
    except ApiError:
        return "whoever runs this"
    user = ((answer.get("status") or {}).get("userInfo") or {}).get("username")
    return f"{user}, who runs this" if user else "whoever runs this"
