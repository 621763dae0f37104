"""Foresight: what is around an object that is about to be stored, from what is known already.

Nothing is read and nothing is remembered: whoever asks wakes nobody. Contents of Secrets and
ConfigMaps are not looked at, for anybody in the cluster may ask for a judgement; placeholders stand
for them, and what does not hold for each of these is nobody's fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from vmoperator.api.around import Recipe
from vmoperator.api.parent import Parent
from vmoperator.api.picking import Choice, Fragment, Picked
from vmoperator.api.selected import selected
from vmoperator.apply.around import sound
from vmoperator.apply.choosers import Chooser, reach
from vmoperator.apply.world import World
from vmoperator.base.errors import Dangling, SpecInvalid
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.observe.objects import Selectable
from vmoperator.observe.selection import Hit

PLACEHOLDERS: Final = (
    # The only URL with which Slack's update_message does anything.
    "https://slack.com/api/chat.postMessage",
    "{}",
    "[]",
    "placeholder",
    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
)
"""Contents of several kinds: a fault with one of them may be none with another."""


class _Texts(Mapping[str, str]):
    """Data in which every key has the placeholder."""

    def __init__(self, foresight: Foresight) -> None:
        self._foresight = foresight

    def __getitem__(self, key: str) -> str:
        self._foresight.has_looked = True
        return self._foresight.content

    def __contains__(self, key: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        yield "placeholder"

    def __len__(self) -> int:
        return 1


class _Bytes(Mapping[str, bytes]):
    """The same in bytes, as Secrets have it."""

    def __init__(self, texts: _Texts) -> None:
        self._texts = texts

    def __getitem__(self, key: str) -> bytes:
        return self._texts[key].encode()

    def __contains__(self, key: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return 1


@dataclass(slots=True)
class Foresight:
    """The surroundings of one parent, or of one parent and the object that it is to select."""

    world: World
    parent: Manifest
    subject: Selectable | None = None
    """The object that is judged; nothing else is selected."""
    content: str = PLACEHOLDERS[0]
    has_looked: bool = field(default=False, init=False)
    """Whether somebody has asked for a content."""
    dangling: str = field(default="", init=False)
    """What the subject names that is not there; empty if all is."""

    @property
    def _home(self) -> str:
        return str(self.parent["metadata"]["namespace"])

    def secret(self, name: str, namespace: str = "") -> Mapping[str, bytes] | None:
        """Placeholders; None: there is no such Secret."""
        found = self._texts(Ref("Secret", namespace or self._home, name))
        return None if found is None else _Bytes(found)

    def config_map(self, name: str, namespace: str = "") -> Mapping[str, str] | None:
        """Placeholders; None: there is no such ConfigMap."""
        return self._texts(Ref("ConfigMap", namespace or self._home, name))

    def picked(self, choice: Choice, recipe: Recipe) -> Picked:
        """The subject if the choice hits it. Raises SpecInvalid for a selector that is none."""
        own = Ref(str(self.parent["kind"]), self._home, str(self.parent["metadata"]["name"]))
        chooser = Chooser(own, choice, reach(choice, home=self._home, is_confined=False))
        one = self.subject
        if one is None or one.ref.kind not in choice.kinds:
            return Picked(choice=choice, fragments=(), existing=0)
        is_hit = chooser.hit(one, self.world.namespaces) is Hit.HIT
        made = (self._made(one, recipe),) if is_hit else ()
        return Picked(choice=choice, fragments=made, existing=1)

    def neighbours(self, kind: str, namespace: str = "") -> tuple[Parent, ...]:
        """Every sound parent of a kind; this one as it is about to be."""
        found = dict(self.world.parents.by_index(kind))
        metadata = self.parent["metadata"]
        if kind == self.parent["kind"]:
            found[Ref(kind, self._home, str(metadata["name"]))] = self.parent
        chosen = sorted(ref for ref in found if namespace in ("", ref.namespace))
        return tuple(it for it in (sound(found[ref]) for ref in chosen) if it is not None)

    def replicas(self, ref: Ref) -> int | None:
        """Replicas that a live workload of ours asks for; None if it is not there."""
        live = self.world.children.get(ref)
        return live.replicas if live else None

    def _texts(self, ref: Ref) -> _Texts | None:
        world = self.world
        is_unseen = (ref.kind, "") in world.unseen or (ref.kind, ref.namespace) in world.unseen
        is_there = is_unseen or ref in world.children or ref in world.foreign
        return _Texts(self) if is_there else None

    def _made(self, one: Selectable, recipe: Recipe) -> Fragment:
        try:
            return Fragment(ref=one.ref, content=recipe.make(selected(one.manifest), self))
        except Dangling as error:
            self.dangling = str(error)
            return Fragment(ref=one.ref, content=b"", refusal=str(error))
        except SpecInvalid as error:
            return Fragment(ref=one.ref, content=b"", refusal=str(error))
