"""Options of `vmoperator run`: what they and their variables set, and how bad ones are told."""

from __future__ import annotations

import argparse

import pytest

from vmoperator.apply.options import (
    namespaces,
    read_variables,
    settings,
    take_environment,
    variable_of,
)
from vmoperator.base.environment import variables
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.settings import Settings
from vmoperator.watch.process import add_arguments


def options(*argv: str, **environ: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    take_environment(parser, environ)
    return parser.parse_args(argv)


def chosen(*argv: str, **environ: str) -> Settings:
    return settings(options(*argv), environ, Settings())


@pytest.mark.parametrize(
    ("option", "text", "variable"),
    [
        ("--image-registry", "example.com", "VM_CONTAINERREGISTRY=example.com"),
        ("--default-version", "v1.2.3", "VM_METRICS_VERSION=v1.2.3"),
        ("--cluster-domain", "cluster.local", "VM_CLUSTERDOMAINNAME=cluster.local"),
        ("--common-labels", "a=b", "VM_COMMON_LABELS=a=b"),
        ("--common-annotations", "a=b", "VM_COMMON_ANNOTATIONS=a=b"),
        ("--resync-seconds", "600", "VM_FORCERESYNCINTERVAL=10m"),
        ("--set", "VM_VMAGENTDEFAULT_PORT=1", "VM_VMAGENTDEFAULT_PORT=1"),
    ],
)
def test_an_option_means_what_its_variable_means_and_wins(
    option: str, text: str, variable: str
) -> None:
    name, _, value = variable.partition("=")
    found = chosen(option, text)
    assert found == chosen(**{name: value}) != Settings()
    assert chosen(option, text, **{name: "nonsense !"}) == found


def test_an_empty_option_takes_the_variable_back() -> None:
    assert chosen("--image-registry", "", VM_CONTAINERREGISTRY="example.com") == Settings()
    assert chosen("--resync-seconds", "0", VM_FORCERESYNCINTERVAL="10m") == Settings()


def test_an_option_of_the_process_can_be_a_variable_over_which_the_option_wins() -> None:
    assert options(VM_WORKERS="3").workers == 3
    assert options("--workers", "4", VM_WORKERS="3").workers == 4
    assert options("--workers", "4", VM_WORKERS="none").workers == 4
    assert options(VM_LOG_LEVEL="debug", VM_LOG_FORMAT="json").log_level == "debug"
    assert options(VM_LEASE="a/b").lease.name == "b"
    assert options(VM_CONFINED="true").confined is True
    assert options(VM_CONFINED="false").confined is False
    assert options(VM_WORKERS="").workers == 8


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--workers", "0"), "--workers: 0: must be a number above 0"),
        (("--workers", "-1"), "--workers: -1: must be a number above 0"),
        (("--workers", "many"), "--workers: many: must be a number above 0"),
        (("--resync-seconds", "5"), "--resync-seconds: 5s: must be 0 or at least 10s"),
        (("--resync-seconds", "-1"), "--resync-seconds: -1: must be a number of seconds"),
        (("--resync-seconds", "1m"), "--resync-seconds: 1m: must be a number of seconds"),
        (("--lease-seconds", "0"), "--lease-seconds: 0: must be a number above 0"),
        (("--lease-seconds", "900"), "--lease-seconds: 900: must be 3 to"),
        (("--lease", "demo"), "--lease: demo: must be NAMESPACE/NAME"),
        (("--log-level", "loud"), "--log-level: invalid choice: 'loud'"),
        (("--log-format", "xml"), "--log-format: invalid choice: 'xml'"),
        (("--http-address", "8080"), "--http-address: "),
        (("--namespace", "A_b"), "A_b: must be the name of a namespace"),
        (("--image-registry", "https://a"), "--image-registry: https://a: must be a registry"),
        (("--default-version", "a b"), "--default-version: a b: must be a tag"),
        (("--cluster-domain", "a b"), "--cluster-domain: a b: must be a DNS domain"),
        (("--common-labels", "team"), "--common-labels: team: must be a list of KEY=VALUE"),
        (("--common-labels", "managed-by=a"), "managed-by is the operator's own"),
        (("--common-annotations", "a b=c"), "--common-annotations: a b=c: a b must be a key"),
        (("--set", "VM_ENABLETCP6"), "--set: VM_ENABLETCP6: must be NAME=VALUE"),
        (("--set", "VM_NOTHING=1"), "--set: VM_NOTHING is no variable that acts"),
        (("--set", "VM_ENABLETCP6=maybe"), "--set: VM_ENABLETCP6=maybe: must be true or false"),
    ],
    ids=str,
)
def test_a_bad_option_is_told_by_its_name_and_what_it_has_to_be(
    argv: tuple[str, ...], words: str
) -> None:
    with pytest.raises(argparse.ArgumentError) as refused:
        options(*argv)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("VM_WORKERS", "0", "must be a number above 0"),
        ("VM_WORKERS", "many", "must be a number above 0"),
        ("VM_LOG_LEVEL", "loud", "must be one of debug, info, warning, error"),
        ("VM_LOG_FORMAT", "xml", "must be one of text, json"),
        ("VM_CONFINED", "maybe", "must be true or false"),
        ("VM_LEASE", "demo", "must be NAMESPACE/NAME"),
        ("VM_LEASE_SECONDS", "1", "must be 3 to"),
    ],
)
def test_a_bad_variable_of_an_option_is_told_by_its_name(name: str, text: str, words: str) -> None:
    with pytest.raises(argparse.ArgumentError) as refused:
        options(**{name: text})
    assert f"{name}={text}: " in str(refused.value)
    assert words in str(refused.value)


def test_no_two_settings_are_read_from_one_variable() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    found = [*read_variables(parser), *(it.name for it in variables())]
    assert len(found) == len(set(found))
    named = {variable_of(action) for action in parser._actions}  # noqa: SLF001  # no other way
    assert {"VM_WORKERS", "VM_LOG_LEVEL", "WATCH_NAMESPACE", "VM_FORCERESYNCINTERVAL"} <= named


@pytest.mark.parametrize("name", ["WATCH_NAMESPACE", "WATCH_NAMESPACES"])
@pytest.mark.parametrize("text", ["a,b", " a, b,a", "a b"])
def test_namespaces_are_listed_in_either_variable(name: str, text: str) -> None:
    assert namespaces(options(), {name: text}) == ("a", "b")
    assert namespaces(options("-n", "c"), {name: text}) == ("c",)


def test_all_namespaces_are_looked_after_where_none_is_named() -> None:
    assert namespaces(options(), {"WATCH_NAMESPACE": "", "WATCH_NAMESPACES": " , "}) == ()


def test_lists_of_namespaces_that_differ_and_bad_names_are_refused() -> None:
    with pytest.raises(SettingsInvalid, match="WATCH_NAMESPACE=a and WATCH_NAMESPACES=b differ"):
        namespaces(options(), {"WATCH_NAMESPACE": "a", "WATCH_NAMESPACES": "b"})
    assert namespaces(options(), {"WATCH_NAMESPACE": "a,b", "WATCH_NAMESPACES": "b,a"}) == (
        "a",
        "b",
    )
    with pytest.raises(SettingsInvalid, match="WATCH_NAMESPACE=a,B_c: B_c must be the name"):
        namespaces(options(), {"WATCH_NAMESPACE": "a,B_c"})
