"""Golden cases: tests/golden/<kind>/<case>/cr.yaml, an object and what is around it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from vmoperator.api import KINDS, parsed
from vmoperator.api.around import Known
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.offline import known, placed
from vmoperator.render import Plan, plan

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"
EVERY_CASE = sorted(
    str(path.parent.relative_to(GOLDEN))
    for kind in KINDS
    for path in (GOLDEN / kind.lower()).glob("*/cr.yaml")
)
"""`vmcluster/ha`: kind and case."""


@cache
def documents(name: str) -> tuple[Manifest, ...]:
    """All objects of a case; the first one is what is rendered."""
    text = (GOLDEN / name / "cr.yaml").read_text()
    found = yaml.load_all(text, yaml.CSafeLoader)
    return tuple(placed(it, "default") for it in found if it is not None)


def around(name: str) -> Known:
    """What is around the object of a case."""
    namespace = documents(name)[0]["metadata"]["namespace"]
    return known(documents(name), namespace)


def golden_plan(name: str) -> Plan:
    """The plan of a case."""
    return plan(parsed(documents(name)[0]), Settings(), around(name))
