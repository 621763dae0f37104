"""Builds the pinned programs into the cache, once per version key."""

import os
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from localcluster import versions
from localcluster.errors import BuildFailed
from localcluster.progress import Progress, Step, duration
from localcluster.versions import Module

# Linking kube-apiserver takes about 2 GB; two builds at once want room for two such links.
TWO_LANES_MEMORY_BYTES = 6 * 10**9


@dataclass(frozen=True, slots=True)
class Build:
    """What is still to be made of one module."""

    module: Module
    missing: tuple[str, ...]

    @property
    def title(self) -> str:
        shown = self.missing[0] if len(self.missing) == 1 else f"{len(self.missing)} programs"
        return f"build {self.module.name} ({shown})"


def plan(programs: Path, modules: Iterable[Module] = versions.MODULES) -> list[Build]:
    """The builds that are left, the longest first: two lanes then end at about the same time."""
    builds = []
    for module in sorted(modules, key=lambda m: -m.cold_seconds):
        missing = tuple(p for p in module.programs if not (programs / p).exists())
        if missing:
            builds.append(Build(module, missing))
    return builds


def complete(programs: Path) -> bool:
    """True if nothing is left to build."""
    return not plan(programs) and (programs / "pause").exists()


def go_environment(lean_cache: Path | None) -> dict[str, str]:
    """The environment of every go command; with caches of the tool's own if it builds lean."""
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    if lean_cache is not None:
        settings["GOCACHE"] = str(lean_cache / "build")
        settings["GOMODCACHE"] = str(lean_cache / "modules")
    return {**os.environ, **settings}


def build_command(build: Build, output: Path) -> list[str]:
    """One go command for all programs of a module, so that they share what they compile."""
    flags = ["-trimpath", "-v", "-ldflags", f"-s -w {build.module.ldflags}".rstrip()]
    packages = [build.module.programs[p] for p in build.missing]
    # With one package the output is a file: go would name it after the package's folder.
    target = str(output / build.missing[0]) if len(packages) == 1 else f"{output}/"
    return ["go", "build", *flags, "-o", target, *packages]


class Builder:
    """Runs the builds of a plan in two lanes, the next module's download beside them."""

    def __init__(self, programs: Path, progress: Progress, *, lean_cache: Path | None) -> None:
        self.programs = programs
        self.progress = progress
        self.environment = go_environment(lean_cache)
        self._left: list[Build] = []
        self._all = Step("build all programs")
        self._lock = threading.Lock()

    def run(self, builds: list[Build]) -> None:
        """Makes what is planned; raises BuildFailed. What is finished stays if interrupted."""
        self.programs.mkdir(parents=True, exist_ok=True)
        if not builds:
            return
        self._left = list(builds)
        cold = duration(sum(b.module.cold_seconds for b in builds))
        self.progress.say(
            f"Building {sum(len(b.missing) for b in builds)} programs from pinned Go modules: "
            f"about {cold} on two cores with empty caches, seconds with warm ones."
        )
        with self.progress.step("build all programs") as self._all:
            self._all.note(self._left_words())
            self._run_lanes(builds)

    def _run_lanes(self, builds: list[Build]) -> None:
        lanes = 2 if _memory_bytes() > TWO_LANES_MEMORY_BYTES else 1
        with ThreadPoolExecutor(lanes) as lane, ThreadPoolExecutor(1) as downloads:
            counts = {b.module.name: downloads.submit(self._download, b) for b in builds}
            works = [lane.submit(self._build, b, counts[b.module.name]) for b in builds]
            try:
                for work in works:
                    work.result()
            except BaseException:
                lane.shutdown(wait=False, cancel_futures=True)
                downloads.shutdown(wait=False, cancel_futures=True)
                raise

    def _download(self, build: Build) -> int:
        """Fetches what the programs need; returns how many packages they consist of."""
        packages = [build.module.programs[p] for p in build.missing]
        with self.progress.step(f"download {build.module.name}") as step:
            command = ["go", "list", "-deps", "-f", "{{.ImportPath}}", *packages]
            listed = self._go(command, build.module, step, "modules")
        return len(listed.split())

    def _build(self, build: Build, downloaded: Future[int]) -> None:
        packages = downloaded.result()
        output = self.programs / f".{build.module.name}.tmp"
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir()
        with self.progress.step(build.title) as step:
            command = build_command(build, output)
            self._go(command, build.module, step, f"of at most {packages} packages compiled")
            for program in build.missing:
                (output / program).rename(self.programs / program)
            output.rmdir()
            step.note("")
        with self._lock:
            self._left.remove(build)
            self._all.note(self._left_words())

    def _left_words(self) -> str:
        left = ", ".join(b.module.name for b in self._left)
        return f"left: {left}" if left else "nothing left"

    def _go(self, command: list[str], module: Module, step: Step, counted: str) -> str:
        """Runs a go command; counts its progress lines; returns what it printed."""
        process = subprocess.Popen(
            command,
            cwd=module.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None and process.stderr is not None
        tail: deque[str] = deque(maxlen=20)

        def follow() -> None:
            assert process.stderr is not None
            for number, line in enumerate(process.stderr, 1):
                tail.append(line.rstrip())
                step.note(f"{number} {counted}")

        reader = threading.Thread(target=follow)
        reader.start()
        with process:
            output = process.stdout.read()
            reader.join()
        if process.returncode != 0:
            raise BuildFailed(
                f"{' '.join(command[:2])} of {module.name} failed:\n" + "\n".join(tail)
            )
        return output

    def build_pause(self) -> None:
        """Makes what pods of the local cluster start with, unless it is there."""
        if (self.programs / "pause").exists():
            return
        self.programs.mkdir(parents=True, exist_ok=True)
        temporary = self.programs / ".pause.tmp"
        command = ["gcc", "-static", "-O2", "-s", "-o", str(temporary), str(versions.PAUSE_SOURCE)]
        with self.progress.step("build pause"):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise BuildFailed(f"gcc failed for pause.c:\n{done.stderr}")
            temporary.rename(self.programs / "pause")


def drop_old(programs: Path, in_use: set[str]) -> None:
    """Removes programs of other versions that no cluster runs, but for the latest of them."""
    others = [p for p in programs.parent.iterdir() if p != programs and p.name not in in_use]
    for folder in sorted(others, key=lambda p: p.stat().st_mtime)[:-1]:
        shutil.rmtree(folder, ignore_errors=True)


def drop_lean_cache(lean_cache: Path) -> None:
    """Removes the tool's own Go caches; module folders are read-only, so they are opened first."""
    for folder, names, _ in os.walk(lean_cache):
        for name in names:
            (Path(folder) / name).chmod(0o755)
    shutil.rmtree(lean_cache, ignore_errors=True)


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
