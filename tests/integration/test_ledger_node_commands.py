"""`python -m ledger_node`: follow, serve, rebuild, check, deploy; what it refuses, and in which words."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, inspect, text

from carbonledger import witness_wire
from carbonledger.errors import CarbonLedgerError, Malformed, Refused
from carbonledger.identifiers import credit_code_check_character, member_id, object_id
from carbonledger.keys import PrivateKey
from carbonledger.note import COSIGNATURE, ED25519, VerifierKey
from carbonledger.policy import Policy
from ledger_node import __main__ as cli
from ledger_node import config
from ledger_node.chain.errors import Unreachable, WrongChain
from ledger_node.chain.interface import Chain
from ledger_node.chain.open import open_chain
from ledger_node.commands import founders, keyfile
from ledger_node.commands.follow import Follower
from ledger_node.commands.fsck import fsck
from ledger_node.contract_names import NAMES
from ledger_node.db import schema
from ledger_node.db.engine import open_database
from ledger_node.db.failures import DatabaseFailed
from ledger_node.db.view import View
from tests.integration.chain_kit import ganache, need_anvil
from tests.integration.ledger_kit import TIME, Ledger, address, called, called_apart, started, told, write_config
from tests.support import databases
from tests.support.ports import free_port

DIRECTORY = "11" * 20


def quiet(_: str) -> None:
    return


class Lines:
    """Keeps what was told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **values: object) -> None:
        self.events.append(event)

    warning = info


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A home with a chain on which one member was admitted; the Directory's address."""
    home = tmp_path_factory.mktemp("grown")
    with Ledger(home / "chain") as ledger:
        ledger.admit("works")
        return home, ledger.deployment.directory


@pytest.fixture
def home(grown: tuple[Path, bytes], tmp_path: Path) -> Path:
    """A copy of the grown home with a configuration."""
    shutil.copytree(grown[0] / "chain", tmp_path / "chain")
    write_config(tmp_path, grown[1], "[http]\nport = 0\n")
    return tmp_path


@pytest.fixture
def followed(home: Path) -> Path:
    """The same, with its view."""
    assert cli.main(["reindex", "--config", str(home / "ledger_node.toml")]) == 0
    return home


def spoil(home: Path, statement: str) -> None:
    with opened(home) as connection:
        assert connection.execute(text(statement)).rowcount > 0


@contextmanager
def opened(home: Path) -> Iterator[Connection]:
    """A transaction on the home's database."""
    engine = open_database(databases.empty(home / "ledger.db"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


# --- run


def test_a_running_node_follows_serves_its_witness_and_stops_cleanly_when_told(
    home: Path, grown: tuple[Path, bytes]
) -> None:
    note_key, log_key = (PrivateKey.from_seed("ed25519", object_id(name)) for name in ("witness note", "log"))
    chain_key = PrivateKey.from_seed("es256k", object_id("witness chain"))
    word = b"a passphrase"
    for name, data in (
        ("word", word + b"\n"),
        ("note.pem", note_key.to_pem(word)),
        ("chain.json", chain_key.to_keystore(word, 1 << 12)),
    ):
        (home / name).write_bytes(data)
        (home / name).chmod(0o600)
    vkey = VerifierKey("plant.example/log", ED25519, log_key.public).format()
    more = (
        '[http]\nport = 0\n[witness]\nname = "w.example/1"\nnote_key = "note.pem"\nchain_key = "chain.json"\n'
        f'passphrase_file = "word"\n[[witness.log]]\norigin = "plant.example/log"\nkeys = ["{vkey}"]\n'
    )
    path = write_config(home, grown[1], more)
    process = started("run", "--config", path)
    try:
        url = told(process, "started")["url"]
        assert told(process, "followed")["taken_back"] == 0
        assert told(process, "head is old")["head_age_s"] > 60
        health = httpx2.get(f"{url}/healthz", trust_env=False)
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert set(health.json()["alarms"]) == {"head_age"}
        assert health.json()["at"] == health.json()["head"] > 0
        assert "ledger_chain_head_age_seconds" in httpx2.get(f"{url}/metrics", trust_env=False).text
        named = httpx2.get(f"{url}/", trust_env=False).text.splitlines()
        assert VerifierKey("w.example/1", COSIGNATURE, note_key.public).format() in named
        answer = httpx2.post(f"{url}/add-checkpoint", content=b"nonsense", trust_env=False)
        assert answer.status_code == 400
        assert witness_wire.SIZE_CONTENT_TYPE not in answer.headers["content-type"]
        process.send_signal(signal.SIGTERM)
        assert told(process, "stopped")["at"] == health.json()["at"]
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()
    with Ledger(home / "chain") as ledger, closing(View(databases.empty(home / "ledger.db"))) as view:
        assert fsck(view, ledger.chain, ledger.deployment.directory, quiet).clean


def test_a_node_that_finds_no_chain_goes_on_asking_until_it_is_told_to_stop(tmp_path: Path) -> None:
    path = write_config(tmp_path, bytes(20), "[http]\nport = 0\n", poll_interval_s=0.1)
    path.write_text(path.read_text().replace("embedded:", f"http://127.0.0.1:{free_port()}"))
    process = started("run", "--config", path)
    try:
        waits = [told(process, "cannot reach the chain")["next_in_s"] for _ in range(2)]
        assert waits == [0.2, 0.4]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()


class Faulty:
    """A chain that does not answer as often as it is told."""

    def __init__(self, chain: Chain, failures: int) -> None:
        self.chain = chain
        self.failures = failures

    def __getattr__(self, name: str) -> object:
        return getattr(self.chain, name)

    def head(self) -> object:
        if self.failures:
            self.failures -= 1
            raise Unreachable("no node answers")
        return self.chain.head()


def test_an_unreachable_chain_is_asked_ever_less_often_and_followed_again_when_it_answers(tmp_path: Path) -> None:
    lines = Lines()
    with Ledger(tmp_path / "chain") as ledger, closing(View(databases.empty(tmp_path / "ledger.db"))) as view:
        view.migrate()
        follower = Follower(
            Faulty(ledger.chain, 3),  # type: ignore[arg-type]
            view,
            ledger.deployment.directory,
            clock=lambda: TIME + 1000,
            poll_interval_s=1,
            head_age_alarm_s=60,
            journal=lines,
        )
        assert [follower.step() for _ in range(3)] == [2.0, 4.0, 8.0]
        assert follower.standing.failures == 3
        assert "no node answers" in follower.standing.alarms["follow"]
        assert follower.step() == 1.0
        assert follower.standing.at == ledger.chain.head().number
        assert set(follower.standing.alarms) == {"head_age"}
    assert lines.events.count("cannot follow") == 3
    assert lines.events[-3:] == ["following again", "followed", "head is old"]


def test_a_database_of_another_chain_is_not_overwritten(
    followed: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    chain = open_chain("embedded:4711", other, lambda: TIME)
    with closing(View(databases.empty(followed / "ledger.db"))) as view, closing(chain):
        follower = Follower(
            chain, view, bytes(20), clock=lambda: TIME, poll_interval_s=1, head_age_alarm_s=60, journal=Lines()
        )
        with pytest.raises(WrongChain, match="view of another chain"):
            follower.step()
        assert view.height()


# --- migrate, reindex, fsck


def test_migrate_brings_a_new_database_to_the_newest_schema_and_says_so(home: Path) -> None:
    path = home / "ledger_node.toml"
    done = called_apart("migrate", "--config", path)
    assert (done.returncode, done.stderr) == (0, "the schema is the newest\n")
    assert called("migrate", "--config", path).returncode == 0
    with opened(home) as connection:
        assert {"block", "event", "record", "artefact", "access"} <= set(inspect(connection).get_table_names())


@pytest.mark.postgresql
def test_a_rebuilt_view_is_clean_and_what_is_not_rebuilt_stays(
    followed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(followed) as connection:
        connection.execute(insert(schema.access).values(at=1, reader="a", owner="b", what="c", basis="grant"))
    done = called("reindex", "--config", followed / "ledger_node.toml")
    assert done.returncode == 0
    assert "rebuilt to block" in done.stderr
    with opened(followed) as connection:
        assert connection.execute(text("SELECT count(*) FROM access")).scalar() == 1
    done = called("fsck", "--config", followed / "ledger_node.toml")
    assert (done.returncode, done.stdout[:13]) == (0, "clean: block "), done.stderr


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE record SET year = 2024 WHERE kind = 'member'", "column year"),
        ("DELETE FROM event WHERE name = 'MemberAdmitted'", "table event: the database lacks the row"),
        ("INSERT INTO record (block_number, log_index, kind, record_key, id, fields, member, year, latest)"
         " SELECT block_number, 99, kind, record_key, id, fields, member, year, 0 FROM record"
         " WHERE kind = 'governance'", "the chain does not have the row"),
        ("UPDATE block SET timestamp = timestamp + 1 WHERE number = 3", "column timestamp"),
        ("UPDATE record SET latest = 0 WHERE kind = 'key'", "column latest"),
    ],
)  # fmt: skip
def test_fsck_names_the_first_row_that_differs(
    followed: Path, statement: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(followed, statement)
    assert cli.main(["fsck", "--config", str(followed / "ledger_node.toml")]) == 1
    assert words in capsys.readouterr().out


def test_fsck_compares_a_view_that_lags_behind_at_its_own_height(followed: Path) -> None:
    with Ledger(followed / "chain") as ledger:
        ledger.admit("second works")
    assert cli.main(["fsck", "--config", str(followed / "ledger_node.toml")]) == 0


def test_fsck_asks_the_contract_for_each_latest_record(followed: Path) -> None:
    # the indexer's events and the contract's storage are two witnesses: here the storage is made to differ
    with Ledger(followed / "chain") as ledger, closing(View(databases.empty(followed / "ledger.db"))) as view:

        class OtherStorage(Faulty):
            def call(self, to: bytes, data: bytes, block: int | None = None) -> bytes:
                found = self.chain.call(to, data, block)
                return bytes(32) if data[:4] == bytes.fromhex("d1c60a3a") else found

        found = fsck(view, OtherStorage(ledger.chain, 0), ledger.deployment.directory, quiet)  # type: ignore[arg-type]
    assert found.difference is not None
    assert "holds none, the database" in found.difference


def test_fsck_finds_a_directory_that_is_none_and_an_empty_database(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "ledger_node.toml"
    assert cli.main(["migrate", "--config", str(path)]) == 0
    assert cli.main(["fsck", "--config", str(path)]) == 1
    assert "the database has no block" in capsys.readouterr().out
    assert cli.main(["reindex", "--config", str(path)]) == 0
    write_config(home, bytes.fromhex(DIRECTORY))
    assert cli.main(["fsck", "--config", str(path)]) == 1
    assert "no code" in capsys.readouterr().out


def test_a_directory_that_is_none_gives_up_no_view_and_is_not_followed(
    followed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = followed / "ledger_node.toml"
    right = path.read_text()
    write_config(followed, bytes.fromhex(DIRECTORY))
    assert cli.main(["reindex", "--config", str(path)]) == 2
    assert f"expected a contract at 0x{DIRECTORY}; found no code" in capsys.readouterr().err
    settings = config.load(path)
    chain = open_chain(settings.chain.url, Path(settings.chain.home), lambda: TIME)
    with closing(chain), closing(View(f"sqlite:///{followed / 'new.db'}")) as view:
        view.migrate()
        journal = Lines()
        follower = Follower(
            chain,
            view,
            settings.chain.address,
            clock=lambda: TIME,
            poll_interval_s=1,
            head_age_alarm_s=9,
            journal=journal,
        )
        follower.step()
        assert journal.events == ["cannot follow"]
        assert view.height() is None
    path.write_text(right)
    assert cli.main(["fsck", "--config", str(path)]) == 0  # what was there still is


def test_a_database_without_tables_says_what_to_do(home: Path) -> None:
    done = called("fsck", "--config", home / "ledger_node.toml")
    assert done.returncode == 2
    assert "python -m ledger_node migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_database_is_an_error_of_ours() -> None:
    with closing(View("sqlite:////nowhere/at/all/ledger.db")) as view, pytest.raises(DatabaseFailed, match="failed"):
        view.height()
    with pytest.raises(Malformed, match="database URL") as caught:
        View("nosuch+driver://node:secret@x/ledger")
    assert "nosuch+driver" in str(caught.value) and "secret" not in str(caught.value)


# --- deploy


def code(body: str) -> str:
    return body + credit_code_check_character(body)


FIRST, SECOND = code("11130000000000001"), code("11130100000000002")


def write_founders(folder: Path, threshold: int = 2) -> Path:
    path = folder / "founders.toml"
    path.write_text(
        f'threshold = {threshold}\n[[founder]]\ncredit_code = "{FIRST}"\nprovince = "CN-HE"\n'
        f'key = "{address(object_id("first")).hex()}"\n[[founder]]\nmember = "{member_id(SECOND).hex()}"\n'
        f'province = "CN-HE"\nkey = "{address(object_id("second")).hex()}"\n'
    )
    return path


def write_key(folder: Path) -> Path:
    path = folder / "deployer.key"
    path.write_text(object_id("deployer").hex() + "\n")
    path.chmod(0o600)
    return path


def test_a_deployed_set_is_told_as_a_policy_and_checked_against_the_artifacts(tmp_path: Path) -> None:
    asked = ("deploy", "--chain", "embedded:", "--home", tmp_path / "home")
    how = ("--founders", write_founders(tmp_path), "--key", write_key(tmp_path))
    done = called(*asked, *how)
    assert done.returncode == 0, done.stderr
    policy = Policy.parse(done.stdout.encode())
    assert policy.chain is not None
    assert f"# Directory            {policy.chain.directory.hex()}" in done.stdout
    assert (policy.chain.engine, policy.chain.id) == ("embedded", 9732)
    again = called_apart(*asked, *how)
    assert (again.returncode, again.stdout) == (0, done.stdout)
    checked = called(*asked, "--check", policy.chain.directory.hex())
    assert (checked.returncode, checked.stdout) == (0, done.stdout)
    other = called(*asked, "--check", DIRECTORY)
    assert (other.returncode, other.stdout) == (
        1,
        f"the Directory; expected a contract at 0x{DIRECTORY}; found no code\n",
    )
    write_founders(tmp_path, threshold=1)
    refused = called(*asked, *how)
    assert refused.returncode == 2
    assert "deploy/MemberRegistry" in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["anvil", "ganache"])
def test_a_set_is_deployed_followed_and_checked_on_other_engines(tmp_path: Path, engine: str) -> None:
    with ExitStack() as stack:
        if engine == "anvil":
            need_anvil()
            url = "anvil:"
        else:
            url = stack.enter_context(ganache())
        done = called(
            *("deploy", "--chain", url, "--home", tmp_path, "--confirmations", 0),
            *("--founders", write_founders(tmp_path), "--key", write_key(tmp_path)),
        )
        assert done.returncode == 0, done.stderr
        policy = Policy.parse(done.stdout.encode())
        assert policy.chain is not None
        assert policy.chain.engine == ("anvil" if engine == "anvil" else "unsealed")
        path = write_config(tmp_path, policy.chain.directory)
        path.write_text(path.read_text().replace("embedded:", url))
        assert called("reindex", "--config", path).returncode == 0
        done = called("fsck", "--config", path)
        assert done.returncode == 0, done.stderr
        # the contracts, the quorum's rule, two members, two keys
        assert done.stdout.endswith(f", {len(NAMES) + 5} records\n")


def test_a_keystore_opens_with_its_passphrase(tmp_path: Path) -> None:
    key = PrivateKey.from_seed("es256k", object_id("deployer"))
    for name, data in (("key.json", key.to_keystore(b"word", 1 << 12)), ("word", b"word\n")):
        (tmp_path / name).write_bytes(data)
        (tmp_path / name).chmod(0o600)
    assert keyfile.read_chain_key(tmp_path / "key.json", tmp_path / "word") == key
    assert keyfile.read_chain_key(write_key(tmp_path), None) == key
    with pytest.raises(Malformed, match="passphrase"):
        keyfile.read_chain_key(tmp_path / "key.json", None)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = write_key(tmp_path)
    path.chmod(0o644)
    with pytest.raises(Refused, match="mode 644"):
        keyfile.read_chain_key(path, None)
    path.chmod(0o600)
    path.write_text("1234")
    with pytest.raises(Malformed, match="64 hex digits"):
        keyfile.read_chain_key(path, None)
    with pytest.raises(Malformed, match="cannot be read"):
        keyfile.read_chain_key(tmp_path / "nothing", None)


def founder(**changed: str | None) -> str:
    fields = {"member": "11" * 32, "province": "CN", "key": DIRECTORY, **changed}
    lines = [f'{name} = "{value}"\n' for name, value in fields.items() if value is not None]
    return "[[founder]]\n" + "".join(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("threshold = 1", "'founder'"),
        ("threshold = 1\nfounder = 1", "'founder'"),
        ("threshold = 1\nother = 1", "found 'other'"),
        ("not toml", "not TOML"),
        (f'threshold = 2\n{founder()}', "'threshold'"),
        (f'threshold = 1\n{founder(province="")}', "founder[0].province"),
        (f'threshold = 1\n{founder(key="00" * 20)}', "founder[0].key"),
        (f'threshold = 1\n{founder(member="11")}', "founder[0].member"),
        (f'threshold = 1\n{founder(credit_code=FIRST)}', "both"),
        (f'threshold = 1\n{founder(member=None, credit_code=FIRST[:-1])}', "credit_code"),
        (f'threshold = 1\n{founder(member=None)}', "neither"),
        (f'threshold = 1\n{founder(extra="1")}', "extra"),
        (f'threshold = 1\n{founder()}{founder()}', "founder.member"),
    ],
)  # fmt: skip
def test_a_bad_founders_file_says_which_key(text: str, words: str) -> None:
    with pytest.raises(Malformed) as found:
        founders.parse(text)
    assert words in str(found.value)


# --- configuration

WITNESS = '[witness]\nname = "w"\nnote_key = "n"\npassphrase_file = "p"\n[[witness.log]]\norigin = "o"\n'
GOOD = f'[chain]\nurl = "embedded:"\ndirectory = "{DIRECTORY}"\n'


def test_paths_of_a_configuration_are_relative_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "ledger_node.toml").write_text(GOOD)
    settings = config.load(tmp_path / "ledger_node.toml")
    assert settings.chain.home == str(tmp_path / "chain")
    assert settings.database == f"sqlite:///{tmp_path}/ledger.db"
    absolute = config.parse('database = "sqlite:////srv/ledger.db"\n' + GOOD)
    assert config.located(absolute, tmp_path).database == "sqlite:////srv/ledger.db"
    network = config.parse('database = "postgresql+psycopg://ledger@db/ledger"\n' + GOOD)
    assert config.located(network, tmp_path).database == network.database


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "chain"),
        (GOOD + "other = 1", "other"),
        ("poll_interval_s = 0\n" + GOOD, "poll_interval_s"),
        ('poll_interval_s = "1"\n' + GOOD, "poll_interval_s"),
        ("poll_interval_s = nan\n" + GOOD, "poll_interval_s"),
        ('database = "ledger.db"\n' + GOOD, "database"),
        (GOOD.replace("embedded:", "ftp://x"), "chain.url"),
        (GOOD.replace(DIRECTORY, "0x" + DIRECTORY), "chain.directory"),
        (GOOD + "[http]\nport = 65536", "http.port"),
        (GOOD + '[witness]\nname = "w"\npassphrase_file = "p"', "note_key"),
        (GOOD + WITNESS + "keys = []", "witness.log[0].keys"),
        (GOOD + WITNESS + 'keys = ["x"]', "witness.log[0].keys"),
    ],
)  # fmt: skip
def test_a_bad_configuration_names_the_key(text: str, key: str) -> None:
    with pytest.raises(Malformed) as found:
        config.parse(text)
    assert key in str(found.value), found.value


@given(st.text(max_size=200))
def test_hostile_configuration_is_refused_in_our_words(text: str) -> None:
    for parse in (config.parse, founders.parse):
        try:
            parse(text)
        except CarbonLedgerError:
            continue
        raise AssertionError("nothing of the kind is a configuration")


def test_misuse_ends_with_two_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    for asked in (
        ("run", "--config", tmp_path / "none.toml"),
        ("fsck", "--config", tmp_path / "binary.toml"),
        ("deploy", "--chain", "embedded:", "--home", tmp_path / "h"),
        ("deploy", "--chain", "embedded:", "--home", tmp_path / "h", "--check", "0x12"),
        ("deploy", "--chain", "gopher:", "--home", tmp_path / "h", "--check", DIRECTORY),
    ):
        done = called(*asked)
        assert done.returncode == 2
        assert done.stderr.startswith("ledger_node: ")
        assert done.stderr.count("\n") == 1
    assert called().returncode == 2
    assert called_apart(*asked) == done


def test_an_assessment_is_asked_for_without_keys_and_its_state_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ["--config", str(write_config(tmp_path, bytes.fromhex(DIRECTORY)))]
    asked = ["assess", *file, "--quarter", "2025Q3", "--as-of", "2025-11-05", "--scheme", "gcg-1"]
    for _ in range(2):  # one is enough while it is open
        assert cli.main([*asked, "--queue"]) == 0
        assert capsys.readouterr().out == "assess-quarter/2025Q3/1\n"
    assert cli.main(["assessments", *file]) == 0
    assert capsys.readouterr().out.split() == ["assess-quarter/2025Q3/1", "waiting", "-", "-", "-"]
    assert cli.main(["assessments", *file, "--quarter", "2025Q2"]) == 0
    assert capsys.readouterr().out == ""
    assert cli.main(asked) == 2
    assert "or --queue" in capsys.readouterr().err
    assert cli.main([*asked, "--queue", "--given", "x.json"]) == 2
    assert "assessment-inputs" in capsys.readouterr().err
    assert cli.main(["assess", *file, "--quarter", "2025Q5", "--as-of", "2025-11-05", "--queue"]) == 2
