"""Attempts are written down in the workspace, by several kernels at once, and whatever was there before."""

import errno
import json
import shutil
import subprocess
import sys

import pytest

from prevlib import __main__ as command_line
from prevlib.exercises import progress, tokens
from prevlib.exercises.base import exercise

NAME = "tokens.first_merge"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("PREVLIB_WORKSPACE", str(tmp_path))
    return tmp_path


def test_without_a_workspace_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for value in (None, ""):
        monkeypatch.delenv("PREVLIB_WORKSPACE", raising=False)
        if value is not None:
            monkeypatch.setenv("PREVLIB_WORKSPACE", value)
        tokens.first_merge.check(3)
        assert list(tmp_path.iterdir()) == [] and not progress.tried(NAME)


def test_attempts_are_counted_and_solved_stays_solved(workspace):
    for answer in (3, tokens.first_merge.answer, 3, None):
        tokens.first_merge.check(answer)
    assert json.loads((workspace / progress.FILE).read_text()) == {
        "exercises": {NAME: {"tried": 3, "solved": True}},
        "predictions": {},
    }


def test_a_try_is_remembered_after_a_restart(workspace):
    progress.record(NAME, solved=False)
    fresh = exercise(minutes=1, hints=["a"])(tokens.first_merge.solve)
    assert fresh.attempted and "def first_merge():" in fresh.solution()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"exercises": {"a": 3}}', b'{"exercises": {"a": {"tried": Infinity, "solved": 1}}}',
     b"\xff\xfe", b"[" * 100_000, b'{"exercises": null}', b'{"predictions": []}',
     b'{"predictions": {"01.a": [1]}}'],
)  # fmt: skip
def test_a_damaged_file_is_set_aside(workspace, content):
    file = workspace / progress.FILE
    file.write_bytes(content)
    with pytest.raises(ValueError, match="must be as `check` wrote it; got"):
        progress.read(workspace)
    assert not progress.tried(NAME)
    assert tokens.first_merge.check(3).unsaved == ""
    assert progress.read(workspace) == {NAME: {"tried": 1, "solved": False}}
    [aside] = workspace.glob("damaged-*")
    assert aside.read_bytes() == content


def test_a_full_disk_is_named_and_is_no_end(workspace, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(progress, "write_whole", full)
    verdict = tokens.first_merge.check(tokens.first_merge.answer)
    assert verdict and repr(verdict) == (
        "correct\nThis attempt could not be written down: No space left on device."
    )
    monkeypatch.undo()
    monkeypatch.setenv("PREVLIB_WORKSPACE", str(workspace / "a file" / "missing"))
    (workspace / "a file").touch()
    assert "could not be written down: Not a directory" in tokens.first_merge.check(3).unsaved


def test_what_is_not_ours_stays_in_the_file(workspace):
    attempt = {"tried": 1, "solved": False, "seconds": 60}
    stored = {"exercises": {NAME: attempt}, "predictions": {"01.a": "ä"}, "of a later version": [1]}
    (workspace / progress.FILE).write_text(json.dumps(stored), encoding="utf-8")
    progress.record(NAME, solved=True)
    progress.record_prediction("01.b", 0.5)
    assert json.loads((workspace / progress.FILE).read_text(encoding="utf-8")) == {
        "exercises": {NAME: {**attempt, "tried": 2, "solved": True}},
        "predictions": {"01.a": "ä", "01.b": 0.5},
        "of a later version": [1],
    }


def test_a_copy_of_the_file_carries_everything_elsewhere(workspace, tmp_path, monkeypatch):
    progress.record(NAME, solved=True)
    progress.record_prediction("01.a", "both")
    (elsewhere := tmp_path / "elsewhere").mkdir()
    shutil.copy(workspace / progress.FILE, elsewhere)
    assert progress.summary(elsewhere) == progress.summary()
    monkeypatch.setenv("PREVLIB_WORKSPACE", str(elsewhere))
    assert progress.tried(NAME) and progress.predictions() == {"01.a": "both"}


def test_without_a_workspace_the_summary_says_so(monkeypatch):
    monkeypatch.delenv("PREVLIB_WORKSPACE", raising=False)
    assert progress.summary() == "Progress is kept in a folder of your own, which `prevlib lab` makes."


def test_several_kernels_write_at_once(workspace):
    code = (
        f"from prevlib.exercises.progress import record\nfor _ in range(25): record({NAME!r}, solved=False)"
    )
    kernels = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [kernel.wait() for kernel in kernels] == [0, 0, 0]
    assert progress.read(workspace)[NAME]["tried"] == 75


def test_the_command_lists_what_is_solved(workspace, capsys):
    progress.record(NAME, solved=True)
    progress.record("tokens.longest_match", solved=False)
    for key in ("00.a", "00.b", "01.a"):
        progress.record_prediction(key, 1)
    for arguments in (["progress"], ["progress", str(workspace)]):
        assert command_line.main(arguments) == 0
        said = capsys.readouterr().out
        assert "\n01  1 of 4: ✓ first_merge, → longest_match, ○ share_with" in said
        assert said.splitlines()[2].endswith("○ word_numbers; 1 prediction")
        assert said.splitlines()[1].endswith("○ closest_to_first; 2 predictions")
    (workspace / progress.FILE).write_text("{")
    with pytest.raises(SystemExit, match="error: .* must be as `check` wrote it"):
        command_line.main(["progress"])
