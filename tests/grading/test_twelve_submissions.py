"""A class of twelve, some of whom would rather attack the grader than solve the questions."""

import csv
import http.server
import threading
import time

import nbformat

from grading import grade
from grading.assignment import SOURCE
from grading.release import grade_id, release

NAME = "a2_metrics"
SOLVED = nbformat.read(SOURCE / f"{NAME}.ipynb", as_version=4)
QUESTIONS = ["q1", "q2", "q3", "q4", "q5", "q6"]
LIMITS = ["--cell-seconds", "8", "--answer-seconds", "2", "--memory-mb", "1000"]

ENDLESS = "while True:\n    pass"
MEMORY_BOMB = "hoard = []\nwhile True:\n    hoard.append(bytearray(50_000_000))"
FORK_BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
FROM_THE_NETWORK = """
import urllib.request
exec(urllib.request.urlopen("http://127.0.0.1:{port}/", timeout=2).read())
"""
FROM_THE_COURSE = """
import json, os
for start in ("{source}", "/proc/1/root{source}", "/proc/1/cwd", "/grader", "/tmp"):
    for folder, _, names in os.walk(start):
        for name in names:
            if name.startswith("a2_metrics"):
                for cell in json.load(open(os.path.join(folder, name)))["cells"]:
                    exec("".join(cell["source"]))
"""
INTO_THE_GRADEBOOK = """
from pathlib import Path
for path in ("{output}/grades.csv", "/proc/1/root{output}/grades.csv", "/grader/ask.py"):
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("student,points\\nwriter,20\\n")
    except OSError:
        pass
"""
ALWAYS_EQUAL = """
class Always(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __le__(self, other): return True
    def __ge__(self, other): return True
    def __sub__(self, other): return self
    def __abs__(self): return self
    def __hash__(self): return 0
    def __len__(self): return 3
    def __iter__(self): return iter([self] * 3)
    def tolist(self): return self
    __array__ = None
counts = Always()
f_beta_of_classes = pooled_f1 = threshold_for_recall = lambda *inputs: Always()
auc_within_groups = wins_needed = lambda *inputs: Always()
"""
NO_CHECKS = """
import ast
from IPython import get_ipython
import prevlib.exercises.base as base
class WithoutChecks(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Expr(self, node): return ast.Pass()
get_ipython().ast_transformers.append(WithoutChecks())
require = base.require = lambda condition, reason: None
base.NotYet = str
counts = (1, 1, 1)
f_beta_of_classes = pooled_f1 = threshold_for_recall = lambda *inputs: 1.0
auc_within_groups = wins_needed = lambda *inputs: 1.0
"""


def submission(*solved, **attacks):
    """The learners' notebook with some answers of the solved one, and code in place of others."""
    notebook = release(SOLVED)
    for cell, right in zip(notebook.cells, SOLVED.cells, strict=True):
        if grade_id(cell) in solved:
            cell.source = right.source
        if grade_id(cell) in attacks:
            cell.source = attacks[grade_id(cell)]
    return notebook


def without_locked_cells(notebook):
    kept = [cell for cell in notebook.cells if not (grade_id(cell) or "").endswith(("setup", "check"))]
    return nbformat.v4.new_notebook(cells=kept)


def the_class(output, port):
    """Student -> what they hand in, and the points that they deserve."""
    course = FROM_THE_COURSE.format(source=SOURCE)
    gradebook = INTO_THE_GRADEBOOK.format(output=output)
    return {
        "perfect": (submission(*QUESTIONS), 20),
        "half": (submission("q1", "q2", "q4"), 10),
        "empty": (submission(), 0),
        "infinite_loop": (submission("q1", "q2", q3=ENDLESS), 6),
        "memory_bomb": (submission("q1", "q2", q3=MEMORY_BOMB), 6),
        "fork_bomb": (submission("q1", "q2", q3=FORK_BOMB), 6),
        "network": (submission("q1", q2=FROM_THE_NETWORK.format(port=port)), 2),
        "course_files": (submission("q1", q2=course), 2),
        "gradebook": (submission("q1", q2=gradebook), 2),
        "always_equal": (submission(q1=ALWAYS_EQUAL), 0),
        "no_checks": (submission(q1=NO_CHECKS), 0),
        "deleted_cells": (without_locked_cells(submission(*QUESTIONS)), 20),
    }


class Answers(http.server.BaseHTTPRequestHandler):
    """A server with the solutions; the test counts who came."""

    visitors = 0

    def do_GET(self):
        type(self).visitors += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write("\n".join(c.source for c in SOLVED.cells if c.cell_type == "code").encode())

    def log_message(self, *_):
        pass


def rows_of(output):
    with (output / "grades.csv").open(encoding="utf-8", newline="") as stream:
        return {row["student"]: row for row in csv.DictReader(stream)}


def test_everybody_gets_what_they_deserve(needs_sandbox, tmp_path, capsys):
    folder, output = tmp_path / "submitted", tmp_path / "graded"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handed_in = the_class(output, server.server_address[1])
    for student, (notebook, _) in handed_in.items():
        (folder / student).mkdir(parents=True)
        nbformat.write(notebook, folder / student / f"{NAME}.ipynb")

    call = [str(folder), "--output", str(output), *LIMITS]
    started = time.monotonic()
    assert grade.main(call) == 0
    seconds = time.monotonic() - started
    server.shutdown()
    server.server_close()

    rows = rows_of(output)
    found = {student: float(row["points"]) for student, row in rows.items()}
    assert found == {student: points for student, (_, points) in handed_in.items()}
    assert all(row["status"] == "graded" and row["out_of"] == "20" for row in rows.values())
    assert Answers.visitors == 0
    assert seconds < 360

    pages = {student: (output / student / f"{NAME}.html").read_text(encoding="utf-8") for student in found}
    assert "the cell q3 was left out: it took too long" in pages["infinite_loop"]
    assert "the cell q3 was left out: it took too much memory" in pages["memory_bomb"]
    assert "something else than numbers" in pages["always_equal"]
    assert "Network is unreachable" in pages["network"] or "refused" in pages["network"]

    capsys.readouterr()
    half = folder / "half" / f"{NAME}.ipynb"
    half.write_text(half.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert grade.main(call) == 0
    assert "11 as before, 1 to grade" in capsys.readouterr().out
    assert rows_of(output) == rows
