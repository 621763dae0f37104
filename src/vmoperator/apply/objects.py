"""Store of the objects that parents select; it tells whether there is anything new of a kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from vmoperator.apply.store import Store
from vmoperator.base.manifest import Ref
from vmoperator.observe.objects import Namespace, Selectable


def _kind(one: Selectable) -> str:
    return one.ref.kind


class Objects(Store[Selectable]):
    """Selectable objects, indexed by their kind."""

    def __init__(self) -> None:
        super().__init__(_kind)
        self._revisions: Counter[str] = Counter()
        self._places: Counter[tuple[str, str]] = Counter()

    def put(self, ref: Ref, value: Selectable) -> None:
        """Take the object in; news are what is not about its status alone."""
        revision, is_news = self._revisions[ref.kind], not value.is_like(self.get(ref))
        super().put(ref, value)
        self._revisions[ref.kind] = revision + is_news
        self._places[(ref.kind, ref.namespace)] += 1

    def remove(self, ref: Ref) -> None:
        """Forget the object."""
        if ref in self:
            self._places[(ref.kind, ref.namespace)] -= 1
            super().remove(ref)
            self._revisions[ref.kind] += 1

    def revision(self, kinds: Iterable[str]) -> tuple[int, ...]:
        """Numbers that differ once something about objects of these kinds has changed."""
        return tuple(self._revisions[kind] for kind in kinds)

    def has_any(self, kinds: Iterable[str], namespace: str) -> bool:
        """Whether there are objects of these kinds in a namespace."""
        return any(self._places[(kind, namespace)] > 0 for kind in kinds)


class Namespaces(Store[Namespace]):
    """The namespaces, and a number that differs once something about them has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.revision = 0

    def put(self, ref: Ref, value: Namespace) -> None:
        """Take the namespace in."""
        super().put(ref, value)
        self.revision += 1

    def remove(self, ref: Ref) -> None:
        """Forget the namespace."""
        super().remove(ref)
        self.revision += 1
