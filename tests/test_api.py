"""One convention for all public functions: order of arguments, shared options, sections of the docstring."""

import ast
import importlib.util
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

import prevlib
from prevlib.arguments import check_count

SHARED = {  # option -> defaults that it may have; `batch_size` None is as many texts as hold so many tokens
    "show_progress": [True],
    "batch_size": [32, None],
    "seed": [0],
    "level": [0.95],
    "groups": [None],
}
MODELS = ("checkpoint", "checkpoints", "model", "classifier", "tagger", "encoder")
BEHIND_A_MODEL = ("batch", "config", "optimizer", "state")  # what a step of training takes
MODEL_FIRST = ("fit", "predict_logits", "evaluate_mlm", "cost_profile")
RENAMED = {"n_labels": "n_train"}
RESULTS = ("Returns", "Yields")


def public_functions() -> dict[str, Callable]:
    """Those that a room imports into its ``__init__.py``; if it imports none, those of each of its files."""
    functions = {}
    modules = [importlib.import_module(room.name) for room in rooms(prevlib)]
    for module in modules:
        own = {
            f"{module.__name__}.{name}": function
            for name, function in vars(module).items()
            if inspect.isfunction(function)
            and function.__module__.startswith(module.__name__)
            and not name.startswith("_")
        }
        functions |= own
        if not own and hasattr(module, "__path__"):
            modules += [importlib.import_module(file.name) for file in rooms(module)]
    return functions


def rooms(package: ModuleType) -> Iterator[pkgutil.ModuleInfo]:
    """The rooms of the library, or the files of a room; no commands, and no exercises, which are objects."""
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.name.split(".")[-1] not in ("__main__", "exercises"):
            yield module


def violations(function: Callable) -> Iterator[str]:
    """What a function does against the convention, one phrase for each fault."""
    parameters = inspect.signature(function).parameters
    for name, parameter in parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD and name != "fields":  # those are of a template
            yield f"**{name} hides the options"
        if name in RENAMED:
            yield f"{name} is called {RENAMED[name]}"
        if name in SHARED and parameter.kind is not parameter.KEYWORD_ONLY:
            yield f"{name} can be passed by position"
        if name in SHARED and parameter.default not in SHARED[name]:
            yield f"{name} has another default than {SHARED[name]}"

    places = [name for name, parameter in parameters.items() if parameter.kind < parameter.VAR_POSITIONAL]
    if "metric" in places[1:]:
        yield "metric is not first"
    if function.__name__ not in MODEL_FIRST:
        for place, name in enumerate(places):
            behind = [other for other in places[place + 1 :] if other not in MODELS + BEHIND_A_MODEL]
            if name in MODELS and behind:
                yield f"{name} stands before {', '.join(behind)}"

    sections = docstring_sections(function)
    names_of_entries = re.findall(r"^ {4}(\w[\w,\s]*):", sections.get("Args", ""), flags=re.MULTILINE)
    explained = set(re.findall(r"\w+", " ".join(names_of_entries)))
    if missing := [name for name in parameters if name not in explained]:
        yield f"Args lacks {', '.join(missing)}"
    returns_nothing = inspect.signature(function).return_annotation in (None, "None")
    if not returns_nothing and not sections.keys() & set(RESULTS):
        yield "no Returns"
    if raises(function) and "Raises" not in sections:
        yield "no Raises"


def docstring_sections(function: Callable) -> dict[str, str]:
    """Heading -> text below it, of a docstring in Google form."""
    parts = re.split(r"^(\w+):$", inspect.getdoc(function) or "", flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def raises(function: Callable) -> bool:
    """Whether the body raises an error itself, rather than what it calls, or a function inside it."""
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body
    nodes = list(tree.body)
    for node in nodes:
        if isinstance(node, ast.Raise):
            return True
        if not isinstance(node, ast.FunctionDef):
            nodes += ast.iter_child_nodes(node)
    return False


def test_all_public_functions_follow_the_convention():
    faults = {name: list(violations(function)) for name, function in public_functions().items()}
    faults = {name: found for name, found in faults.items() if found}
    assert faults == {}


def test_the_walk_reaches_rooms_of_one_file_and_of_many():
    names = public_functions()
    assert {"prevlib.arguments.check_count", "prevlib.metrics.f1_score", "prevlib.plots.plot_bars"} <= {
        *names
    }
    assert "prevlib.generation.check_count" not in names  # imported there, at home elsewhere
    assert all(any(name.endswith(f".{known}") for name in names) for known in MODEL_FIRST)


def conforming(metric, texts, checkpoint="mini", *, batch_size: int = 32, seed: int = 0) -> float:
    """What a function should look like.

    Args:
        metric, texts,
            checkpoint: The order.
        batch_size, seed: Options.
    Returns:
        A number.
    Raises:
        ValueError: If there are no texts.
    """
    if not texts:
        raise ValueError
    return 0.0


def check_only(value) -> None:
    """A function that returns nothing, and leaves the errors to others.

    Args:
        value: Anything.
    """
    check_count("value", value)


@pytest.mark.parametrize("function", [conforming, check_only])
def test_a_function_that_conforms_has_no_fault(function):
    assert list(violations(function)) == []


@pytest.mark.parametrize(
    "signature, fault",
    [
        ("(checkpoint, texts)", "checkpoint stands before texts"),
        ("(texts, checkpoint, labels=None)", "checkpoint stands before labels"),
        ("(model, n_rows)", "model stands before n_rows"),
        ("(y_true, metric)", "metric is not first"),
        ("(texts, **options)", "**options hides the options"),
        ("(texts, seed=0)", "seed can be passed by position"),
        ("(texts, *, seed)", "seed has another default than [0]"),
        ("(texts, *, seed=None)", "seed has another default than [0]"),
        ("(texts, *, level=0.9)", "level has another default than [0.95]"),
        ("(texts, *, show_progress=False)", "show_progress has another default than [True]"),
        ("(texts, *, batch_size=16)", "batch_size has another default than [32, None]"),
        ("(texts, *, groups=())", "groups has another default than [None]"),
        ("(texts, *, n_labels=1000)", "n_labels is called n_train"),
    ],
)
def test_a_misplaced_argument_is_a_fault(tmp_path, signature, fault):
    names = ", ".join(re.findall(r"(\w+)[,)=]", signature.replace("=None", "")))
    file = tmp_path / "planted.py"
    file.write_text(
        f'def planted{signature} -> None:\n    """Planted.\n\n    Args:\n        {names}: All."""\n'
    )
    spec = importlib.util.spec_from_file_location("planted", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert list(violations(module.planted)) == [fault]


@pytest.mark.parametrize(
    "cut, fault",
    [
        (r"    Returns:\n.*\n", "no Returns"),
        (r"    Raises:\n.*\n", "no Raises"),
        (r"    Args:\n(.*\n)*?(?=    Returns)", "Args lacks metric, texts, checkpoint, batch_size, seed"),
        (r"batch_size, ", "Args lacks batch_size"),
        (r"(?s).*", "Args lacks metric, texts, checkpoint, batch_size, seed; no Returns; no Raises"),
    ],
)
def test_a_section_that_is_missing_is_a_fault(monkeypatch, cut, fault):
    monkeypatch.setattr(conforming, "__doc__", re.sub(cut, "", conforming.__doc__, count=1))
    assert "; ".join(violations(conforming)) == fault
