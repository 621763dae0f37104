"""The command line of the benchmark: one case a call, one JSON line a case."""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from bench.api import Api
from bench.cases import CASES
from bench.counts import requests, since
from bench.process import Usage, usage
from bench.run import Run

_CASES = """\
cases:
  cluster   the HA document's VMCluster: seconds from apply to each status, until operational
  plain     the same children applied at once by nobody but this program: what Kubernetes alone
            takes until all pods are ready (needs the operator to be away)
  scrapes   --n VMServiceScrapes, then a VMAgent: seconds until its configuration holds all of
            them, and from a changed object to the changed configuration
  storm     every object of the case scrapes (with the same --n) changes once
  loaded    after the case scrapes with --replicas: seconds from a changed object to the last pod
            that is told of it, and, by the operator's --log, to the last that runs it
  idle      API writes and CPU over --seconds without any change
  clean     delete what the other cases made

Requests are those of all clients, by verb and resource, but for leases, nodes and the kubelet's;
an audit log tells whose they were. CPU seconds are those of the whole case.
"""


def main(args: Sequence[str]) -> int:
    """0; the figures are on stdout as one JSON line."""
    options = parser().parse_args(args)
    if not options.kubeconfig:
        parser().error("--kubeconfig or $KUBECONFIG is needed")
    print(json.dumps(asyncio.run(_measured(options))))
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(
        prog="bench", epilog=_CASES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("case", choices=sorted(CASES))
    options.add_argument("--kubeconfig", type=Path, default=os.environ.get("KUBECONFIG"))
    options.add_argument(
        "--pid", type=int, default=0, help="the operator's process, for CPU and RSS"
    )
    options.add_argument("--namespace", default="bench")
    options.add_argument("--seconds", type=float, default=60, help="of the case idle (%(default)s)")
    options.add_argument("--n", type=int, default=1000, help="objects (%(default)s)")
    options.add_argument(
        "--replicas", type=int, default=0, help="pods of the case scrapes' agent (%(default)s)"
    )
    options.add_argument("--log", type=Path, help="what the operator logs, for the case loaded")
    options.add_argument("--timeout", type=float, default=300, help="seconds (%(default)s)")
    options.add_argument("--operator", default="vmoperator", help="name to print with the figures")
    return options


async def _measured(options: argparse.Namespace) -> dict[str, object]:
    async with Api(options.kubeconfig) as api:
        await api.create("/api/v1/namespaces", {"metadata": {"name": options.namespace}})
        run = Run(
            api,
            options.namespace,
            options.seconds,
            options.timeout,
            number=options.n,
            replicas=options.replicas,
            log=options.log,
        )
        counted, used, began = await requests(api), usage(options.pid), time.monotonic()
        figures = await CASES[options.case](run)
        counts = since(counted, await requests(api))
        return {
            "operator": options.operator,
            "case": options.case,
            **figures,
            **counts,
            "wall_s": round(time.monotonic() - began, 1),
            **_spent(used, usage(options.pid)),
        }


def _spent(before: Usage | None, after: Usage | None) -> dict[str, float]:
    if before is None or after is None:
        return {}
    return {
        "cpu_s": round(after.cpu_seconds - before.cpu_seconds, 2),
        "rss_mb": after.rss_mb,
        "peak_mb": after.peak_mb,
    }
