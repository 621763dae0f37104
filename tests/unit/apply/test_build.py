"""The name by which the operator tells its own rendering from another's."""

from __future__ import annotations

import re
from dataclasses import replace

from vmoperator import __version__
from vmoperator.apply.build import build
from vmoperator.base.settings import Settings


def test_the_build_is_the_version_and_a_hash_and_stays_the_same() -> None:
    name = build(Settings())
    assert re.fullmatch(rf"{re.escape(__version__)}-[0-9a-f]{{12}}", name)
    assert build(Settings()) == name


def test_other_settings_are_another_build() -> None:
    assert build(replace(Settings(), container_registry="mine")) != build(Settings())


def test_which_namespaces_are_looked_after_makes_no_other_build() -> None:
    assert build(replace(Settings(), namespaces=("a",))) == build(Settings())
