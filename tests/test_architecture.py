"""The library keeps its order: lessons build on earlier lessons, and heavy imports stay where they belong."""

import ast
import re
import subprocess
import sys
import tokenize
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from prevlib import evaluation

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "prevlib"
LESSON_ORDER = (
    "texts arguments files datasets checkpoints tokenization masking losses encoder inference features "
    "setup_check workspace plots training pretraining finetuning metrics evaluation loss_checks language "
    "cost generation interpretation report exercises widgets __main__"
).split()
OF_THE_COURSE = {"prevlib", "grading", "benchmarks"}
MOST_LINES = {"prevlib": 12_600, "grading": 1_800}  # of code; tests, notebooks and data are not counted
NO_CODE = {getattr(tokenize, name) for name in "COMMENT NL NEWLINE INDENT DEDENT ENCODING ENDMARKER".split()}


def imported_modules(file: Path) -> set[str]:
    """Dotted names of everything that a file imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports must be absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def order_violations(package: Path) -> list[str]:
    """Imports of what stands later in the lesson order, or outside the library, and files without a place."""
    found = []
    for file in sorted(package.rglob("*.py")):
        lesson = file.relative_to(package).with_suffix("").parts[0]
        if lesson == "__init__":
            continue
        place = LESSON_ORDER.index(lesson) if lesson in LESSON_ORDER else -1
        for name in imported_modules(file):
            root, _, rest = name.partition(".")
            target = rest.split(".")[0] if root == "prevlib" else root
            if root in OF_THE_COURSE and target not in LESSON_ORDER[: place + 1]:
                found.append(f"{lesson} imports {target}")
        if place < 0:
            found.append(f"{lesson} has no place in the lesson order")
    return found


def test_files_import_only_earlier_lessons():
    assert order_violations(PACKAGE) == []


@pytest.mark.parametrize(
    "planted, found",
    [
        ("from grading.score import Case", "losses imports grading"),
        ("from prevlib.plots import plot_layers", "losses imports plots"),
        ("def f():\n    import prevlib.training", "losses imports training"),
        ("from prevlib import metrics", "losses imports metrics"),
    ],
)
def test_an_import_against_the_order_is_found(tmp_path, planted, found):
    (tmp_path / "losses.py").write_text(planted)
    assert order_violations(tmp_path) == [found]


STATISTICS = [*(PACKAGE / "metrics").rglob("*.py"), *(PACKAGE / "evaluation").rglob("*.py")]
KNOWN_TO_STATISTICS = {*sys.stdlib_module_names, "numpy", "pandas", "scipy", "sklearn"}
KNOWN_TO_STATISTICS |= {"prevlib.texts", "prevlib.arguments", "prevlib.metrics", "prevlib.evaluation"}


def test_metrics_and_statistics_know_nothing_of_models():
    """Neither torch nor anything that imports it; and the scores are our own."""
    for file in STATISTICS:
        for name in imported_modules(file):
            root, _, rest = name.partition(".")
            known = f"{root}.{rest.split('.')[0]}" if root == "prevlib" else root
            assert known in KNOWN_TO_STATISTICS and not name.startswith("sklearn.metrics"), f"{file}: {name}"


def test_names_of_later_lessons_are_where_the_statistics_say():
    """Nothing else among the statistics points upward: imports at run time stand beside that table only."""
    later = LESSON_ORDER[LESSON_ORDER.index("evaluation") + 1 :]
    for name, module in evaluation._LOADED_LATE.items():
        assert module.split(".")[1] in later
        assert getattr(evaluation, name) is vars(import_module(module))[name]
        assert vars(import_module(module))[name].__module__ == module
    dynamic = [file for file in STATISTICS if re.search(r"importlib|__import__", file.read_text("utf-8"))]
    assert dynamic == [PACKAGE / "evaluation" / "__init__.py"]


def test_importing_the_package_loads_nothing_heavy():
    probe = (
        "import prevlib, sys; print([m for m in ('torch', 'transformers', 'pandas', 'matplotlib', 'numpy')"
    )
    probe += " if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"


def test_nothing_in_the_library_prints_or_shows():
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                assert name not in ("print", "show"), f"{file}:{node.lineno}"


def code_lines(file: Path) -> int:
    """How many lines hold code: neither blank, nor only a comment, nor part of a docstring."""
    with file.open("rb") as stream:
        tokens = [token for token in tokenize.tokenize(stream.readline) if token.type not in NO_CODE]
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(file.read_bytes())):
        with_docstring = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if with_docstring and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


COUNTED = '''"""A

docstring."""

X = """two
lines"""  # of code
# why
def f():
    "One."
    return (

        1)
'''


def test_code_lines_are_those_that_do_something(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(COUNTED)
    assert code_lines(file) == 2 + 1 + 2


@pytest.mark.parametrize("package", MOST_LINES)
def test_the_code_stays_small(package):
    rooms = Counter()
    for file in (ROOT / package).rglob("*.py"):
        rooms[file.relative_to(ROOT / package).parts[0].removesuffix(".py")] += code_lines(file)
    listed = ", ".join(f"{room} {n_lines:,}" for room, n_lines in rooms.most_common())
    message = (
        f"{package} must have at most {MOST_LINES[package]:,} lines of code; got {rooms.total():,}: {listed}"
    )
    print(message)
    assert rooms.total() <= MOST_LINES[package], message
