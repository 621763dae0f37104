"""Documents: YAML that users wrote, as data, and data as YAML that the programs read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml

from vmoperator.base.errors import SpecInvalid

_NULLS = re.compile(r"^(?:~|null|Null|NULL|)$")
_MERGE = re.compile(r"^<<$")
# JSON leaves these as they are, but in YAML they are forbidden or break a line.
_AWKWARD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


_KEPT = 32
"""So many documents are remembered: a pass at rest must not read 100 kB of YAML again, 0.3 s."""
_MOST_VALUES = 1_000_000


class _Loader(yaml.SafeLoader):
    """Scalars stay the text that stands there.

    Not the loader in C: it ends the process over a document that is nested deeply enough.

    Python and Go disagree about what `on`, `1:30`, `1.10` and `2026-01-02` are; the programs want
    text in nearly all places, and whoever wants a number or a truth value says so.
    """

    yaml_implicit_resolvers = {
        "~": [("tag:yaml.org,2002:null", _NULLS)],
        "n": [("tag:yaml.org,2002:null", _NULLS)],
        "N": [("tag:yaml.org,2002:null", _NULLS)],
        "": [("tag:yaml.org,2002:null", _NULLS)],
        "<": [("tag:yaml.org,2002:merge", _MERGE)],
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """The mapping; a key that stands there twice is refused, as the programs refuse it."""
        seen = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = "found a key for the second time"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def loaded(text: str, *, field: str) -> Any:
    """The one document of a YAML text, every scalar as text.

    Whoever gets it leaves it as it is, for others get the same. Raises SpecInvalid, which names the
    line but nothing of what stands there: it may be secret.
    """
    try:
        return _read(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SpecInvalid(field, f"is not YAML{place}: {_told(error)}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise SpecInvalid(field, "is not YAML: it cannot be parsed") from None


@lru_cache(maxsize=_KEPT)
def _read(text: str) -> Any:
    found = yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader of fewer types
    if _values(found, {}) > _MOST_VALUES:
        raise yaml.YAMLError("anchors make it endless")
    return found


def _values(value: Any, counted: dict[int, int]) -> int:
    """How many values a document holds when its anchors are written out, each found once."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in counted:
        # Until it is counted itself: whoever holds itself holds more than anybody may.
        counted[id(value)] = _MOST_VALUES + 1
        inner = value.values() if isinstance(value, dict) else value
        counted[id(value)] = 1 + sum(_values(it, counted) for it in inner)
    return counted[id(value)]


def _told(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "\\t" in problem:
        return "a tab cannot indent, use spaces"
    # In quotes stands what stood in the document.
    return problem if problem and "'" not in problem else "it cannot be parsed"


class _Dumper(yaml.SafeDumper):
    """Writes scalars as _Loader reads them: what stood there without quotes stays without."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


def amended(
    text: str, *, replaced: Mapping[str, Any], appended: Mapping[str, Sequence[Any]]
) -> str:
    """A sound document, a mapping, with further keys, and with entries behind those of lists, each
    of which is named by its path: `receivers`, `route.routes`.

    Everything else stays what it is for any reader of YAML: nothing is read as a number or a date
    on the way. Comments are lost.
    """
    return _amended(text, _json(replaced), _json(appended))


@lru_cache(maxsize=_KEPT)
def _amended(text: str, replacing: str, appending: str) -> str:
    replaced, appended = json.loads(replacing), json.loads(appending)
    root = yaml.compose(text, Loader=_Loader) or yaml.MappingNode("tag:yaml.org,2002:map", [])
    kept = [(key, node) for key, node in root.value if key.value not in replaced]
    root.value = [*kept, *(_node(replaced).value if replaced else ())]
    for path, more in appended.items():
        root = _longer(root, path.split("."), _node(more).value)
    written: str = yaml.serialize(root, Dumper=_Dumper, allow_unicode=True, width=1 << 30)
    return written


def _longer(node: Any, path: Sequence[str], entries: Sequence[yaml.Node]) -> yaml.MappingNode:
    """The mapping with entries behind those of the list at a path, in block style all the way."""
    is_mapping = isinstance(node, yaml.MappingNode)
    pairs = {key.value: (key, value) for key, value in (_flat(node).value if is_mapping else ())}
    name, *below = path
    key, found = pairs.get(name, (yaml.ScalarNode("tag:yaml.org,2002:str", name), None))
    if below:
        pairs[name] = key, _longer(found, below, entries)
    else:
        there = found.value if isinstance(found, yaml.SequenceNode) else ()
        listed = [*there, *entries]
        pairs[name] = key, yaml.SequenceNode("tag:yaml.org,2002:seq", listed, flow_style=False)
    return yaml.MappingNode("tag:yaml.org,2002:map", [*pairs.values()], flow_style=False)


def _flat(node: yaml.MappingNode) -> yaml.MappingNode:
    """The mapping with what its merge keys (<<) bring written out; its own values come last."""
    copy = yaml.MappingNode(node.tag, [*node.value], node.start_mark, node.end_mark)
    yaml.constructor.SafeConstructor().flatten_mapping(copy)
    return copy


def _node(value: Any) -> yaml.Node:
    (node,) = yaml.compose_all(_json(value), Loader=_Loader)
    _unfold(node)
    return node


def _unfold(node: yaml.Node) -> None:
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = False
        for part in node.value:
            *key, value = part if isinstance(part, tuple) else (part,)
            _unfold(value)
            for plain in key:
                plain.style = None


def entries(text: str, *, field: str) -> list[Mapping[str, Any]]:
    """The list of mappings that a YAML text holds, empty for an empty text.

    Raises SpecInvalid, which names the entry, for anything else.
    """
    found = loaded(text, field=field)
    if found is None:
        return []
    if not isinstance(found, list):
        raise SpecInvalid(field, "must be a list: each entry starts with a dash")
    for place, entry in enumerate(found):
        if not isinstance(entry, dict) or not all(isinstance(key, str) for key in entry):
            raise SpecInvalid(f"{field}[{place}]", "must be a mapping: name: value")
    return found


def dumped(value: Any) -> str:
    """The text of a document: JSON, which is YAML; of a list one line for each entry."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(f"- {_json(entry)}\n" for entry in value) or "[]\n"
    return f"{_json(value)}\n"


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _AWKWARD.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
