"""How many wrong solutions would an exercise accept? ``python tests/exercises/mutants.py`` counts.

Each solution is changed in one place, by machine: an operator, a comparison, a constant, a function by its
opposite, a line left out. A mutant that still behaves like the solution is no mistake; of the others, those
that the judge accepts are holes in it.
"""

import ast
import copy
import inspect
import sys
import textwrap
import warnings
from collections import Counter

import numpy as np
import torch
from exercises_of_the_course import EXERCISES

from prevlib.exercises.base import NotYet, same, time_limit

SWAPS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Div],
    ast.Pow: [ast.Mult],
    ast.Mod: [ast.FloorDiv],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.USub: [ast.UAdd],
    ast.Not: [],
}
NAMES = {
    "min": "max", "max": "min", "sum": "mean", "mean": "sum", "any": "all", "all": "any", "argmax": "argmin",
    "exp": "log", "log": "exp", "amax": "amin", "startswith": "endswith", "zeros": "ones", "ones": "zeros",
    "sort": "unique", "floor": "ceil", "ceil": "floor", "logsumexp": "sum",
}  # fmt: skip


def places(tree):
    """(node, function that mutates it) for every single change."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.UnaryOp | ast.BoolOp):
            for new in SWAPS.get(type(node.op), []):
                yield node, lambda n, new=new: setattr(n, "op", new())
        elif isinstance(node, ast.Compare):
            for new in SWAPS.get(type(node.ops[0]), []):
                yield node, lambda n, new=new: n.ops.__setitem__(0, new())
        elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            if isinstance(node.value, bool):
                yield node, lambda n: setattr(n, "value", not n.value)
            else:
                yield node, lambda n: setattr(n, "value", n.value + 1)
                if node.value not in (0, 1):
                    yield node, lambda n: setattr(n, "value", -n.value)
        elif isinstance(node, ast.Attribute) and node.attr in NAMES:
            yield node, lambda n: setattr(n, "attr", NAMES[n.attr])
        elif isinstance(node, ast.Name) and node.id in NAMES:
            yield node, lambda n: setattr(n, "id", NAMES[n.id])
        elif isinstance(node, ast.IfExp):
            yield node, lambda n: setattr(n, "test", ast.Constant(True))
            yield node, lambda n: setattr(n, "test", ast.Constant(False))
        if isinstance(getattr(node, "body", None), list):
            for i, line in enumerate(node.body):
                if not isinstance(line, ast.Return | ast.FunctionDef) and not is_text(line):
                    yield node, lambda n, i=i: n.body.__setitem__(i, ast.Pass())


def is_text(line):
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def mutants(exercise):
    """(what the mutant says, its function) for each change that compiles."""
    source = textwrap.dedent(inspect.getsource(exercise.solve))
    tree = ast.parse(source)
    tree.body[0].decorator_list = []
    for k in range(len(list(places(tree)))):
        changed = copy.deepcopy(tree)
        node, mutate = list(places(changed))[k]
        mutate(node)
        ast.fix_missing_locations(changed)
        scope = dict(exercise.solve.__globals__)
        exec(compile(changed, "mutant", "exec"), scope)
        yield f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)[:70]}", scope[exercise.solve.__name__]


def calls_of(exercise):
    """The arguments with which the judge calls the solution, and the results."""
    seen = []

    def spy(*args, **options):
        given = copy.deepcopy((args, options))  # before a generator among them is used
        result = exercise.solve(*args, **options)
        seen.append((*given, result))
        return result

    exercise.check(spy)
    return seen


def outcome(function, args, options):
    try:
        with time_limit(1), np.errstate(all="ignore"):
            return function(*copy.deepcopy(args), **copy.deepcopy(options))
    except BaseException as error:
        return type(error).__name__


def varied(argument, rng):
    """The argument with its numbers drawn again from themselves: what a judge might have asked as well."""
    if isinstance(argument, np.ndarray) and argument.size and argument.dtype.kind in "biuf":
        return rng.choice(argument.ravel(), argument.shape)
    if isinstance(argument, torch.Tensor) and argument.numel():
        return argument.flatten()[torch.from_numpy(rng.integers(argument.numel(), size=argument.shape))]
    return argument


def variations(exercise, calls, n=20):
    """Further calls, and what the solution makes of them."""
    rng = np.random.default_rng(0)
    for args, options, _ in list(calls):
        for _ in range(n):
            other = tuple(varied(argument, rng) for argument in args)
            yield other, options, outcome(exercise.solve, other, options)


def differs(exercise, mutant, calls):
    """Whether the mutant behaves otherwise on any of the calls, or returns another value."""
    if exercise.value:
        return not same(outcome(mutant, (), {}), exercise.answer)
    return any(not same(outcome(mutant, args, options), result) for args, options, result in calls)


def study():
    """Counts of mutants: equivalent, rejected, and a list of those accepted."""
    counts, accepted = Counter(), []
    warnings.simplefilter("ignore")  # a mutant may divide by zero
    for name, exercise in EXERCISES.items():
        calls = [] if exercise.value else calls_of(exercise)
        calls += list(variations(exercise, calls))
        for what, mutant in mutants(exercise):
            if not differs(exercise, mutant, calls):
                counts["equivalent"] += 1
                continue
            answer = outcome(mutant, (), {}) if exercise.value else mutant
            try:
                exercise._judge(answer)
            except NotYet:
                counts["rejected"] += 1
            else:
                accepted.append(f"{name}, {what}")
    return counts, accepted


def main():
    counts, accepted = study()
    changed = counts["rejected"] + len(accepted)
    made, share = counts["equivalent"] + changed, counts["rejected"] / changed
    sys.stdout.write(f"{made} mutants of {len(EXERCISES)} solutions, {changed} behave otherwise, of which ")
    sys.stdout.write(f"{counts['rejected']} are rejected ({share:.1%})\n")
    for line in accepted:
        sys.stdout.write(f"accepted: {line}\n")


if __name__ == "__main__":
    main()
