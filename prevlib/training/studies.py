"""Studies: many runs in one file of JSON lines, which goes on where it was interrupted.

The first line says what the study is made from; each other line is a finished run, with its settings. What
has been done is not done again, and a run with other settings of the same name is refused.

Used by the studies of ``pretraining`` and ``finetuning``. Left out: what a run does.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tqdm.auto import tqdm

from prevlib.files import check_made_from, write_whole


def run_missing(
    output: Path, made_from: Mapping, runs: Sequence[dict], do: Callable[..., dict], show_progress: bool
) -> None:
    """Do the runs that are not in the file yet, and write each down as one line when it is finished.

    Args:
        output: File of JSON lines, new or begun.
        made_from: What the study is made from: fingerprints by name.
        runs: ``{"settings": ...}`` and what tells the runs apart, such as a method and a seed.
        do: Called with what a run holds; returns what is to be kept of its result.
        show_progress: Show a bar.
    Raises:
        ValueError: If the file is of another study, or holds one of the runs with other settings.
    """
    stored = _read_lines(output) if output.exists() else []
    if stored:
        check_made_from(output, stored[0].get("made_from", {}), made_from)
    names = [name for name in runs[0] if name != "settings"] if runs else []
    done = {tuple(run[name] for name in names): run for run in stored if "made_from" not in run}
    missing = []
    for run in runs:
        before = done.get(tuple(run[name] for name in names))
        if before is None:
            missing.append(run)
        else:
            check_made_from(output, before["settings"], run["settings"])
    lines = stored or [{"made_from": made_from}]
    for run in tqdm(missing, disable=not show_progress, unit="run"):
        started = time.perf_counter()
        result = do(**run)
        names_first = {name: run[name] for name in names}
        seconds = round(time.perf_counter() - started, 1)
        lines.append(names_first | {"seconds": seconds, "settings": run["settings"]} | result)
        write_whole(output, "".join(json.dumps(line) + "\n" for line in lines))


def read_runs(path: Path) -> list[dict]:
    """The finished runs of a study, without the line that says what it is made from.

    Args:
        path: File of JSON lines; a line that an interruption left unfinished is passed over.
    Raises:
        FileNotFoundError: If there is no such file.
    """
    return [line for line in _read_lines(path) if "made_from" not in line]


def _read_lines(path: Path) -> list[dict]:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
