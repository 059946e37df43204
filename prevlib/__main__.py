"""The command ``prevlib``: the course in JupyterLab, is this computer ready, and what is a model worth?

Here stand the options. What a command needs is imported when it runs, so that ``--help`` answers at once.
A new command is a function that takes the options and returns the exit status, and a parser that names it.
"""

import argparse
import errno
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from prevlib.report import COURSE_TASKS

REMEDIES = {
    errno.EACCES: "Change the permissions, or name another place.",
    errno.EEXIST: "Name another folder, or move what is in the way.",
    errno.ENOSPC: "Make room, then give the same command again: it goes on from here.",
    errno.ENOTDIR: "Name another folder, or move what is in the way.",
    errno.EROFS: "Name another place.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: In place of those of the command line.
    Returns:
        The exit status, 0 if all is well.
    Raises:
        SystemExit: If the command is wrong or cannot be carried out, with one sentence that says why.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    own, for_jupyter = _split(arguments)
    options = _parser().parse_args(own)
    options.jupyter = for_jupyter
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # not every terminal has a ✓
    try:
        return options.run(options, shlex.join(["prevlib", *arguments]))
    except (ImportError, OSError, TypeError, ValueError) as error:
        sys.exit(f"error: {_one_line(error)}")
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command goes on from here")


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """What prevlib reads, and what ``prevlib lab`` hands on: all else from the first foreign option on."""
    if arguments[:1] != ["lab"]:
        return arguments, []
    known = ("--assignments", "-h", "--help")
    foreign = [place for place, each in enumerate(arguments) if each.startswith("-") and each not in known]
    end = min(foreign, default=len(arguments))
    own = [each for place, each in enumerate(arguments) if place < end or each in known]
    return own, [each for each in arguments[end:] if each not in (*known, "--")]


def _lab(options: argparse.Namespace, command: str) -> int:
    from prevlib.workspace import open_lab, prepare_workspace, workspace_folder

    folder = options.folder or workspace_folder()
    for sentence in prepare_workspace(folder):
        sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()  # before what JupyterLab says
    open_lab(folder, options.jupyter, assignments=options.assignments)
    return 0


def _reset(options: argparse.Namespace, command: str) -> int:
    from prevlib.workspace import reset_lesson, workspace_folder

    sys.stdout.write(f"{reset_lesson(options.lesson, options.folder or workspace_folder())}\n")
    return 0


def _check(options: argparse.Namespace, command: str) -> int:
    from prevlib.setup_check import check_setup

    setup = check_setup()
    sys.stdout.write(f"{setup!r}\n")
    return 0 if setup else 1


def _progress(options: argparse.Namespace, command: str) -> int:
    from prevlib.exercises.progress import summary
    from prevlib.workspace import workspace_folder

    sys.stdout.write(f"{summary(options.folder or workspace_folder())}\n")
    return 0


def _evaluate(options: argparse.Namespace, command: str) -> int:
    import matplotlib
    from safetensors import SafetensorError

    matplotlib.use("agg")
    from prevlib.report.card import main_result
    from prevlib.report.pictures import write_report
    from prevlib.report.run import evaluate

    name = Path(options.data).stem if options.data else options.task
    output = options.out or Path("build") / f"{Path(options.checkpoint).name}-{name}"
    budget = {"n_train": options.train_rows, "seed": options.seed}
    try:
        evaluation = evaluate(output, options.checkpoint, task=options.task, data=options.data, **budget)
    except SafetensorError as error:  # is no OSError, even if the disk is full
        raise OSError(f"Weights must be written in full; got: {error}. {REMEDIES[errno.ENOSPC]}") from error
    page = write_report(output, evaluation, command)
    sys.stdout.write(f"{main_result(evaluation)}\n{page}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prevlib", description="Open the course, look whether this computer is ready, measure models."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    lab = commands.add_parser(
        "lab",
        usage="prevlib lab [-h] [FOLDER] [--assignments] [OPTION ...]",
        help="open the course in JupyterLab",
        description="Copy the lessons into a folder of yours, and open them in JupyterLab. Called again, it "
        "brings what is new, and leaves alone what you have written.",
        epilog="Options that come last are those of JupyterLab, such as --no-browser or --port 8899.",
    )
    lab.set_defaults(run=_lab)
    lab.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: learn")
    lab.add_argument("--assignments", action="store_true", help="with nbgrader's menu and buttons")
    reset = commands.add_parser(
        "reset",
        help="put a fresh copy of a lesson in place",
        description="Put a fresh copy of a lesson in place. What you have written is kept beside it.",
    )
    reset.set_defaults(run=_reset)
    reset.add_argument("lesson", metavar="LESSON", help="its number or the name of its notebook")
    reset.add_argument("--folder", type=Path, metavar="FOLDER", help="the workspace (default: learn)")
    check = commands.add_parser(
        "check",
        help="look whether this computer is ready",
        description="Look at Python, packages, models, threads, memory and disk, and say what to do about "
        "what is broken. The exit status is 1 if something is.",
    )
    check.set_defaults(run=_check)
    progress = commands.add_parser(
        "progress",
        help="list the exercises that are solved",
        description="List the exercises that are solved, and how much was predicted. It is read from "
        "progress.json in the workspace, which can be copied to another one.",
    )
    progress.set_defaults(run=_progress)
    progress.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: the workspace")
    command = commands.add_parser(
        "evaluate",
        help="measure a checkpoint and write a model card",
        description="Measure a checkpoint: scores with intervals, slices, behaviour, calibration, cost. "
        "It is fine-tuned first, unless it has a trained head for the labels. Resumable: call it again "
        "after an interruption.",
    )
    command.set_defaults(run=_evaluate)
    command.add_argument("checkpoint", help="alias (minilm, mini), folder, or name on the Hugging Face hub")
    what = command.add_mutually_exclusive_group()
    what.add_argument("--task", choices=COURSE_TASKS, default="sentiment", help="default: %(default)s")
    what.add_argument("--data", metavar="FILE", help="CSV: the columns text, label and perhaps split")
    command.add_argument("--out", type=Path, metavar="DIR", help="folder (default: below build)")
    command.add_argument(
        "--train-rows", type=int, default=1000, metavar="N", help="rows to train on (default: %(default)s)"
    )
    command.add_argument("--labels", type=_renamed, help=argparse.SUPPRESS)
    command.add_argument("--seed", type=int, default=0, help="of the training (default: %(default)s)")
    return parser


def _renamed(value: str) -> None:
    raise argparse.ArgumentTypeError(f"it is now called --train-rows: give --train-rows {value}")


def _one_line(error: Exception) -> str:
    """What an error says, and what can be done about those that the system raises without a remedy."""
    if isinstance(error, ImportError):
        return f"{error}. See what prevlib check says."
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{place}. {REMEDIES.get(error.errno, '')}".rstrip()
    return " ".join(line.strip() for line in str(error).splitlines())


if __name__ == "__main__":
    sys.exit(main())
