"""The commands: what they ask for, what they print, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.unit.interfaces.cli.fake_container import FakeContainer, RecordingError, RunReport
from zombot.domain.errors import InvalidValue
from zombot.interfaces.cli import errors, main, summary, wiring
from zombot.interfaces.cli.errors import CliError

COMMANDS = (
    "run",
    "backtest",
    "status",
    "pause",
    "resume",
    "reduce-only",
    "flatten",
    "kill",
    "import",
    "journal",
)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeContainer:
    """A composition root that builds nothing, in a folder of its own."""
    container = FakeContainer()
    monkeypatch.setattr(wiring, "container", lambda: container)
    monkeypatch.chdir(tmp_path)
    return container


def call(*arguments: str) -> Result:
    """The command line, in this process."""
    return CliRunner().invoke(main.app, list(arguments))


def ends(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[int, str]:
    """Exit code and stderr of the whole entry point."""
    monkeypatch.setattr(sys, "argv", ["zombot", *arguments])
    with pytest.raises(SystemExit) as end:
        main.main()
    code = end.value.code
    assert isinstance(code, int)
    return code, capfd.readouterr().err


def test_help_names_every_command() -> None:
    """A newcomer finds each command and where to start."""
    text = call("--help").output
    for command in COMMANDS:
        assert f"\n  {command} " in text
    assert "zombot run" in text


@pytest.mark.parametrize("command", [*COMMANDS, "import binance-raw", "import bars", "journal show"])
def test_each_command_explains_itself(command: str) -> None:
    """Usage, a sentence and its options."""
    result = call(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"Usage: zombot {command}" in result.output
    assert len(result.output.splitlines()) > 6


def test_run_prints_lines_and_its_report(fake: FakeContainer) -> None:
    """Without a terminal: events, status, figures; the settings carry what the options say."""
    result = call("run", "--pair", "sol-usdt", "--pair", "SOL-USDT", "--for", "2.5", "--seed", "9")
    assert result.exit_code == 0, result.output
    kind, settings, seconds = fake.calls[0]
    assert (kind, settings.pairs, settings.seed, seconds) == ("run", ("SOL-USDT",), 9, 2.5)
    assert "arbitrage 12 opened" in result.output
    assert "mode=enabled" in result.output
    assert "+10.25 = basis +12.50, fees -2.25" in result.output
    assert "20,000.00 → 20,010.25" in result.output


def test_run_in_json_is_objects_to_the_last_line(fake: FakeContainer) -> None:
    """The last object is the report."""
    objects = [json.loads(line) for line in call("run", "--json").stdout.splitlines()]
    assert {one["kind"] for one in objects} == {"event", "snapshot", "report"}
    assert objects[-1]["state_hash"] == "ab12"


def test_run_writes_its_report(fake: FakeContainer, tmp_path: Path) -> None:
    """One JSON file, with the figures."""
    assert call("run", "--report", "out.json").exit_code == 0
    assert json.loads((tmp_path / "out.json").read_bytes())["events"] == 12_345


@pytest.mark.parametrize("where", ["missing/out.json", "."])
def test_a_report_without_a_place_is_refused_before_the_run(
    fake: FakeContainer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Nobody trades for hours to lose the figures at the end."""
    code, words = ends(capfd, monkeypatch, "run", "--report", where)
    assert code == 2
    assert words.startswith("error: ")
    assert fake.calls == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--for", "0"),
        ("run", "--for", "nan"),
        ("run", "--for", "-3"),
        ("run", "--pair", "BTCUSDT"),
        ("run", "--pair", "../x-y"),
        ("run", "--seed", "-1"),
        ("run", "--unknown"),
        ("backtest",),
        ("backtest", "--data", ".", "--speed", "warp"),
        ("import", "binance-raw", "--into", "x"),
        ("journal", "show", "--last", "0"),
        ("fly",),
    ],
)
def test_wrong_usage_ends_with_two(fake: FakeContainer, arguments: Sequence[str]) -> None:
    """Nothing is built, the message says what is wanted."""
    result = call(*arguments)
    assert result.exit_code == 2
    assert "Error" in result.output
    assert fake.calls == []


def test_a_bad_configuration_ends_with_two_and_names_the_key(
    fake: FakeContainer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Key, value and file stand in the message, no traceback."""
    (tmp_path / "bad.toml").write_text('seed = "x"\nnope = 1\n')
    code, words = ends(capfd, monkeypatch, "run", "--config", "bad.toml")
    assert code == 2
    assert words.startswith("error: bad.toml")
    assert "seed" in words
    assert "nope" in words
    code, words = ends(capfd, monkeypatch, "run", "--config", "missing.toml")
    assert code == 2
    assert "missing.toml" in words


def test_a_risk_halt_ends_with_three_after_the_report(
    fake: FakeContainer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The figures are printed and written all the same."""
    fake.halted = True
    code, words = ends(capfd, monkeypatch, "run", "--report", "out.json")
    assert code == 3
    assert "risk halt" in words
    assert json.loads((tmp_path / "out.json").read_bytes())["halted"] is True
    assert ends(capfd, monkeypatch, "backtest", "--data", ".")[0] == 3


def test_backtest_writes_its_report_and_says_where(fake: FakeContainer, tmp_path: Path) -> None:
    """Both files, in a folder that is made."""
    (tmp_path / "data").mkdir()
    result = call("backtest", "--data", "data", "--report", "a/b", "--speed", "step", "--pair", "BTC-USDT")
    assert result.exit_code == 0, result.output
    assert fake.calls[0][2:] == (Path("data"), ("BTC-USDT",), "step")
    for name in ("report.html", "report.json"):
        assert f"wrote a/b/{name}" in result.output
        assert (tmp_path / "a/b" / name).exists()
    assert json.loads(call("backtest", "--data", "data", "--json").stdout)["events"] == 12_345


def test_backtest_failures_have_their_codes(
    fake: FakeContainer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No folder and a wrong pair are usage, a torn recording is a failure."""
    assert ends(capfd, monkeypatch, "backtest", "--data", "none")[0] == 2
    assert ends(capfd, monkeypatch, "backtest", "--data", ".", "--pair", "NONE-USDT") == (
        2,
        "error: pair NONE-USDT: the recording has BTC-USDT\n",
    )
    (tmp_path / "torn").touch()
    assert ends(capfd, monkeypatch, "backtest", "--data", ".") == (1, "error: .: the recording is torn\n")
    (tmp_path / "torn").unlink()
    fake.fails_with = RecordingError("segment 3 ends in the middle")
    assert ends(capfd, monkeypatch, "backtest", "--data", ".") == (1, "error: segment 3 ends in the middle\n")


def test_import_hands_over_files_and_prints_what_came_of_them(fake: FakeContainer, tmp_path: Path) -> None:
    """Formats, options and the summary, for people and for programs."""
    (tmp_path / "a.gz").touch()
    result = call("import", "binance-raw", "a.gz", "--into", "rec")
    assert result.exit_code == 0, result.output
    assert fake.calls[0] == ("binance-raw", (Path("a.gz"),), Path("rec"), {})
    assert "top of book 94,129" in result.output
    assert "-1.27 s" in result.output
    call("import", "bars", "a.gz", "--into", "rec", "--exchange", "bybit")
    assert fake.calls[1][3] == {"exchange": "bybit"}
    assert json.loads(call("import", "bars", "a.gz", "--into", "rec", "--json").stdout)["dropped"] == 0


def test_import_refuses_what_is_not_there(
    fake: FakeContainer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A missing source, a folder as source and a file as target are named before anything is read."""
    (tmp_path / "a.gz").touch()
    for arguments, named in (
        (("none.gz", "--into", "rec"), "none.gz"),
        ((".", "--into", "rec"), "."),
        (("a.gz", "--into", "a.gz"), "a.gz is a file"),
    ):
        code, words = ends(capfd, monkeypatch, "import", "binance-raw", *arguments)
        assert code == 2
        assert words.startswith(f"error: {named}")
    assert fake.calls == []
    fake.fails_with = PermissionError(13, "Permission denied", "rec/part")
    assert ends(capfd, monkeypatch, "import", "binance-raw", "a.gz", "--into", "rec") == (
        1,
        "error: rec/part: Permission denied\n",
    )


def test_operating_a_running_bot(fake: FakeContainer) -> None:
    """Each command reaches the bot with the operator's name and prints the answer."""
    for command in ("pause", "resume", "reduce-only", "flatten", "kill"):
        result = call(command)
        assert result.exit_code == 0, result.output
        assert "paused" in result.output
        assert json.loads(call(command, "--json").stdout) == {"mode": "paused", "was": "enabled"}
    assert [name for name, _ in fake.commands[::2]] == ["pause", "resume", "reduce-only", "flatten", "kill"]


def test_status_prints_the_page_once_without_colours(fake: FakeContainer) -> None:
    """The live view's figures, as text in a pipe; the snapshot itself as JSON."""
    result = call("status")
    assert result.exit_code == 0, result.output
    assert "ENABLED" in result.output
    assert "BTC-USDT" in result.output
    assert "\x1b" not in result.output
    assert max(map(len, result.output.splitlines())) <= 80
    assert json.loads(call("status", "--json").stdout)["bot"] == "demo"


@pytest.mark.parametrize("command", ["status", "pause", "kill"])
def test_without_a_bot_there_is_one_line_and_a_one(
    fake: FakeContainer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The message says where a bot was looked for."""
    fake.bot_runs = False
    assert ends(capfd, monkeypatch, command) == (1, "error: no bot is running at var/zombot.sock\n")


def test_journal_shows_one_entry_per_line(fake: FakeContainer) -> None:
    """Number, time, type, content; control characters and line breaks of others do not come through."""
    lines = call("journal", "show").stdout.splitlines()
    assert len(lines) == 4
    assert lines[0].split()[:3] == ["1", "2026-01-01T00:00:00.000Z", "BotStarted"]
    assert "BUY 0.1001 okx:BTC-USDT at 60,000.1" in lines[1]
    assert "BTC" in lines[2]
    assert "paused" in lines[3]
    assert "line break" in lines[3]
    assert "\x1b" not in lines[3]


def test_journal_show_selects(fake: FakeContainer) -> None:
    """From, to, the newest, one type, as JSON."""
    assert len(call("journal", "show", "--after", "2").stdout.splitlines()) == 2
    assert call("journal", "show", "--last", "1").stdout.split()[0] == "4"
    assert call("journal", "show", "--first", "1").stdout.split()[0] == "1"
    assert call("journal", "show", "--type", "orderfilled").stdout.split()[2] == "OrderFilled"
    fact = json.loads(call("journal", "show", "--json", "--first", "1").stdout)
    assert fact["fact"]["type"] == "BotStarted"


def test_journal_verify_and_rebuild(
    fake: FakeContainer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole journal is 0, a damaged one is 1 and says so; a database is named."""
    assert call("journal", "verify").exit_code == 0
    assert "mine.sqlite" in call("journal", "rebuild", "--into", "mine.sqlite").output
    fake.journal_ok = False
    assert ends(capfd, monkeypatch, "journal", "verify") == (1, "error: the journal is damaged\n")
    code, words = ends(capfd, monkeypatch, "journal", "show")
    assert (code, words) == (1, "error: segment 1, record 7: the checksum does not match\n")
    assert ends(capfd, monkeypatch, "journal", "show", "--type", "Nonsense")[0] == 2
    assert ends(capfd, monkeypatch, "journal", "show", "--journal", "nowhere")[0] == 1


def test_errors_find_their_code(fake: FakeContainer) -> None:
    """The nearest kind decides: what a recording gets wrong is not the user's typing."""
    assert errors.code_of(CliError("x", 3)) == 3
    assert errors.code_of(InvalidValue("x")) == 2
    assert errors.code_of(RecordingError("x")) == 1
    assert errors.code_of(OSError("x")) == 1
    assert errors.words_of(OSError(2, "No such file", "x.toml")) == "x.toml: No such file"


def test_a_programming_error_is_not_dressed_up(fake: FakeContainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected keeps its traceback: it is ours to mend."""
    fake.fails_with = AssertionError("never")
    monkeypatch.setattr(sys, "argv", ["zombot", "backtest", "--data", "."])
    with pytest.raises(AssertionError, match="never"):
        main.main()


def test_a_summary_keeps_costs_negative_and_reasons_few() -> None:
    """Costs read as what they take; a rebate reads as a gain; long lists of reasons end."""
    report = RunReport(
        pnl={"basis": "1", "fees": "-0.5", "slippage": "0.25", "total": "1.25"},
        refusals={f"reason-{n}": n for n in range(1, 10)},
    )
    text = summary.of_report(report)
    assert "+1.25 = basis +1.00, fees +0.50, slippage -0.25" in text
    assert "reason-9 9, reason-8 8" in text
    assert "and 3 more reasons" in text
    assert "nothing" in summary.of_report(RunReport(refusals={}))


# --- As real processes ------------------------------------------------------------------------------------


def start(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """The command line over the fake composition root, in a process of its own."""
    command = [sys.executable, "-m", "tests.unit.interfaces.cli.fake_container", *arguments]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE)


def test_the_package_runs_as_a_module_and_help_loads_nothing_heavy() -> None:
    """`python -m zombot --help` works, and neither rich nor pydantic nor asyncio is loaded for it."""
    code = (
        "import sys; before = set(sys.modules); sys.argv = ['zombot', '--help']\n"
        "from zombot.interfaces.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'rich', 'pydantic', 'numpy', 'msgspec', 'asyncio'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
    done = subprocess.run(
        [sys.executable, "-m", "zombot", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("zombot 0.")


def test_a_pipe_gets_no_colours_and_a_zero() -> None:
    """Not a terminal: plain lines."""
    process = start("--", "run")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert b"\x1b" not in out + err
    assert b"state hash" in out


def test_an_error_is_a_line_and_a_code_also_in_a_process(tmp_path: Path) -> None:
    """No traceback on stderr."""
    process = start("--", "run", "--config", str(tmp_path / "none.toml"))
    out, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert out == b""
    assert err.startswith(b"error: ")
    assert b"Traceback" not in err


def test_a_reader_that_leaves_asks_the_bot_to_stop() -> None:
    """`zombot run | head -1` ends in good order instead of crashing the bot or running on unheard."""
    process = start("forever", "--", "run")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 0
    err = process.stderr.read().decode()
    process.stderr.close()
    assert err == "stop requested: the output was closed\n"


def test_a_reader_that_leaves_a_listing_early_sees_no_traceback() -> None:
    """`zombot journal show | head -1` ends quietly."""
    reader, writer = os.pipe()
    os.close(reader)
    process = start("--", "journal", "show", stdout=writer)
    os.close(writer)
    assert process.stderr is not None
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(30) == 1
    assert err == ""


def test_a_second_interrupt_ends_at_once() -> None:
    """The first asks for an orderly stop; when that takes too long the second does not ask."""
    process = start("forever", "deaf", "--", "run")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    while b"stopping in good order (SIGINT)" not in process.stdout.readline():
        pass
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 1
    err = process.stderr.read().decode()
    process.stdout.close()
    process.stderr.close()
    assert "error: interrupted" in err
    assert "Traceback" not in err
