"""Files of manifests, as the API server understands YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

import yaml


class _Loader(yaml.CSafeLoader):
    """YAML as the API server understands it: a timestamp is a string."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
    for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class Unreadable(Exception):
    """A file that cannot be opened or is no YAML."""


def documents(path: str, stdin: TextIO) -> Iterator[Any]:
    """The documents of a file, lists of objects unfolded, empty ones left out.

    Raises Unreadable for a file that cannot be opened or is no YAML.
    """
    try:
        text = stdin.read() if path == "-" else _text(path)
        found = list(yaml.load_all(text, Loader=_Loader))
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(getattr(error, "strerror", None) or str(error)) from error
    except yaml.YAMLError as error:
        raise Unreadable("no YAML: " + " ".join(str(error).split())) from error
    for document in found:
        if isinstance(document, Mapping) and document.get("kind") == "List":
            yield from document.get("items") or ()
        elif document is not None:
            yield document


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
