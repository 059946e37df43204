"""Assignments that grade themselves, for instructors: learners' notebooks, a sandbox, points with reasons.

``python -m grading release`` cuts the solutions out of the notebooks in `notebooks/assignments/source/`, and
``python -m grading grade`` scores what learners hand in; `notebooks/assignments/README.md` says how. The
package builds on prevlib and is not installed with it: both commands run in the folder that holds this one.

- `release.py` makes the learners' notebooks, and makes submissions whole.
- `score.py` holds what a question is, and compares answers with what was expected.
- `sandbox.py`, `inside.py`, `ask.py` and `run.py` put the questions to a notebook where it can do no harm.
- `assignment.py`, `grade.py`, `book.py` and `feedback.py` grade a folder of submissions.
"""
