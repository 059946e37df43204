"""`make frame`: links between the lessons, and from each term of the glossary to its first use.

Everything is read from the notebooks that are there, so that it can be run again after any change of them.
"""

import json
import re
import sys
import textwrap
from pathlib import Path
from urllib.parse import quote

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
TOP = re.compile(
    r"^(?=.*\[course\s+page\]\(course\.ipynb\)).*·.*\Z", re.DOTALL
)  # a paragraph of the first cell
BOTTOM = re.compile(r"\n*^\*\*Next:\*\*.*\Z", re.DOTALL | re.MULTILINE)  # what older last cells end with
IN_PASSING = {"accuracy", "confidence"}  # set off somewhere, but not where they are introduced
TERM = re.compile(r"\*\*(?P<term>[^*]+)\*\*: (?P<definition>.*?)(?:\s+First\s+in\s+\[[^]]*\]\([^)]*\)\.)?")


def lessons(folder=NOTEBOOKS):
    """Path -> content of each lesson, in order."""
    return {path: read(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def text(cell):
    return "".join(cell["source"])


def title(content):
    return re.match(r"# (.*)", text(content["cells"][0]))[1]


def wrapped(paragraph):
    return textwrap.fill(" ".join(paragraph.split()), 80, break_long_words=False, break_on_hyphens=False)


def navigation(course, path):
    """The previous lesson, the course page and the glossary, and the next lesson, as links."""
    paths = [None, *course, None]
    here = paths.index(path)
    parts = ["[course page](course.ipynb) · [glossary](glossary.ipynb)"]
    if before := paths[here - 1]:
        parts.insert(0, f"**Previous:** [{title(course[before])}]({before.name})")
    if after := paths[here + 1]:
        parts.append(f"**Next:** [{title(course[after])}]({after.name})")
    words = " · ".join(re.sub(r"\[.*?\]", lambda link: link[0].replace(" ", "\0"), part) for part in parts)
    return wrapped(words).replace("\0", " ")  # no link is broken over two lines


def framed(content, line):
    """The lesson with this line below its card, and in a last cell of its own."""
    first, *others = [cell for cell in content["cells"] if cell.get("id") != "frame-bottom"]
    head, card, *rest = text(first).split("\n\n")
    first = with_text(first, "\n\n".join([head, card, line, *(p for p in rest if not TOP.match(p))]))
    if others and others[-1]["cell_type"] == "markdown":
        others[-1] = with_text(others[-1], BOTTOM.sub("", text(others[-1])))
    last = {"cell_type": "markdown", "id": "frame-bottom", "metadata": {}, "source": []}
    return {**content, "cells": [first, *others, with_text(last, line)]}


def with_text(cell, source):
    return {**cell, "source": source.splitlines(keepends=True)}


def sections(content, *, taught):
    """Heading and text of each Markdown cell; if taught, without the card, the exercises and the summary."""
    heading = None if taught else title(content)
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown" and cell.get("id") != "frame-bottom":
            heading = ([heading] + re.findall(r"^## (.*)", text(cell), re.MULTILINE))[-1]
            if not taught or heading not in (None, "Exercises", "Summary"):
                yield heading, re.sub(r"\]\([^)]*\)", "]", text(cell))


def pattern(term):
    """The term in running text: its plural too, over the end of a line, as a word of its own."""
    name = r"[\s-]+".join(map(re.escape, re.sub(r" \(.*\)", "", term).split()))
    return rf"(?<![\w-])`?{re.sub('y$', '(?:y|ie)', name)}`?(?:s|es)?(?![\w-])"


def first_use(course, term):
    """Where a term is set off in italics or bold first, or else where it stands first; None if nowhere."""
    emphasised = rf"(?<!\*)(\*{{1,2}}){pattern(term)}\1(?!\*)"
    ways = [(emphasised, True), (pattern(term), True), (pattern(term), False)]
    for form, taught in ways[term in IN_PASSING :]:
        for path, content in course.items():
            for heading, source in sections(content, taught=taught):
                if re.search(form, source, re.IGNORECASE):
                    return path, heading
    return None


def entry(course, paragraph):
    """A paragraph of the glossary with a link to the first use; other paragraphs as they are."""
    found = TERM.fullmatch(" ".join(paragraph.split()))
    if not found:
        return paragraph
    use = first_use(course, found["term"])
    if use is None:
        raise ValueError(f"A term of the glossary must occur in a lesson; got {found['term']!r}. Remove it.")
    path, heading = use
    anchor = quote(heading.replace(" ", "-"), safe=":?',")  # as JupyterLab makes it
    link = f"[{title(course[path])}]({path.name}#{anchor})"
    return wrapped(f"**{found['term']}**: {found['definition']} First in {link}.")


def glossary(course, content):
    cells = [
        with_text(cell, "\n\n".join(entry(course, part) for part in text(cell).split("\n\n")))
        for cell in content["cells"]
    ]
    return {**content, "cells": cells}


def stale(folder=NOTEBOOKS):
    """Path -> new content of each notebook that is not as it should be."""
    course = lessons(folder)
    new = {path: framed(content, navigation(course, path)) for path, content in course.items()}
    page = folder / "glossary.ipynb"
    old = {**course, page: read(page)}
    new[page] = glossary(new, old[page])
    return {path: content for path, content in new.items() if content != old[path]}


if __name__ == "__main__":
    for path, content in stale().items():
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"renewed: {path.name}", file=sys.stderr)
