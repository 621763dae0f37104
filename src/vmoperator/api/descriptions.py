"""Descriptions: what the text below each field of a model says, read from the models' source.

pydantic reads the same text when a model is made, which costs every start of the operator a parse
of all models; only the definitions and the API reference show it.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import MappingProxyType, ModuleType

from pydantic import BaseModel


def descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """Field -> its text, for each field of the model that has one, those of base classes included.

    A field that is written again without a text has none. Raises OSError without the source.
    """
    found: dict[str, str] = {}
    for base in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        for name, text in _of_module(inspect.getmodule(base)).get(base.__qualname__, {}).items():
            found.pop(name, None)
            found.update({name: text} if text else {})
    return MappingProxyType(found)


@cache
def _of_module(module: ModuleType | None) -> Mapping[str, Mapping[str, str]]:
    """Qualified name of each class in the module -> each annotated name, and its text or ""."""
    if module is None:
        return {}
    return dict(_classes(ast.parse(inspect.getsource(module)), ""))


def _classes(node: ast.AST, place: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for below in ast.iter_child_nodes(node):
        if isinstance(below, ast.ClassDef):
            name = f"{place}{below.name}"
            yield name, _texts(below)
            yield from _classes(below, f"{name}.")
        elif isinstance(below, ast.FunctionDef):
            yield from _classes(below, f"{place}{below.name}.<locals>.")


def _texts(node: ast.ClassDef) -> Mapping[str, str]:
    return {
        line.target.id: _text(after)
        for line, after in pairwise([*node.body, None])
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }


def _text(line: ast.stmt | None) -> str:
    match line:
        case ast.Expr(ast.Constant(str(text))):
            return inspect.cleandoc(text)
    return ""
