"""The stand-in takes the flags of the real program, and no others."""

import pytest
from tests.unit.standin.process import Standins

# With -version the program ends right after it has read its flags.
CHECKED = "-version"


def outcome(standins: Standins, role: str, *flags: str, **environment: str) -> tuple[int, str]:
    one = standins.start(role, *flags, CHECKED, **environment)
    return one.exit_code(), one.log


@pytest.mark.parametrize(
    ("role", "flags"),
    [
        pytest.param("vmstorage", ["-retentionPeriod=4"], id="one dash"),
        pytest.param("vmstorage", ["--retentionPeriod=4"], id="two dashes"),
        pytest.param("vmstorage", ["-retentionPeriod", "4"], id="a value of its own"),
        pytest.param("vmstorage", ["-retentionPeriod=1y"], id="years"),
        pytest.param("vmstorage", ["-retentionPeriod=1.5M"], id="months"),
        pytest.param("vmstorage", ["-retentionPeriod=30d12h"], id="days and hours"),
        pytest.param("vmstorage", ["-denyQueriesOutsideRetention"], id="a bare bool"),
        pytest.param("vmstorage", ["-denyQueriesOutsideRetention=false"], id="a bool"),
        pytest.param("vmstorage", ["-storage.minFreeDiskSpaceBytes=1.5GiB"], id="a size"),
        pytest.param("vmstorage", ["-memory.allowedBytes=500mb"], id="a size in small letters"),
        pytest.param("vmstorage", ["-dedup.minScrapeInterval=1ms"], id="a duration"),
        pytest.param("vmstorage", ["-memory.allowedPercent=60.5"], id="a float"),
        pytest.param("vmstorage", ["-tls", "-tlsCertFile=a,b"], id="a bare bool of an array"),
        pytest.param("vmstorage", ["-pushmetrics.header='a: b,c'"], id="quotes in an array"),
        pytest.param("vminsert", ["-storageNode=a,b", "-storageNode=c"], id="an array"),
        pytest.param("vminsert", ["-replicationFactor=2"], id="a number"),
        pytest.param("vmselect", ["-replicationFactor=2"], id="a number for all groups"),
        pytest.param("vmselect", ["-replicationFactor=g1:2,g2:3"], id="a number per group"),
    ],
)
def test_a_flag_of_the_real_program_is_taken(
    standins: Standins, role: str, flags: list[str]
) -> None:
    code, log = outcome(standins, role, *flags)
    assert code == 0, log


@pytest.mark.parametrize(
    ("role", "flag", "message"),
    [
        pytest.param("vminsert", "-retentionPeriod=4", "not defined: -retentionPeriod", id="other"),
        pytest.param("vmstorage", "-storagenode=a", "not defined: -storagenode", id="misspelt"),
        pytest.param("vmstorage", "-retentionPeriod=4x", '"4x" for flag -retentionPeriod', id="4x"),
        pytest.param("vmstorage", "-retentionPeriod=5m", "flag -retentionPeriod", id="minutes"),
        pytest.param("vmstorage", "-retentionPeriod=-1", "between 0 and 100 years", id="negative"),
        pytest.param("vmstorage", "-enableTCP6=x", 'value "x" for -enableTCP6', id="bool"),
        pytest.param("vmstorage", "-tls=x", 'value "x" for -tls', id="bool in an array"),
        pytest.param("vmstorage", "-precisionBits=many", "flag -precisionBits", id="int"),
        pytest.param("vmstorage", "-precisionBits=1.5", "flag -precisionBits", id="float for int"),
        pytest.param("vmstorage", "-memory.allowedBytes=1Mi", "flag -memory.allowedB", id="size"),
        pytest.param("vmstorage", "-memory.allowedPercent=x", "flag -memory.allowedP", id="float"),
        pytest.param("vmstorage", "-dedup.minScrapeInterval=30", "flag -dedup.min", id="duration"),
        pytest.param("vmselect", "-replicationFactor=g1:x", "flag -replicationFactor", id="group"),
        pytest.param("vminsert", "-replicationFactor=g1:2", "flag -replicationFactor", id="no int"),
        pytest.param("vmstorage", "true", 'belong to no flag: ["true"', id="a word alone"),
    ],
)
def test_a_bad_flag_ends_the_program_and_is_named(
    standins: Standins, role: str, flag: str, message: str
) -> None:
    code, log = outcome(standins, role, flag)
    assert (code, message in log) == (2, True), log


def test_with_envflag_enable_flags_are_read_from_the_environment(standins: Standins) -> None:
    bad = {"VM_dedup_minScrapeInterval": "30"}
    assert outcome(standins, "vmstorage", **bad)[0] == 0
    code, log = outcome(standins, "vmstorage", "-envflag.enable", "-envflag.prefix=VM_", **bad)
    assert code == 2
    assert "flag -dedup.minScrapeInterval from the environment variable VM_dedup_min" in log


def test_the_command_line_comes_before_the_environment(standins: Standins) -> None:
    flags = ("-envflag.enable", "-dedup.minScrapeInterval=1s")
    assert outcome(standins, "vmstorage", *flags, dedup_minScrapeInterval="30")[0] == 0


def test_a_placeholder_takes_its_value_from_the_environment(standins: Standins) -> None:
    flag = "-dedup.minScrapeInterval=%{MINE}s"
    assert outcome(standins, "vmstorage", flag, MINE="3")[0] == 0
    assert outcome(standins, "vmstorage", flag, MINE="x")[0] == 2
    assert outcome(standins, "vmstorage", flag)[0] == 2
    assert outcome(standins, "vmstorage", "-pushmetrics.url=http://%{MINE}/")[0] == 0


def test_started_by_another_name_it_says_which_names_it_takes(standins: Standins) -> None:
    (standins.folder / "vmagent-prod").symlink_to(standins.folder / "vminsert-prod")
    one = standins.start("vmagent")
    assert one.exit_code() == 2
    assert "start it by the name vminsert, vmselect or vmstorage" in one.log
