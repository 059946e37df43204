"""The one command: ``python -m benchmarks NAME [options]``; without a name, the names."""

import ast
import importlib
import sys
from pathlib import Path


def names() -> dict[str, str]:
    """Every benchmark of this folder, and the first line of its docstring."""
    paths = sorted(Path(__file__).parent.glob("[!_]*.py"))
    return {p.stem: ast.get_docstring(ast.parse(p.read_text("utf-8"))).splitlines()[0] for p in paths}


def main() -> None:
    listed = names()
    if len(sys.argv) < 2 or sys.argv[1] not in listed:
        print("usage: python -m benchmarks NAME [options]\n")
        print("\n".join(f"{name:18} {summary}" for name, summary in listed.items()))
        sys.exit(2 if len(sys.argv) > 1 else 0)
    del sys.argv[0]  # what follows belongs to the benchmark
    importlib.import_module(f"benchmarks.{sys.argv[0]}").main()


if __name__ == "__main__":
    main()
