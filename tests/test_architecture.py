"""The library keeps its order: lessons build on earlier lessons, and heavy imports stay where they belong."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "prevlib"
LESSON_ORDER = (
    "arguments datasets checkpoints tokenization masking losses features setup_check training pretraining "
    "finetuning metrics evaluation generation interpretation plots exercises widgets __main__"
).split()


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
    """Imports of a prevlib file that stands later in the lesson order, and files without a place in it."""
    found = []
    for file in sorted(package.rglob("*.py")):
        lesson = file.relative_to(package).with_suffix("").parts[0]
        if lesson == "__init__":
            continue
        place = LESSON_ORDER.index(lesson) if lesson in LESSON_ORDER else -1
        for name in imported_modules(file):
            root, _, rest = name.partition(".")
            target = rest.split(".")[0]
            if root == "prevlib" and (target not in LESSON_ORDER[: place + 1]):
                found.append(f"{lesson} imports {target}")
        if place < 0:
            found.append(f"{lesson} has no place in the lesson order")
    return found


def test_files_import_only_earlier_lessons():
    assert order_violations(PACKAGE) == []


@pytest.mark.parametrize(
    "planted, found",
    [
        ("from prevlib.plots import plot_layers", "losses imports plots"),
        ("def f():\n    import prevlib.training", "losses imports training"),
        ("from prevlib import metrics", "losses imports metrics"),
    ],
)
def test_an_import_against_the_order_is_found(tmp_path, planted, found):
    (tmp_path / "losses.py").write_text(planted)
    assert order_violations(tmp_path) == [found]


BORDER = {
    "checks.py",
    "cost.py",
    "language.py",
    "masked_logits.py",
    "measure.py",
    "pipeline.py",
    "tasks.py",
}  # these ask a model, or a loss, and return numbers


def test_metrics_and_statistics_know_nothing_of_torch():
    for file in [*(PACKAGE / "metrics").rglob("*.py"), *(PACKAGE / "evaluation").rglob("*.py")]:
        roots = {name.split(".")[0] for name in imported_modules(file)}
        assert not roots & {"torch", "transformers"} or file.name in BORDER, file
        assert not any(name.startswith("sklearn.metrics") for name in imported_modules(file)), file


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
