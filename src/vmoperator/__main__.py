"""The command line: `vmoperator run`, `plan`, `render` and `crds`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from vmoperator import __version__, commands
from vmoperator.apply.options import add_settings_arguments, settings, take_environment
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.settings import Settings

_RENDER = """\
Prints every object that the operator would keep for the objects in the files, as one YAML stream,
without a cluster. A bad object is named on stderr with the offending field, the others are still
printed, and the exit code is 1. Objects of other kinds are skipped. The output is for reading and
comparing: an object from a file has no uid yet, so applied as it is, its children would be taken
for orphans and collected.

exit code: 0 everything was printed, 1 an object or a file is bad, 2 a bad command line
"""
_EXAMPLES = """\
examples:
  vmoperator render examples/vmcluster.yaml
  kubectl get vmcluster demo -o yaml | vmoperator render - | kubectl diff -f -
"""
_RUN = """\
Watches the cluster and keeps it as the objects say, until SIGTERM.
"""
_RUN_NOTES = """\
Every option that is not about the kubeconfig can be given as a variable of the environment instead:
VM_WORKERS=4 for --workers 4, VM_LOG_LEVEL=debug for --log-level debug; those that name another
variable above are read from that one. Options win over variables. All variables, with those of the
Go operator: docs/settings.md.

exit code: 0 after SIGTERM or SIGINT, 1 when it cannot run as it is set (no kubeconfig, a bad
variable, a port that is taken), 2 for a bad option

examples:
  vmoperator run
  vmoperator run --namespace monitoring --confined
  vmoperator run --resync-seconds 600 --common-labels team=observability
"""
_CRDS = """\
Prints the CustomResourceDefinitions of all kinds, for kubectl apply.

exit code: 0
"""
_CRDS_EXAMPLES = """\
examples:
  vmoperator crds | kubectl apply --server-side -f -
"""
_PLAN = """\
Prints what the operator would do: each child that it would create, change or delete, field by
field, which pods it would restart and why, and what it would refuse. Without files this is about
the objects that the cluster holds, as they stand; with files about these, as if they were applied.

Everything is asked of the API server as a dry run: nothing is written, whether an operator runs or
not. Values of Secrets are not shown. Whoever runs it needs the rights to read and to try what the
operator does. Which rights the operator itself lacks is asked for its service account.

exit code: 0 nothing would change, 1 something would, 2 an error (a bad file, an object that is
refused, a missing right, no answer, a bad command line)
"""
_PLAN_EXAMPLES = """\
examples:
  vmoperator plan
  vmoperator plan -n monitoring
  vmoperator plan examples/vmcluster.yaml
  helm template demo ./chart | vmoperator plan -
  vmoperator plan -o json new.yaml | jq '.parents[].restarts'
  vmoperator plan --service-account monitoring/vmoperator
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose arguments are added when its command is chosen, so that `render` need not
    load what only `run` needs."""

    late: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        late, self.late = self.late, None
        if late is not None:
            late(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """End with one line that says what is wrong; the options are many."""
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code of the command: 0, 1 when something was refused, 2 for a bad command line."""
    options = _parser().parse_args(argv)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="vmoperator", description="Runs VictoriaMetrics on Kubernetes.")
    parser.add_argument("--version", action="version", version=f"vmoperator {__version__}")
    kinds = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    _add_run(
        kinds.add_parser(
            "run",
            help="watch the cluster and keep it as the objects say",
            description=_RUN,
            epilog=_RUN_NOTES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    _add_render(
        kinds.add_parser(
            "render",
            help="print the children of the objects in files, without a cluster",
            description=_RENDER,
            epilog=_EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    _add_plan(
        kinds.add_parser(
            "plan",
            help="print what the operator would do, without doing it",
            description=_PLAN,
            epilog=_PLAN_EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    kinds.add_parser(
        "crds",
        help="print the CustomResourceDefinitions of all kinds",
        description=_CRDS,
        epilog=_CRDS_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).set_defaults(command=lambda _: commands.crds(_streams()))
    return parser


def _add_run(parser: _Parser) -> None:
    def late(chosen: argparse.ArgumentParser) -> None:
        process = import_module("vmoperator.watch.process")
        process.add_arguments(chosen)
        take_environment(chosen, os.environ)
        chosen.set_defaults(command=process.main)

    parser.late = late


def _add_plan(parser: _Parser) -> None:
    def late(chosen: argparse.ArgumentParser) -> None:
        planning = import_module("vmoperator.planning")
        planning.add_arguments(chosen)
        chosen.set_defaults(command=lambda options: planning.main(options, _streams()))

    parser.late = late


def _add_render(parser: argparse.ArgumentParser) -> None:
    add_settings_arguments(parser)
    parser.add_argument("files", nargs="+", metavar="FILE", help="file of objects, - for stdin")
    parser.add_argument(
        "-n",
        "--namespace",
        default="default",
        help="namespace of objects that name none (default: %(default)s)",
    )
    parser.set_defaults(command=_render)


def _render(options: argparse.Namespace) -> int:
    streams = _streams()
    try:
        chosen = settings(options, os.environ, Settings())
    except SettingsInvalid as wrong:
        streams.stderr.write(f"error: {wrong}\n")
        return 1
    return commands.render(
        options.files, namespace=options.namespace, streams=streams, settings=chosen
    )


def _streams() -> commands.Streams:
    return commands.Streams(stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
