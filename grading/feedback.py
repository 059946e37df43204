"""What people read of a grading run: one page a submission, one table of all.

A page says why points are missing. It holds no hidden input, no expected value
and no markup of the learner's: every text is escaped, no output is shown as is.
"""

import csv
import html
import io
from collections.abc import Sequence

STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4em .8em .4em 0; border-top: 1px solid #ccc }
pre { white-space: pre-wrap; background: #f4f4f4; padding: .6em }
"""


def page(result: dict) -> str:
    """The feedback on one submission, as HTML."""
    e = html.escape
    rows = "".join(
        f"<tr><td>{e(name)}</td><td>{shown(item['points'])} of {shown(item['out_of'])}</td>"
        f"<td>{'<br>'.join(map(e, item['reasons'])) or 'right'}</td></tr>"
        for name, item in result["questions"].items()
    )
    notes = "".join(f"<li>{e(note)}</li>" for note in result["notes"])
    texts = "".join(
        f"<h2>{e(name)}, as you wrote it</h2><pre>{e(text)}</pre>" for name, text in result["texts"].items()
    )
    title = f"{e(result['assignment'])}: {e(result['student'])}"
    total = f"{shown(result['points'])} of {shown(result['out_of'])} points ({e(result['status'])})"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style><h1>{title}</h1><p>{total}</p>"
        f"<table><tr><th>question</th><th>points</th><th>why</th></tr>{rows}</table>"
        f"{'<h2>While your notebook ran</h2><ul>' + notes + '</ul>' if notes else ''}{texts}</html>\n"
    )


def table(results: Sequence[dict]) -> str:
    """All submissions as CSV, one row each; a question that waits for a reader is empty."""
    names = sorted({name for result in results for name in result["questions"]})
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["student", "assignment", "status", "points", "out_of", *names])
    for result in results:
        points = [shown(result["questions"].get(name, {}).get("points")) for name in names]
        row = [result["student"], result["assignment"], result["status"]]
        writer.writerow([*row, shown(result["points"]), shown(result["out_of"]), *points])
    return stream.getvalue()


def shown(points: float | None) -> str:
    return "" if points is None else f"{points:g}"
