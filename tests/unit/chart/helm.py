"""helm as a user runs it, and what it renders."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml
from tests.unit.render.real_programs import program

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts/vmoperator"
CRDS_CHART = ROOT / "charts/vmoperator-crds"
WITHOUT_CRDS = "crds.enabled=false"

Manifest = dict[str, Any]


class Refused(Exception):
    """What helm complains of."""


def helm(*arguments: str, values: str = "") -> str:
    """What helm prints; `values` is the text of a values file."""
    done = subprocess.run(
        [str(program("helm")), *arguments, *(("-f", "-") if values else ())],
        input=values,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Refused(done.stdout + done.stderr)
    return done.stdout


def template(*settings: str, values: str = "", chart: Path = CHART) -> str:
    """The text of all objects; `settings` are PATH=VALUE."""
    given = [word for setting in settings for word in ("--set", setting)]
    return helm("template", "vmoperator", str(chart), "-n", "monitoring", *given, values=values)


def rendered(*settings: str, values: str = "") -> list[Manifest]:
    """All objects but the definitions of the kinds."""
    text = template(WITHOUT_CRDS, *settings, values=values)
    return [it for it in yaml.load_all(text, Loader=yaml.CSafeLoader) if it]


def only(kind: str, manifests: list[Manifest]) -> Manifest:
    """The only object of a kind."""
    (found,) = (it for it in manifests if it["kind"] == kind)
    return found
