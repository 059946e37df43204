"""The folder of results: what was graded before, what a reader has added, one table of all.

`STUDENT/ASSIGNMENT.json` is what the machine found, with the key of what it was
found from. The pages, `grades.csv` and `reading.csv` are made anew from those.
"""

import csv
import io
import json
from pathlib import Path

from grading.assignment import digest
from grading.feedback import page, table

COLUMNS = ["student", "assignment", "question", "answer", "points", "comment"]


class Book:
    """Results by submission; each `add` leaves a complete state on disk."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.results: dict[Path, dict] = {}
        self.marks = self._read_marks()

    def stored(self, path: Path, key: list[str]) -> dict | None:
        """What was found before from the same submission and the same assignment."""
        file = self._file(path, "json")
        if not file.exists():
            return None
        result = json.loads(file.read_text(encoding="utf-8"))
        return result if result["key"] == key else None

    def add(self, path: Path, result: dict) -> dict:
        """Write down a result; returns it with the points of a reader."""
        write(self._file(path, "json"), json.dumps(result, indent=1))
        self.results[path] = shown = self._with_marks(result)
        write(self._file(path, "html"), page(shown))
        write(self.folder / "grades.csv", table([self.results[p] for p in sorted(self.results)]))
        if self.marks:
            stream = io.StringIO()
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.marks.values())
            write(self.folder / "reading.csv", stream.getvalue())
        return shown

    def _file(self, path: Path, kind: str) -> Path:
        return self.folder / path.parent.name / f"{path.stem}.{kind}"

    def _read_marks(self) -> dict[tuple, dict]:
        path = self.folder / "reading.csv"
        if not path.exists():
            return {}
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [{name: row.get(name) or "" for name in COLUMNS} for row in csv.DictReader(stream)]
        for row in rows:
            if row["points"].strip():
                try:
                    float(row["points"])
                except ValueError:
                    what = ", ".join(row[name] for name in COLUMNS[:3])
                    raise ValueError(
                        f"`points` in {path} must be a number or empty; got {row['points']!r} for {what}"
                    ) from None
        return {tuple(row[name] for name in COLUMNS[:4]): row for row in rows}

    def _with_marks(self, result: dict) -> dict:
        """With the points of a reader. A text that no row has seen yet gets a row."""
        questions = {name: dict(item) for name, item in result["questions"].items()}
        for name, text in result["texts"].items():
            key = (result["student"], result["assignment"], name, digest(text.encode()))
            row = self.marks.setdefault(key, dict(zip(COLUMNS, [*key, "", ""], strict=True)))
            if row["points"].strip():
                reasons = [row["comment"]] if row["comment"] else []
                questions[name] |= {"points": float(row["points"]), "reasons": reasons}
        waits = any(item["points"] is None for item in questions.values())
        return result | {
            "questions": questions,
            "status": "waits for a reader" if waits and result["status"] == "graded" else result["status"],
            "points": sum(item["points"] or 0 for item in questions.values()),
            "out_of": sum(item["out_of"] for item in questions.values()),
        }


def write(path: Path, text: str) -> None:
    """All of it or nothing, so that an interrupted run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
