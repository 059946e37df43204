"""The frame of the lessons is as their notebooks say, each link leads somewhere, and pictures have words."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import frame
import pytest

ROOT = Path(__file__).parents[1]
COURSE = frame.lessons()
PAGES = [*sorted((ROOT / "notebooks").glob("*.ipynb")), ROOT / "README.md"]
# Lessons that still name a source without a link; none may join them.
WITHOUT_LINKS = {"01", "02"}
SOURCES = (
    r"https://doi\.org/10\.\d{4,}/\S+",
    r"https://arxiv\.org/abs/(\d{4}\.\d{4,5}|[a-z-]+/\d{7})",
    r"https://aclanthology\.org/[\w.-]+/?",
    r"https://proceedings\.mlr\.press/v\d+/\w+\.html",
    r"https://www\.deeplearningbook\.org",  # a book, by its authors
    r"https://docs\.astral\.sh/uv/",  # a tool of the README
)
LINK = re.compile(r"\[(?P<text>[^][]*)\]\((?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)")
CITED = re.compile(r"(?<!\[)\b[A-Z]\w+(?: et\s+al\.| &\s+[A-Z]\w+)?,?\s+\(?(?:19|20)\d\d\b")


def prose(path):
    """The Markdown of a page, without code."""
    if path.suffix == ".md":
        source = path.read_text(encoding="utf-8")
    else:
        cells = [cell for cell in frame.read(path)["cells"] if cell["cell_type"] == "markdown"]
        source = "\n\n".join(map(frame.text, cells))
    return re.sub(r"(`{3}).*?\1|(`+).*?\2", "", source, flags=re.DOTALL)


def anchors(path):
    """What may stand behind `#`: headings as JupyterLab names them in notebooks, as GitHub does in README."""
    headings = re.findall(r"^#+ (.*)", prose(path), re.MULTILINE)
    if path.suffix == ".md":
        return {re.sub(r"[^\w\s-]", "", heading).lower().replace(" ", "-") for heading in headings}
    return {heading.replace(" ", "-") for heading in headings}


def broken_links(path):
    """Targets that are not there, and addresses of a form that no source has."""
    broken = []
    for link in LINK.finditer(prose(path)):
        target, _, anchor = link["target"].partition("#")
        if "://" in target or target.startswith("www."):
            good = any(re.fullmatch(form, link["target"]) for form in SOURCES)
        else:
            file = path.parent / target if target else path
            good = file.exists() and (not anchor or unquote(anchor) in anchors(file))
        if not good:
            broken.append(link["target"])
    return broken


def bare_citations(source):
    """Author and year, or a number, with no link around them."""
    without_links = LINK.sub("", source)
    numbers = re.findall(r"\b(?:arXiv|doi)[: ]\S+", without_links, re.IGNORECASE)
    return [*CITED.findall(without_links), *numbers]


def test_no_notebook_is_stale():
    names = [path.name for path in frame.stale()]
    assert not names, f"`make frame` renews them: {', '.join(names)}"


def notebook(*sources):
    cells = [{"cell_type": "markdown", "id": f"c{i}", "source": [s]} for i, s in enumerate(sources)]
    return {"cells": cells}


@pytest.fixture
def small_course(tmp_path):
    """Two lessons with a gap between their numbers, one with links by hand, and a glossary."""
    for name, content in {
        "00_a": notebook("# 00 A\n\n*card*\n\n[course\npage](course.ipynb) · [02 B](b.ipynb)\n\nGoal."),
        "02_b": notebook(
            "# 02 B\n\n*card*\n\nGoal.", "## 1 Why?\n\nA *loss*.", "End.\n\n**Next:** lesson 9."
        ),
        "glossary": notebook("# Glossary\n\nTerms.", "## L\n\n**loss**: What is small."),
    }.items():
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def test_the_frame_of_two_lessons(small_course):
    new = {
        path.stem: [frame.text(cell) for cell in c["cells"]] for path, c in frame.stale(small_course).items()
    }
    pages = "[course page](course.ipynb) · [glossary](glossary.ipynb)"
    after = f"{pages} ·\n**Next:** [02 B](02_b.ipynb)"
    before = f"**Previous:** [00 A](00_a.ipynb) · {pages}"
    assert " ".join(new["00_a"][0].split()) == " ".join(f"# 00 A *card* {after} Goal.".split())
    assert " ".join(new["00_a"][1].split()) == " ".join(after.split())
    assert " ".join(new["02_b"][0].split()) == " ".join(f"# 02 B *card* {before} Goal.".split())
    assert new["02_b"][2] == "End." and " ".join(new["02_b"][3].split()) == " ".join(before.split())
    assert new["glossary"][1] == "## L\n\n**loss**: What is small. First in [02 B](02_b.ipynb#1-Why?)."


def test_a_second_run_changes_nothing(small_course):
    for path, content in frame.stale(small_course).items():
        path.write_text(json.dumps(content), encoding="utf-8")
    assert frame.stale(small_course) == {}


def test_a_term_that_no_lesson_has_is_refused(small_course):
    (small_course / "glossary.ipynb").write_text(json.dumps(notebook("**tree**: A graph.")), encoding="utf-8")
    with pytest.raises(ValueError, match=r"A term .* must occur in a lesson; got 'tree'\. Remove it\."):
        frame.stale(small_course)


def test_the_glossary_is_in_order_and_holds_no_term_twice():
    terms = re.findall(r"^\*\*(.*?)\*\*:", prose(ROOT / "notebooks" / "glossary.ipynb"), re.MULTILINE)
    assert 60 <= len(terms) <= 100
    assert terms == sorted(set(terms), key=str.casefold)


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_its_links_lead_somewhere(path):
    assert broken_links(path) == []


@pytest.mark.parametrize("path", COURSE, ids=[path.stem for path in COURSE])
def test_its_sources_have_links(path):
    assert (bare_citations(prose(path)) != []) is (path.name[:2] in WITHOUT_LINKS)


def pictures_without_words(cells):
    """Ids of cells with a picture that no text follows within two cells: JupyterLab drops its alternative."""
    return [
        cell["id"]
        for i, cell in enumerate(cells)
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
        and not any(
            after["cell_type"] == "markdown" and len(frame.text(after).split()) >= 12
            for after in cells[i + 1 : i + 3]
        )
    ]


@pytest.mark.parametrize("path", COURSE, ids=[path.stem for path in COURSE])
def test_its_pictures_are_followed_by_words(path):
    assert pictures_without_words(COURSE[path]["cells"]) == []


def test_a_picture_without_words_is_noticed():
    plot = {"id": "plot", "cell_type": "code", "outputs": [{"data": {"image/png": ""}}]}
    text = {"id": "text", "cell_type": "markdown", "source": ["word " * 12]}
    title = {"id": "title", "cell_type": "markdown", "source": ["## Why?"]}
    assert pictures_without_words([plot, text, plot, title, text]) == []
    assert pictures_without_words([plot, title, title, text, plot]) == ["plot", "plot"]


@pytest.mark.parametrize(
    "source",
    [
        "See Devlin et al. 2019.",
        "See Wettig et al.\n(2023).",
        "Kudo 2018 says",
        "Jain & Wallace 2019",
        "arXiv:1810.04805",
        "doi 10.1145/2382577",
    ],
)
def test_a_source_without_a_link_is_noticed(source):
    assert bare_citations(source)


@pytest.mark.parametrize(
    "source",
    [
        "[no file](none.ipynb)",
        "[no heading](README.md#none)",
        "[a bare number](1810.04805)",
        "[no such form](https://arxiv.org/1810.04805)",
        "[somewhere](https://example.org)",
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(source, tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"# Title\n\n{source} and [here](#title)", encoding="utf-8")
    assert broken_links(page) == [LINK.search(source)["target"]]
