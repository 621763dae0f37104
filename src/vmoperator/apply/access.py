"""Access: asks the API server what a service account may do, and remembers the answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vmoperator.apply.client import Client
from vmoperator.apply.withheld import Withheld
from vmoperator.base.errors import Forbidden, NotFound
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import ACCESS_REVIEW, SERVICE_ACCOUNT
from vmoperator.observe.access import Account, Question, allowed, unknown
from vmoperator.observe.verdict import Remark

_TRUSTED_SECONDS: Final = 60.0
_MISSING_SECONDS: Final = 10.0
_UNKNOWN_SECONDS: Final = 300.0
_WITHOUT: Final = "what service accounts of the users' may not discover is not known"
_AGAIN: Final = {"False": _MISSING_SECONDS, "Unknown": _UNKNOWN_SECONDS}


def again_seconds(remark: Remark) -> float | None:
    """When to ask again: nothing tells that what is missing came. None while all is there."""
    return _AGAIN.get(remark.status)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The condition, and the monotonic time until which it is taken to hold."""

    remark: Remark
    until: float


@dataclass(slots=True)
class Access:
    """What is known of the rights of service accounts; one for the process."""

    client: Client
    withheld: Withheld = field(default_factory=Withheld)
    _answers: dict[tuple[Account, frozenset[Question]], _Answer] = field(
        default_factory=dict, init=False
    )

    async def remark(self, account: Account, asked: frozenset[Question]) -> Remark:
        """The condition DiscoveryAllowed of pods that run under this account."""
        now = time.monotonic()
        known = self._answers.get((account, asked))
        if known is None or known.until < now:
            remark = await self._found(account, asked)
            seconds = again_seconds(remark) or _TRUSTED_SECONDS
            # A pass that was asked for in so many seconds must not come a moment too early.
            known = _Answer(remark, now + seconds * 0.9)
            self._forget_outdated(now)
            self._answers[account, asked] = known
        return known.remark

    async def _found(self, account: Account, asked: Collection[Question]) -> Remark:
        exists = True
        try:
            exists = await self._exists(account)
            denied = await self._denied(account, sorted(asked))
        except Forbidden as error:
            return unknown(account, str(error)) if exists else allowed(account, (), exists=False)
        return allowed(account, denied, exists=exists)

    async def _exists(self, account: Account) -> bool:
        try:
            await self.client.get(SERVICE_ACCOUNT, Ref(SERVICE_ACCOUNT.kind, *account))
        except NotFound:
            return False
        return True

    async def _denied(self, account: Account, asked: Sequence[Question]) -> list[Question]:
        answers: list[bool] = []
        with self.withheld.asking(ACCESS_REVIEW, _WITHOUT):
            # Where the right to ask is missing, one refusal says so.
            for part in (asked[:1], asked[1:]):
                answers += await asyncio.gather(*(self._may(account, one) for one in part))
        return [one for one, may in zip(asked, answers, strict=True) if not may]

    async def _may(self, account: Account, question: Question) -> bool:
        answer = await self.client.create(ACCESS_REVIEW, review(account, question))
        return bool((answer.get("status") or {}).get("allowed"))

    def _forget_outdated(self, now: float) -> None:
        for key, answer in list(self._answers.items()):
            if answer.until < now:
                del self._answers[key]


def review(account: Account, question: Question) -> dict[str, Any]:
    """The SubjectAccessReview that asks whether the account may do that."""
    resource, _, subresource = question.resource.partition("/")
    attributes: Mapping[str, str] = {
        "verb": question.verb,
        "group": question.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": question.namespace,
    }
    return {
        "apiVersion": ACCESS_REVIEW.api_version,
        "kind": ACCESS_REVIEW.kind,
        # A review has no name; the API server refuses one.
        "metadata": {"name": ""},
        "spec": {
            "user": f"system:serviceaccount:{account.namespace}:{account.name}",
            "groups": [
                "system:serviceaccounts",
                f"system:serviceaccounts:{account.namespace}",
                "system:authenticated",
            ],
            "resourceAttributes": attributes,
        },
    }
