"""Input that cannot be used: a clear error or a counted drop, and never half an output."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.infrastructure.history.samples import SECOND, Given, raw_file, raw_top, tops
from zombot.domain.errors import InvalidValue
from zombot.infrastructure.history.copying import record
from zombot.infrastructure.history.errors import RecordingError
from zombot.infrastructure.history.importing import import_binance_raw
from zombot.infrastructure.history.reader import RecordingSource
from zombot.infrastructure.history.recording import MANIFEST_NAME, STAGING_NAME, Recording

LINES = [raw_top(n) for n in range(2000)]
KILLED = """
import os, signal, sys
from pathlib import Path
from zombot.infrastructure.history.importing import import_binance_raw
from zombot.infrastructure.history import writer

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[3] == "manifest":
    writer._replace = die
else:
    writer.ROW_GROUP_ROWS = 100
    finish = writer._OpenPart.finish
    writer._OpenPart.finish = die
import_binance_raw([Path(sys.argv[1])], Path(sys.argv[2]))
"""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A small whole recording."""
    record(Given(tops(50)), tmp_path / "recording", events_max=50)
    return tmp_path / "recording"


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    """Nothing in it: an error with its name, and no recording."""
    for name, content in {"a.gz": b"", "b.gz": raw_file(tmp_path / "x", []).read_bytes()}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RecordingError, match=rf"{name} is empty"):
            import_binance_raw([tmp_path / name], tmp_path / "recording")
    assert not (tmp_path / "recording").exists()


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    """No line of it is a frame."""
    path = tmp_path / "spot.txt"
    path.write_text("hello\nworld\n")
    with pytest.raises(RecordingError, match="holds no frame of Binance"):
        import_binance_raw([path], tmp_path / "recording")
    with pytest.raises(RecordingError, match="does not exist"):
        import_binance_raw([tmp_path / "nowhere.gz"], tmp_path / "recording")
    with pytest.raises(RecordingError, match="is a folder"):
        import_binance_raw([tmp_path], tmp_path / "recording")
    with pytest.raises(RecordingError, match="no file was given"):
        import_binance_raw([], tmp_path / "recording")


def test_a_file_without_a_usable_event_is_an_error(tmp_path: Path) -> None:
    """A recording that would be empty is not written."""
    path = raw_file(tmp_path / "spot.gz", [raw_top(0, bid="-1")])
    with pytest.raises(RecordingError, match="no event that can be used"):
        import_binance_raw([path], tmp_path / "recording")
    assert not (tmp_path / "recording").exists()


@pytest.mark.parametrize("cut", [0.3, 0.9, 0.999])
def test_a_torn_file_is_kept_as_far_as_it_can_be_read(tmp_path: Path, cut: float) -> None:
    """The readable beginning is imported and the report says that the rest is missing."""
    whole = raw_file(tmp_path / "whole.gz", LINES).read_bytes()
    torn = tmp_path / "spot.gz"
    torn.write_bytes(whole[: int(len(whole) * cut)])
    report = import_binance_raw([torn], tmp_path / "recording")
    assert report.files[0].torn == "the gzip stream ends before its end"
    events = list(RecordingSource(tmp_path / "recording").events())
    assert 0 < len(events) < len(LINES)
    assert len(events) == report.lines == report.imported


def test_a_damaged_gzip_stream_is_kept_up_to_the_damage(tmp_path: Path) -> None:
    """Bytes in the middle are broken: what came before is imported, and the report tells."""
    content = bytearray(raw_file(tmp_path / "whole.gz", LINES).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    path = tmp_path / "spot.gz"
    path.write_bytes(content)
    report = import_binance_raw([path], tmp_path / "recording")
    assert report.files[0].torn is not None
    assert 0 < report.imported <= len(LINES)


def test_several_gzip_streams_in_a_row_are_one_file(tmp_path: Path) -> None:
    """Files that were glued together are read to their end."""
    path = tmp_path / "spot.gz"
    halves = [raw_file(tmp_path / "half.gz", lines).read_bytes() for lines in (LINES[:1000], LINES[1000:])]
    path.write_bytes(b"".join(halves))
    report = import_binance_raw([path], tmp_path / "recording")
    assert (report.imported, report.files[0].torn) == (len(LINES), None)


def test_a_torn_beginning_is_an_error(tmp_path: Path) -> None:
    """Where no line can be read there is nothing to keep."""
    path = tmp_path / "spot.gz"
    path.write_bytes(raw_file(tmp_path / "whole.gz", LINES).read_bytes()[:12])
    with pytest.raises(RecordingError, match="is torn before its first frame"):
        import_binance_raw([path], tmp_path / "recording")


def test_duplicate_files_are_skipped_and_reported(tmp_path: Path) -> None:
    """The same content under another name, packed or not, is taken once, in one import and in a later one."""
    first = raw_file(tmp_path / "spot.gz", LINES)
    again = raw_file(tmp_path / "spot-copy.gz", LINES)
    plain = tmp_path / "spot-plain.txt"
    plain.write_text("".join(f"{line}\n" for line in LINES))
    report = import_binance_raw([first, again], tmp_path / "recording")
    assert (len(report.files), len(report.skipped), report.imported) == (1, 1, len(LINES))
    before = (tmp_path / "recording" / MANIFEST_NAME).read_bytes()
    report = import_binance_raw([plain, again], tmp_path / "recording")
    assert [skipped.reason.partition(" as ")[0] for skipped in report.skipped] == ["the same content"] * 2
    assert report.events == {}
    assert (tmp_path / "recording" / MANIFEST_NAME).read_bytes() == before


def test_files_that_overlap_are_skipped_and_reported(tmp_path: Path) -> None:
    """Two files of one stream over one time would double its events."""
    part = raw_file(tmp_path / "spot-part.gz", LINES[:100])
    whole = raw_file(tmp_path / "spot-whole.gz", LINES)
    import_binance_raw([part], tmp_path / "recording")
    (skipped,) = import_binance_raw([whole], tmp_path / "recording").skipped
    assert skipped.reason.startswith("overlaps spot-part.gz")


def test_what_is_no_recording_is_named(tmp_path: Path) -> None:
    """Nothing there, a file, an empty folder: each is told apart."""
    with pytest.raises(RecordingError, match="there is no such folder"):
        RecordingSource(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecordingError, match="it is a file"):
        RecordingSource(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordingError, match=r"not a recording: it has no manifest\.json$"):
        RecordingSource(tmp_path / "empty")


def test_a_recording_without_events_is_named(recording: Path) -> None:
    """A manifest that lists no file is an empty recording."""
    (recording / MANIFEST_NAME).write_text('{"schema_version": 1}')
    with pytest.raises(RecordingError, match="is empty"):
        Recording.open(recording)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ('{"schema_version": 99}', "schema version 99 is unknown, 1 is understood"),
        ('{"schema_version": 1, "parts": 5}', "is damaged"),
    ],
)
def test_a_damaged_manifest_is_named(recording: Path, content: str, complaint: str) -> None:
    """The message names the file and what is wrong with it."""
    (recording / MANIFEST_NAME).write_text(content)
    with pytest.raises(RecordingError, match=rf"manifest\.json.* {complaint}|manifest\.json: {complaint}"):
        Recording.open(recording)


def test_torn_and_missing_parts_are_named(recording: Path) -> None:
    """A file that lost its end, was overwritten or is gone: the message names it."""
    part = next(iter(sorted(recording.rglob("*.parquet"))))
    content = part.read_bytes()
    part.write_bytes(content[:-20])
    with pytest.raises(RecordingError, match=rf"{part.name} is torn"):
        RecordingSource(recording)
    part.write_bytes(bytes(len(content)))
    with pytest.raises(RecordingError, match=rf"{part.name} is damaged"):
        list(RecordingSource(recording).events())
    part.write_bytes(content[:8] + bytes(200) + content[208:])
    with pytest.raises(RecordingError, match=rf"{part.name} is damaged"):
        list(RecordingSource(recording).events())
    part.unlink()
    with pytest.raises(RecordingError, match=rf"{part.name} is missing"):
        RecordingSource(recording)


def test_an_unknown_instrument_is_named(recording: Path) -> None:
    """Asking for what is not there says what is."""
    with pytest.raises(RecordingError, match="holds nothing of okx:DOGE-USDT: it holds okx:BTC-USDT"):
        RecordingSource(recording, instruments=["okx:DOGE-USDT"])  # type: ignore[list-item]


def test_foreign_folders_are_left_alone(tmp_path: Path) -> None:
    """An import never writes among other files."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("x")
    with pytest.raises(RecordingError, match=r"it holds letter\.txt"):
        import_binance_raw([raw_file(tmp_path / "spot.gz", LINES)], tmp_path / "home")
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["letter.txt"]


def test_recording_a_source_needs_a_limit(tmp_path: Path) -> None:
    """A source may be endless; one that breaks its order, or is empty, is refused."""
    with pytest.raises(InvalidValue, match="may be endless"):
        record(Given(tops(3)), tmp_path / "r")
    with pytest.raises(InvalidValue, match="events_max is 0"):
        record(Given(tops(3)), tmp_path / "r", events_max=0)
    with pytest.raises(RecordingError, match="no event within the limits"):
        record(Given(tops(3)), tmp_path / "r", until_ns=1)
    with pytest.raises(RecordingError, match="event 3 was received"):
        record(Given(tops(3, 5 * SECOND)[::-1]), tmp_path / "r", events_max=3)
    assert not (tmp_path / "r").exists()
    assert record(Given(tops(3)), tmp_path / "r", events_max=2).events == {"top": 2}
    with pytest.raises(RecordingError, match="already a recording"):
        record(Given(tops(3)), tmp_path / "r", events_max=2)


def test_a_source_with_jitter_is_recorded_by_receipt(tmp_path: Path) -> None:
    """A source that tells events in the venue's order is put into the order of receipt."""
    events = tops(20)
    shuffled = [event for place in range(0, 20, 4) for event in events[place : place + 4][::-1]]
    record(Given(shuffled), tmp_path / "r", events_max=20)
    assert list(RecordingSource(tmp_path / "r").events()) == events


def test_two_imports_at_once_are_refused(tmp_path: Path) -> None:
    """While one import writes, another one into the same folder is told to wait."""
    path = raw_file(tmp_path / "spot.gz", LINES)
    into = tmp_path / "recording"
    complaints = []

    def second(done: int, total: int) -> None:
        if done > total // 2:
            with pytest.raises(RecordingError, match="another import is writing") as caught:
                import_binance_raw([path], into)
            complaints.append(caught)

    import_binance_raw([path], into, progress=second)
    assert complaints
    assert len(list(RecordingSource(into).events())) == len(LINES)


def test_an_import_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """An exception in the middle: no folder, or the recording of before."""
    path = raw_file(tmp_path / "spot.gz", LINES)

    def fail(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_binance_raw([path], tmp_path / "new", progress=fail)
    assert not (tmp_path / "new").exists()

    import_binance_raw([raw_file(tmp_path / "x.gz", [raw_top(90_000)])], tmp_path / "old")
    before = {path: path.read_bytes() for path in (tmp_path / "old").rglob("*") if path.is_file()}
    with pytest.raises(KeyboardInterrupt):
        import_binance_raw([path], tmp_path / "old", progress=fail)
    assert {path: path.read_bytes() for path in (tmp_path / "old").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("moment", ["parts", "manifest"])
@pytest.mark.parametrize("existing", [False, True])
def test_a_killed_import_leaves_no_half_recording(tmp_path: Path, moment: str, existing: bool) -> None:
    """Killed while it writes or just before it commits: what was, is; the next import cleans up."""
    into = tmp_path / "recording"
    count = 0
    if existing:
        import_binance_raw([raw_file(tmp_path / "x.gz", [raw_top(90_000)])], into)
        count = 1
    path = raw_file(tmp_path / "spot.gz", LINES)
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), str(into), moment],
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.returncode == -signal.SIGKILL
    assert (into / STAGING_NAME).exists()
    if existing:
        assert len(list(RecordingSource(into).events())) == count
    else:
        with pytest.raises(RecordingError, match=r"was interrupted: import again"):
            RecordingSource(into)
    import_binance_raw([path], into)
    assert len(list(RecordingSource(into).events())) == count + len(LINES)
    listed = {part.path for part in Recording.open(into).manifest.parts} | {MANIFEST_NAME}
    assert {file.relative_to(into).as_posix() for file in into.rglob("*") if file.is_file()} == listed
