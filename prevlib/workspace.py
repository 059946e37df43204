"""A learner's workspace: copies of the lessons to work in, and a JupyterLab that is set up for them.

The notebooks of the repository hold their outputs, for readers and for tests. A learner gets them without,
in a folder that is theirs: what they write there is never replaced. When a lesson changes, its copy follows
if the texts of its cells are as they were copied; otherwise the new lesson is put beside it.

``prevlib lab`` and ``prevlib reset`` call what is here. Left out: what a learner's answers are worth.
"""

import json
import os
import sysconfig
from collections.abc import Mapping, Sequence
from importlib.metadata import files, version
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from prevlib.files import fingerprint, write_whole
from prevlib.setup_check import CLONE

OWN = ".prevlib"  # in a workspace: what was copied, and the settings of JupyterLab
NBGRADER = "@jupyter/nbgrader"
SETTINGS = {
    # Otherwise a widget in a notebook that was saved and opened again is an error message.
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}


def workspace_folder() -> Path:
    """The workspace that is meant where none is named.

    Returns:
        That of the JupyterLab around this process; or the working folder, if it is one; or ``learn`` in it.
    """
    if opened := os.environ.get("PREVLIB_WORKSPACE"):
        return Path(opened)
    return Path() if Path(OWN).is_dir() else Path("learn")


def prepare_workspace(folder: str | Path) -> list[str]:
    """Copy the course page and the lessons, without outputs, and leave alone what a learner has written.

    A copy counts as written into if the text of a cell differs: JupyterLab changes the rest by itself.

    Args:
        folder: Where the copies lie, or are to lie; made if it is not there.
    Returns:
        Sentences that say what was done; none if all copies are up to date.
    Raises:
        NotADirectoryError: If it is a file.
        ValueError: If it is where the course itself lies.
        OSError: If there is no room or no permission; the same call then goes on.
    """
    folder, course = Path(folder), _course()
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"FOLDER must be a folder; got the file {folder}. Name another one.")
    if folder.resolve() == next(iter(course.values())).resolve().parent:
        raise ValueError(f"FOLDER must be a place for copies; got {folder}, the originals. Name another one.")
    (folder / OWN).mkdir(parents=True, exist_ok=True)
    copied, made, said = _copied(folder), 0, []
    news = f"new in {version('prevlib')}"
    for name, original in course.items():
        copy, then, now = folder / name, copied.get(name, ""), _fingerprint(original)
        theirs = _fingerprint(copy)
        if not copy.exists():
            write_whole(copy, _cleared(original))
            made += 1
        elif theirs != now != then:
            beside = copy if theirs == then else _beside(copy, news, copied)
            write_whole(beside, _cleared(original))
            copied[beside.name] = now
            said.append(
                f"{name} is {news}; you had written nothing into it."
                if beside == copy
                else f"{name} is yours and stays as it is; what is {news} lies beside it: {beside.name}"
            )
        copied[name] = now
    write_whole(folder / OWN / "copied.json", json.dumps(copied, indent=1) + "\n")
    return [f"Notebooks copied to {folder.resolve()}: {made}", *said] if made else said


def reset_lesson(lesson: str, folder: str | Path) -> str:
    """Put a fresh copy of a lesson in place, and keep beside it what a learner has written.

    Args:
        lesson: Its number, or the name of its notebook.
        folder: The workspace.
    Returns:
        A sentence that says what was done.
    Raises:
        FileNotFoundError: If the folder is not a workspace.
        ValueError: If there is no such lesson.
    """
    folder, course = Path(folder), _course()
    if not (folder / OWN).is_dir():
        raise FileNotFoundError(f"FOLDER must be made by `prevlib lab`; got {folder}. Name it with --folder.")
    stem = Path(lesson).name.removesuffix(".ipynb")
    number = stem.zfill(2) if stem.isdigit() else stem
    names = [name for name in course if stem == Path(name).stem or number == name.partition("_")[0]]
    if not names:
        numbers = ", ".join(name[:2] for name in course if name[0].isdigit())
        raise ValueError(f"LESSON must be a number or the name of a notebook; got {lesson}. Try: {numbers}")
    [name], copied, kept = names, _copied(folder), None
    copy, now = folder / name, _fingerprint(course[name])
    if copy.exists() and _fingerprint(copy) not in (copied.get(name, ""), now):
        kept = copy.rename(_beside(copy, "before the reset", {}))
    try:
        write_whole(copy, _cleared(course[name]))
    except OSError:
        if kept:
            kept.rename(copy)
        raise
    write_whole(folder / OWN / "copied.json", json.dumps({**copied, name: now}, indent=1) + "\n")
    theirs = f"what you had written is in {kept.name}" if kept else "you had written nothing into it"
    return f"{name} is as new; {theirs}. If it is open, close it without saving and open it again."


def open_lab(folder: str | Path, options: Sequence[str] = (), *, assignments: bool = False) -> None:
    """Run JupyterLab in a workspace, with settings for this start only, until it is stopped.

    Args:
        folder: The workspace.
        options: Further options of JupyterLab, such as ``"--no-browser"``.
        assignments: Whether nbgrader's menu and buttons are there.
    Raises:
        FileNotFoundError: If JupyterLab, or nbgrader for assignments, is not installed.
        ValueError: If JupyterLab does not know an option.
        OSError: If a file cannot be made readable by its owner alone, which JupyterLab asks for.
    """
    for package, extra in [("jupyterlab", "lab"), ("nbgrader", "grade")][: 1 + assignments]:
        if find_spec(package) is None:
            raise FileNotFoundError(
                f"The package {package!r} must be installed; it was not found. "
                f'Install it: pip install "prevlib[{extra}]"'
            )
    from jupyter_core.paths import jupyter_config_dir, jupyter_data_dir
    from jupyter_server.serverapp import ServerApp
    from jupyterlab.labapp import LabApp

    known = {"h", "help", "help-all", "version"}
    known |= {name for app in (LabApp(), ServerApp()) for name in [*app.flags, *app.aliases]}
    for option in options:
        name = option.partition("=")[0].lstrip("-")
        if option.startswith("-") and "." not in name and name not in known:  # --ServerApp.port is known
            raise ValueError(
                f"OPTION must be one of JupyterLab's; got {option}. See prevlib lab FOLDER --help-all."
            )
    folder = Path(folder).resolve()
    settings = folder / OWN / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    disabled = {"disabledExtensions": [] if assignments else [NBGRADER]}
    for file, content in {"overrides": SETTINGS, "page_config": disabled}.items():
        write_whole(settings / f"{file}.json", json.dumps(content, indent=1) + "\n")
    os.environ["PREVLIB_WORKSPACE"] = str(folder)  # for the kernels
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("IPYTHONDIR", str(folder / OWN / "ipython"))  # what was typed, for `%history`
    # A terminal in JupyterLab then finds `prevlib`, even if no environment was activated.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    # Jupyter reads what the user has configured and installed, and writes here.
    for place, theirs, search in [
        ("JUPYTER_CONFIG_DIR", jupyter_config_dir(), "JUPYTER_CONFIG_PATH"),
        ("JUPYTER_DATA_DIR", jupyter_data_dir(), "JUPYTER_PATH"),
    ]:
        os.environ[search] = os.pathsep.join(filter(None, [theirs, os.environ.get(search, "")]))
        os.environ[place] = str(folder / OWN / "jupyter")
    try:
        LabApp.launch_instance(
            [
                f"--ServerApp.root_dir={folder}",
                "--LabApp.default_url=/lab/tree/course.ipynb",
                f"--LabApp.app_settings_dir={settings}",
                f"--LabApp.user_settings_dir={folder / OWN / 'user-settings'}",
                f"--LabApp.workspaces_dir={folder / OWN / 'layouts'}",
                *as_root,
                *options,
            ]
        )
    except RuntimeError as error:  # of jupyter_core, about the folder of running kernels
        if "ermissions" not in str(error):
            raise
        raise PermissionError(
            f"FOLDER must be where permissions can be set, for JupyterLab's keys; got {folder}. "
            "Name a folder on a disk of this computer."
        ) from error


def _course() -> dict[str, Path]:
    """File name -> notebook as it was published, of the course page and of the lessons."""
    if CLONE:
        found = [*(Path(__file__).parents[1] / "notebooks").glob("*.ipynb")]
    else:  # where pip has put what pyproject.toml calls data-files
        packed = [file for file in files("prevlib") or () if file.match("share/prevlib/*.ipynb")]
        found = [path for file in packed if (path := Path(file.locate())).exists()]
    if not found:
        raise FileNotFoundError("prevlib must have its notebooks; none were found. Reinstall it.")
    return {path.name: path for path in sorted(found)}


def _copied(folder: Path) -> dict[str, str]:
    """File name -> fingerprint of what was copied; empty if nothing is known, so that all count as theirs."""
    try:
        return dict(json.loads((folder / OWN / "copied.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, TypeError, ValueError):
        return {}


def _fingerprint(notebook: Path) -> str | None:
    """Of the texts of its cells; None if it cannot be read."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return fingerprint([[cell["cell_type"], "".join(cell["source"])] for cell in cells])
    except (KeyError, OSError, TypeError, ValueError):
        return None


def _cleared(notebook: Path) -> str:
    """Its JSON without outputs and counters, and with the ids of its cells."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _beside(copy: Path, note: str, copied: Mapping[str, str]) -> Path:
    """A name with a note in it, which is free, or whose notebook is as it was copied."""
    for number in count(1):
        path = copy.with_name(f"{copy.stem} ({note}{f', {number}' if number > 1 else ''}).ipynb")
        if not path.exists() or _fingerprint(path) == copied.get(path.name, ""):
            return path
