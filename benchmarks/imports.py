"""How long until the work begins: imports, and the first vectors of notebook 00, each in a fresh process.

Ours and the peer take turns. A process that imports nothing is timed as well, since every row contains it.
Where both print vectors, these must be equal.

    python -m benchmarks imports
"""

import argparse
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import nbformat
import numpy as np

from benchmarks import compare, save

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "00_start_here.ipynb"
FIRST_VECTORS = "\nprint(encode(text, checkpoint).last_hidden_state[0, 0].tolist())"
THEIR_FIRST_VECTORS = """
import torch
from transformers import AutoModel, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained({path!r}), AutoModel.from_pretrained({path!r})
with torch.inference_mode():
    batch = tokenizer("Here is some text to encode", return_tensors="pt")
    print(model(**batch).last_hidden_state[0, 0].tolist())
"""


def run_fresh(code: str) -> str:
    """What it prints in a new Python, which may keep its compiled modules, as everywhere.

    Raises:
        subprocess.CalledProcessError: If it fails; a failure would be fast.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout


def first_cell() -> str:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return next(cell.source for cell in cells if cell.cell_type == "code")


def assert_same(ours: str, theirs: str) -> None:
    """Both printed the same numbers, or nothing."""
    np.testing.assert_allclose(*(json.loads(printed or "[]") for printed in (ours, theirs)), atol=1e-5)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks imports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--light", action="store_true", help="only what takes less than a second")
    options = parser.parse_args()

    pairs = [("a process that imports nothing", "pass", "import sklearn")]
    pairs += [("import prevlib", "import prevlib", "import sklearn")]
    if not options.light:
        from prevlib.checkpoints import checkpoint_path

        pairs += [
            ("import prevlib", "import prevlib", "import transformers"),
            ("import prevlib.metrics", "import prevlib.metrics", "import sklearn.metrics"),
            (
                "first vectors of notebook 00",
                first_cell() + FIRST_VECTORS,
                THEIR_FIRST_VECTORS.format(path=str(checkpoint_path("minilm"))),
            ),
        ]
    rows = []
    for work, ours, theirs in pairs:
        peer = theirs if "\n" not in theirs else "transformers"
        calls = partial(run_fresh, ours), partial(run_fresh, theirs)
        rows.append(compare(work, peer, *calls, same=assert_same, rounds=options.rounds))
    save("imports", rows)


if __name__ == "__main__":
    main()
