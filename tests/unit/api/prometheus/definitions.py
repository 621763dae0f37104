"""The kinds of monitoring.coreos.com as prometheus-operator defines them: fields, and samples."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Step = str | int
_TIMES = ("interval", "timeout", "wait", "expire", "retry", "ttl", "for", "offset")
_SAMPLES: Mapping[str, Any] = {
    "routes": [{"receiver": "x"}],
    "operator": "In",
    "bodySizeLimit": "1MB",
    "start": 1,
    "startTime": "08:00",
    "endTime": "09:00",
    "messageType": "text",
}


@cache
def outlines() -> dict[str, Any]:
    """Kind -> the outline of its specification."""
    text = (Path(__file__).parent / "definitions.yaml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def leaves(outline: Any, at: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Paths of all fields that hold no others; of lists the first entry stands there, and what is
    named by users counts as one."""
    if isinstance(outline, dict) and "*" not in outline:
        for name, below in outline.items():
            yield from leaves(below, (*at, name.removesuffix("!")))
    elif isinstance(outline, list) and isinstance(outline[0], dict):
        yield from leaves(outline[0], (*at, 0))
    else:
        yield at


def specification(
    outline: Mapping[str, Any], path: tuple[Step, ...], needs: Mapping[str, Any]
) -> dict[str, Any]:
    """A specification with a value at this path, and what the parts on the way there require.

    `needs` says by the name of a part, or by "" for the whole, what it requires beside.
    """
    made = {**_required(outline), **copy.deepcopy(needs.get("", {}))}
    part: Any = made
    below: Any = outline
    name = ""
    for step, following in zip(path, (*path[1:], None), strict=True):
        name = step if isinstance(step, str) else name
        below = below[0] if isinstance(step, int) else _inside(below, str(step))
        if following is None:
            _put(part, step, _sample(below, name))
            break
        inner: Any = [] if isinstance(following, int) else copy.deepcopy(dict(needs.get(name, {})))
        if isinstance(below, dict):
            inner = {**_required(below), **inner}
        part = _put(part, step, inner)
    return made


def _required(outline: Mapping[str, Any]) -> dict[str, Any]:
    names = [name for name in outline if name.endswith("!")]
    return {name[:-1]: _sample(outline[name], name[:-1]) for name in names}


def _inside(outline: Mapping[str, Any], name: str) -> Any:
    return outline[name] if name in outline else outline[f"{name}!"]


def _put(part: Any, step: Step, value: Any) -> Any:
    if isinstance(step, int):
        part.append(value)
    else:
        part[step] = value
    return value


def _sample(outline: Any, name: str) -> Any:
    if name in _SAMPLES:
        return copy.deepcopy(_SAMPLES[name])
    if isinstance(outline, dict):
        return {"x": _sample(outline["*"], name)} if "*" in outline else _required(outline)
    if isinstance(outline, list):
        return [_sample(outline[0], name)]
    if isinstance(outline, str):
        is_time = name.lower().endswith(_TIMES)
        is_url = name.lower().endswith("url")
        return (
            outline.split()[0] if outline else "30s" if is_time else "http://a" if is_url else "x"
        )
    return True if outline is True else 3
