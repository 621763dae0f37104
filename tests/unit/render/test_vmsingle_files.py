"""The files of a VMSingle, as the real victoria-metrics sees them."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import pytest
from tests.unit.render.golden import EVERY_CASE, golden_plan
from tests.unit.render.real_programs import answer

FLAGS = {
    "scrape.yaml": "promscrape.config",
    "relabeling.yaml": "relabelConfig",
    "aggregation.yaml": "streamAggr.config",
}


def _written(name: str, folder: Path) -> list[str]:
    """Writes the files of a case; the flags that name them."""
    for child in golden_plan(name).shared:
        if child["kind"] == "Secret":
            for file, content in child["data"].items():
                (folder / file).write_bytes(b64decode(content))
    return [f"-{flag}={folder / file}" for file, flag in FLAGS.items() if (folder / file).exists()]


@pytest.mark.parametrize(
    "name", [name for name in EVERY_CASE if name.startswith("vmsingle/")], ids=str
)
def test_victoria_metrics_takes_the_files(name: str, tmp_path: Path) -> None:
    flags = _written(name, tmp_path)
    status, output = answer("victoria-metrics", "-dryRun", *flags)
    assert (status, [line for line in output.splitlines() if "error" in line]) == (0, [])


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("vmsingle/scraping", "scrape.yaml"),
        ("vmsingle/scraping", "inline-scrape-config.yaml"),
        ("vmsingle/everything", "relabeling.yaml"),
        ("vmsingle/everything", "aggregation.yaml"),
    ],
)
def test_the_dry_run_reads_each_file(name: str, file: str, tmp_path: Path) -> None:
    flags = _written(name, tmp_path)
    (tmp_path / file).write_text("- {unheard_of: 1}\n")
    status, output = answer("victoria-metrics", "-dryRun", *flags)
    assert status != 0, output
