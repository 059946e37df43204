"""What a learner writes survives every upgrade and every reset; what is copied shows no result."""

import errno
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from prevlib import workspace
from prevlib.__main__ import main
from prevlib.workspace import prepare_workspace, reset_lesson, workspace_folder

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LESSON = "02_two.ipynb"


def notebook(*sources, result="", counter=1):
    """A notebook with one code cell for each source, each with the same result."""
    outputs = [nbformat.v4.new_output("stream", text=result)]
    cells = [
        nbformat.v4.new_code_cell(source, id=f"cell-{i:02}", execution_count=counter, outputs=outputs)
        for i, source in enumerate(sources)
    ]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A published course of a page and one lesson, which a test may change: ``publish(name, *sources)``."""

    def publish(name, *sources):
        originals.mkdir(exist_ok=True)
        nbformat.write(notebook(*sources, result="a result\n"), originals / name)

    originals = tmp_path / "originals"
    publish("course.ipynb", "check_setup()")
    publish(LESSON, "old")
    paths = {path.name: path for path in sorted(originals.iterdir())}
    monkeypatch.setattr(workspace, "_course", lambda: paths)
    monkeypatch.setattr(workspace, "version", lambda name: "9.9")
    return publish


@pytest.fixture
def folder(course, tmp_path):
    prepare_workspace(tmp_path / "learn")
    return tmp_path / "learn"


def write(path, *sources):
    """As JupyterLab saves a notebook that was run: other results, other white space."""
    content = notebook(*sources, result="what I saw", counter=7)
    path.write_text(json.dumps(content, indent=4), encoding="utf-8")


def sources(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_the_lessons_are_copied_without_results_and_else_as_they_are(tmp_path):
    [said] = prepare_workspace(tmp_path)
    assert said == f"Notebooks copied to {tmp_path}: {len(names(tmp_path))}"
    assert names(tmp_path) == sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
    for name in names(tmp_path):
        original = nbformat.read(NOTEBOOKS / name, as_version=4)
        copy = nbformat.read(tmp_path / name, as_version=4)
        for cell in original.cells:
            if cell.cell_type == "code":
                cell |= {"outputs": [], "execution_count": None}
        assert copy == original
    assert prepare_workspace(tmp_path) == []


def test_links_of_the_copies_lead_to_copies(tmp_path):
    prepare_workspace(tmp_path)
    for name in names(tmp_path):
        for cell in nbformat.read(tmp_path / name, as_version=4).cells:
            for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", cell.source):
                assert (tmp_path / target).exists(), f"{name} links to {target}"


def test_a_lesson_that_was_only_run_is_replaced(folder, course):
    write(folder / LESSON, "old")
    course(LESSON, "new")
    assert prepare_workspace(folder) == [f"{LESSON} is new in 9.9; you had written nothing into it."]
    assert sources(folder / LESSON) == ["new"]
    assert names(folder) == [LESSON, "course.ipynb"]


def test_a_lesson_with_answers_is_kept_and_the_new_one_lies_beside_it(folder, course):
    beside = "02_two (new in 9.9).ipynb"
    write(folder / LESSON, "old", "my answer")
    assert prepare_workspace(folder) == []  # nothing is new
    before = (folder / LESSON).read_bytes()
    course(LESSON, "new")
    [said] = prepare_workspace(folder)
    assert said == f"{LESSON} is yours and stays as it is; what is new in 9.9 lies beside it: {beside}"
    assert (folder / LESSON).read_bytes() == before
    assert sources(folder / beside) == ["new"]
    assert prepare_workspace(folder) == []  # it is offered once

    course(LESSON, "newer")  # nothing was written into what was offered, so it may go
    prepare_workspace(folder)
    assert names(folder) == [beside, LESSON, "course.ipynb"]
    assert sources(folder / beside) == ["newer"]
    write(folder / beside, "newer", "another answer")
    course(LESSON, "newest")
    prepare_workspace(folder)
    assert sources(folder / beside) == ["newer", "another answer"]
    assert sources(folder / "02_two (new in 9.9, 2).ipynb") == ["newest"]
    assert (folder / LESSON).read_bytes() == before


@pytest.mark.parametrize("record", [None, "", "[1]", "{"])
def test_without_a_record_everything_counts_as_written_by_the_learner(folder, course, record):
    file = folder / ".prevlib" / "copied.json"
    file.unlink() if record is None else file.write_text(record)
    course(LESSON, "new")
    prepare_workspace(folder)
    assert sources(folder / LESSON) == ["old"]
    assert sources(folder / "02_two (new in 9.9).ipynb") == ["new"]


def test_a_notebook_that_cannot_be_read_is_kept(folder, course):
    (folder / LESSON).write_text("<<<<<<< a conflict")
    course(LESSON, "new")
    prepare_workspace(folder)
    reset_lesson("2", folder)
    assert (folder / "02_two (before the reset).ipynb").read_text() == "<<<<<<< a conflict"
    assert sources(folder / LESSON) == ["new"]


def test_a_lesson_that_was_deleted_comes_back(folder):
    (folder / LESSON).unlink()
    assert prepare_workspace(folder) == [f"Notebooks copied to {folder}: 1"]


@pytest.mark.parametrize("called", ["2", "02", "02_two", LESSON, f"learn/{LESSON}"])
def test_reset_brings_a_fresh_copy_and_keeps_what_was_written(folder, called):
    for i, kept in enumerate(["02_two (before the reset).ipynb", "02_two (before the reset, 2).ipynb"]):
        write(folder / LESSON, "old", f"answer {i}")
        assert f"; what you had written is in {kept}. " in reset_lesson(called, folder)
        assert sources(folder / LESSON) == ["old"]
        assert sources(folder / kept) == ["old", f"answer {i}"]
    assert "; you had written nothing into it. " in reset_lesson(called, folder)
    assert len(names(folder)) == 4


def test_a_full_disk_loses_nothing(folder, course, monkeypatch):
    def no_room(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    write(folder / LESSON, "old", "my answer")
    course(LESSON, "new")
    with monkeypatch.context() as patch:
        patch.setattr(workspace, "write_whole", no_room)
        for command in (["lab", str(folder)], ["reset", "2", "--folder", str(folder)]):
            with pytest.raises(SystemExit, match=r"^error: No space left on device\. Make room, then "):
                main(command)
    assert names(folder) == [LESSON, "course.ipynb"]
    assert sources(folder / LESSON) == ["old", "my answer"]
    prepare_workspace(folder)
    assert sources(folder / "02_two (new in 9.9).ipynb") == ["new"]


def test_what_is_wrong_is_said_in_one_sentence(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("empty").mkdir()
    read_only = OSError(errno.EROFS, "Read-only file system", "learn")
    for command, text in [
        ("lab file", r"FOLDER must be a folder; got the file file\. Name another one\."),
        (
            "lab originals",
            r"FOLDER must be a place for copies; got originals, the originals\. Name another one\.",
        ),
        ("reset 99", r"LESSON must be a number or the name of a notebook; got 99\. Try: 02"),
        (
            "reset 2 --folder empty",
            r"FOLDER must be made by `prevlib lab`; got empty\. Name it with --folder\.",
        ),
    ]:
        with pytest.raises(SystemExit, match=f"^error: {text}$"):
            main(command.split())
    with monkeypatch.context() as patch:
        patch.setattr(workspace, "find_spec", lambda name: None if name == "nbgrader" else name)
        with pytest.raises(
            SystemExit, match=r"'nbgrader' must be .* Install it: pip install \"prevlib\[grade\]\"$"
        ):
            main(["lab", "--assignments"])
        patch.setattr(workspace, "find_spec", lambda name: None)
        with pytest.raises(
            SystemExit, match=r"'jupyterlab' must be .* Install it: pip install \"prevlib\[lab\]\"$"
        ):
            main(["lab"])
    monkeypatch.setattr(Path, "mkdir", lambda *args, **options: (_ for _ in ()).throw(read_only))
    with pytest.raises(SystemExit, match=r"^error: Read-only file system: learn\. Name another place\.$"):
        main(["lab"])


def test_a_course_without_notebooks_says_so(monkeypatch):
    monkeypatch.setattr(workspace, "CLONE", False)
    monkeypatch.setattr(workspace, "files", lambda name: None)
    with pytest.raises(
        FileNotFoundError, match="prevlib must have its notebooks; none were found. Reinstall"
    ):
        prepare_workspace("learn")


def test_the_workspace_that_is_meant(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("PREVLIB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert workspace_folder() == Path("learn")
    monkeypatch.chdir(folder)
    assert workspace_folder().resolve() == folder.resolve()
    monkeypatch.setenv("PREVLIB_WORKSPACE", str(tmp_path / "another"))
    assert workspace_folder() == tmp_path / "another"


@pytest.fixture
def started(monkeypatch):
    """What JupyterLab is started with, in place of starting it; variables are put back afterwards."""
    from jupyterlab.labapp import LabApp

    before = dict(os.environ)
    arguments = []
    monkeypatch.setattr(LabApp, "launch_instance", arguments.extend)
    yield arguments
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("with_nbgrader", [False, True])
def test_jupyterlab_has_settings_for_this_start_only(folder, started, monkeypatch, with_nbgrader):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", "/theirs")
    monkeypatch.setenv("OMP_WAIT_POLICY", "")
    monkeypatch.delenv("OMP_WAIT_POLICY")
    flags = ["--assignments"] if with_nbgrader else []
    assert main(["lab", str(folder), "--no-browser", "--port", "1", *flags]) == 0
    assert started[-3:] == ["--no-browser", "--port", "1"]
    assert ("--allow-root" in started) == (hasattr(os, "geteuid") and os.geteuid() == 0)
    settings = folder / ".prevlib" / "settings"
    assert f"--LabApp.app_settings_dir={settings}" in started
    overrides = json.loads((settings / "overrides.json").read_text())
    assert overrides["@jupyter-widgets/jupyterlab-manager:plugin"] == {"saveState": True}
    page = json.loads((settings / "page_config.json").read_text())
    assert page == {"disabledExtensions": [] if with_nbgrader else ["@jupyter/nbgrader"]}
    assert os.environ["PREVLIB_WORKSPACE"] == str(folder)
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    assert os.environ["JUPYTER_CONFIG_PATH"].startswith("/theirs")
    assert shutil.which("prevlib", path=os.environ["PATH"].split(os.pathsep)[0])
    for place in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        assert Path(os.environ[place]).is_relative_to(folder)


@pytest.mark.parametrize("option", ["--nonsense", "--prot=1", "-z"])
def test_an_option_that_nobody_knows_is_named(folder, started, option):
    text = rf"^error: OPTION must be one of JupyterLab's; got {option}\. See prevlib lab FOLDER --help-all"
    with pytest.raises(SystemExit, match=text):
        main(["lab", str(folder), "--no-browser", option])
    assert started == []


def test_options_that_jupyterlab_knows_are_handed_on(folder, started):
    options = [
        "--no-browser",
        "--port=8899",
        "--ServerApp.token=",
        "--LabApp.news_url=x",
        "-y",
        "--sock",
        "s",
    ]
    assert main(["lab", str(folder), *options]) == 0
    assert started[-len(options) :] == options


def test_where_permissions_cannot_be_set_it_is_said(folder, started, monkeypatch):
    from jupyter_core import paths
    from jupyterlab.labapp import LabApp

    def start(arguments):
        with paths.secure_write(str(folder / "key")):
            raise AssertionError("it was made")

    monkeypatch.setattr(LabApp, "launch_instance", start)
    monkeypatch.setattr(paths, "get_file_mode", lambda name: 0o777)
    text = rf"^error: FOLDER must be where permissions can be set, .*; got {folder}\. Name a folder on a disk"
    with pytest.raises(SystemExit, match=text):
        main(["lab", str(folder)])

    def fails(arguments):
        raise RuntimeError("another reason")

    monkeypatch.setattr(LabApp, "launch_instance", fails)
    with pytest.raises(RuntimeError, match="another reason"):
        main(["lab", str(folder)])


def test_without_a_folder_it_is_learn(course, started, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("PREVLIB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main(["lab"]) == 0
    assert capsys.readouterr().out == f"Notebooks copied to {tmp_path / 'learn'}: 2\n"
    assert main(["reset", "2"]) == 0
    assert capsys.readouterr().out.startswith(f"{LESSON} is as new; you had written nothing into it. ")


@pytest.mark.slow
def test_three_lessons_that_were_worked_through_leave_the_repository_as_it_was(tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient", reason="executes notebooks; it comes with JupyterLab")
    git = shutil.which("git")
    if not git or not (NOTEBOOKS.parent / ".git").exists():
        pytest.skip("only a clone has a status")

    def status():
        command = [git, "status", "--porcelain", "--untracked-files=all"]
        return subprocess.run(command, cwd=NOTEBOOKS.parent, capture_output=True, check=True).stdout

    before, learn = status(), tmp_path / "learn"
    monkeypatch.setenv("PREVLIB_WORKSPACE", str(learn))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    prepare_workspace(learn)
    changes = {  # in the second lesson, an answer and a prediction
        "my_pair = None": 'my_pair = ("o", "w")',
        'predict("01.unknown", (0, 1))': 'predict("01.unknown", (0, 1), answer=0.5)',
    }
    for name in ("00_start_here", "01_read_text_as_tokens", "02_hide_words"):
        path = learn / f"{name}.ipynb"
        lesson = nbformat.read(path, as_version=4)
        for cell in lesson.cells:
            for old, new in changes.items() if name.startswith("01") else ():
                cell.source = cell.source.replace(old, new)
        nbclient.NotebookClient(lesson, timeout=600, resources={"metadata": {"path": str(learn)}}).execute()
        nbformat.write(lesson, path)
        said = str([cell.outputs for cell in lesson.cells if cell.cell_type == "code"])
        assert ("You predicted 0.5. The result is 0.638." in said) == name.startswith("01")
    kept = json.loads((learn / "progress.json").read_text(encoding="utf-8"))
    assert kept == {
        "exercises": {"tokens.first_merge": {"tried": 1, "solved": False}},
        "predictions": {"01.unknown": 0.5},
    }
    assert status() == before
    for name in ("00_start_here.ipynb", "progress.json"):
        assert subprocess.run([git, "check-ignore", f"learn/{name}"], cwd=NOTEBOOKS.parent).returncode == 0

    course = {path.name: path for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    new = tmp_path / "01_read_text_as_tokens.ipynb"
    nbformat.write(notebook("new"), new)
    monkeypatch.setattr(workspace, "_course", lambda: course | {new.name: new})
    [said] = prepare_workspace(learn)
    assert said.startswith(f"{new.name} is yours and stays as it is; ")
    assert 'my_pair = ("o", "w")' in "".join(sources(learn / new.name))
    assert "you had written nothing into it" in reset_lesson("0", learn)
    assert "what you had written is in " in reset_lesson("1", learn)
    assert json.loads((learn / "progress.json").read_text(encoding="utf-8")) == kept
