"""Many objects of all kinds that are scraped, against the real vmagent: what we take, it takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from tests.unit.render.agents import planned
from tests.unit.render.jobs.schemas import Schema, own, specifications, theirs
from tests.unit.render.jobs.scrapes import secrets_of
from tests.unit.render.real_programs import answer

from vmoperator.api.around import Known
from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.selected import selected
from vmoperator.base.errors import SpecInvalid
from vmoperator.render import Plan

OWN = (
    *("VMServiceScrape", "VMPodScrape", "VMProbe"),
    *("VMNodeScrape", "VMStaticScrape", "VMScrapeConfig"),
)
_COUNT = 60
"""Objects of each kind."""
FOREIGN = ("ServiceMonitor", "PodMonitor", "Probe", "ScrapeConfig")
_KEYS = dict.fromkeys(("value", "a", "tls.crt", "tls.key", "ca.crt"), b"value")
_NAMES = ("credentials", "client", "authorities", "a")


def _specifications(schema: Schema) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    @settings(
        max_examples=_COUNT,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(specifications(schema))
    def collect(spec: dict[str, Any]) -> None:
        found.append(spec)

    collect()
    return found


def _manifest(kind: str, number: int, spec: dict[str, Any]) -> dict[str, Any]:
    group = "operator.victoriametrics.com/v1beta1" if kind in OWN else "monitoring.coreos.com/v1"
    metadata = {"name": f"{kind.lower()}-{number}", "namespace": "shop"}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec}


def _world() -> tuple[Known, int]:
    """All objects that are objects at all, and how many were drawn."""
    schemas = {**{kind: own(kind) for kind in OWN}, **{kind: theirs(kind) for kind in FOREIGN}}
    drawn = [
        (kind, _manifest(kind, number, spec))
        for kind, schema in schemas.items()
        for number, spec in enumerate(_specifications(schema))
    ]
    ours, foreign = [], []
    for kind, manifest in drawn:
        try:
            if kind in CONVERTERS:
                foreign.append((kind, selected(CONVERTERS[kind](manifest))))
            else:
                ours.append(selected(manifest))
        except SpecInvalid as refused:
            assert refused.field.startswith("spec"), manifest  # noqa: PT017  # its field alone
    secrets = {f"shop/{name}": _KEYS for name in _NAMES}
    maps = {name: dict.fromkeys(_KEYS, "value") for name in secrets}
    known = Known(objects=tuple(ours), foreign=tuple(foreign), secrets=secrets, config_maps=maps)
    return known, len(drawn)


def _lines(made: Plan) -> list[bytes]:
    """The jobs as they stand in the files, each a list of one."""
    buckets = (data for name, data in secrets_of(made).items() if "-jobs-" in name)
    return [line for data in buckets for line in data["jobs.yaml"].splitlines()]


def test_the_program_takes_every_object_that_is_not_refused(tmp_path: Path) -> None:
    world, drawn = _world()
    made = planned(world, selectAllByDefault=True, scrapeClasses=[{"name": "a"}])
    for number, line in enumerate(_lines(made)):
        (tmp_path / f"{number}.yml").write_bytes(line)
    (tmp_path / "main.yaml").write_text(json.dumps({"scrape_config_files": [f"{tmp_path}/*.yml"]}))
    status, output = answer(
        "vmagent",
        "-dryRun",
        "-promscrape.config.strictParse=true",
        f"-promscrape.config={tmp_path}/main.yaml",
        "-remoteWrite.url=http://127.0.0.1:1",
        "-loggerErrorsPerSecondLimit=0",
    )
    wrong = re.findall(r"\t(?:error|fatal|panic)\t.*", output)
    assert (wrong, status) == ([], 0)
    fragments = [it for one in made.picked for it in one.fragments]
    sound = [it.ref for it in fragments if not it.refusal]
    assert drawn == _COUNT * len((*OWN, *FOREIGN))
    assert drawn / 3 < len(sound) < drawn
    taken = {kind: sum(it.kind == kind for it in sound) for kind in (*OWN, *FOREIGN)}
    assert min(taken.values()) > _COUNT / 6, taken
