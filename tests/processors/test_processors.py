"""The bundles take effect, and jitter tells the outputs that hold from those that stand on an edge."""

import os
import platform
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import bundles
import nbclient
import nbformat
import pytest

IN_A_BUNDLE = "ATEN_CPU_CAPABILITY" in os.environ
INTEL_OR_AMD = platform.machine() in ("x86_64", "AMD64")
CELLS = {
    "set-up": """
import numpy as np
from sklearn.linear_model import LogisticRegression
from prevlib.evaluation import pseudo_log_likelihood
from prevlib.features import extract_features
texts = ["a joy .", "a bore .", "lovely , all of it .", "dull and far too long ."]
x = extract_features(texts, "mini", layer="all")
model = LogisticRegression().fit(x[:, -1], [1, 0, 1, 0])""",
    "a hidden state": "print([f'{state:.6f}' for state in x[0, :, 0]])",
    "a logit": "print(pseudo_log_likelihood(texts, 'mini').round(5))",
    "a score": "print(f'{model.decision_function(np.ones((1, 256)))[0]:.5f}')",
    "predictions with a margin": "print(model.predict(x[:, -1]), x.shape)",
    "alone and in a batch": """
alone = extract_features(texts[2:3], "mini", layer="all")[0]
print("the same within 1e-5:", np.abs(alone - x[2]).max() < 1e-5)""",
    "exact": "print([f'{state:.6f}' for state in x[1, :, 0]])",
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A notebook of these cells, with the outputs that this processor gives."""
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in CELLS.values()]
    cells[-1].metadata["tags"] = ["exact"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    folder = tmp_path_factory.mktemp("planted")
    nbclient.NotebookClient(notebook, resources={"metadata": {"path": folder}}).execute()
    nbformat.write(notebook, folder / "planted.ipynb")
    return folder


def failed_and_compared(folder, bundle):
    """Names of cells, from the run that ``make processors`` makes."""
    report = folder / "report.xml"
    arguments = [
        "-o",
        ".venv/.installed",
        f"BIN={Path(sys.executable).parent}",
        f"COMPARED={folder}/planted.ipynb",
    ]
    command = bundles.command(bundle, "nbval", report, *arguments)
    environment = os.environ | bundle.variables
    subprocess.run(command, cwd=bundles.ROOT, env=environment, capture_output=True, timeout=600)
    cases = ElementTree.parse(report).getroot().findall(".//testcase")
    names = dict(zip(cases, CELLS, strict=True))
    failed = [names[case] for case in cases if case.find("failure") is not None]
    return failed, [names[case] for case in cases if bundles.was_compared(case)]


def test_without_jitter_every_planted_cell_passes(planted):
    native = bundles.Bundle("native", {})
    assert failed_and_compared(planted, native) == ([], list(CELLS))


def test_jitter_fails_the_cells_that_stand_on_an_edge_and_no_other(planted):
    failed, compared = failed_and_compared(planted, bundles.JITTER)
    assert failed == ["a hidden state", "a logit", "a score"]
    assert compared == list(CELLS)[:-1]  # without the one tagged `exact`


@pytest.mark.skipif(IN_A_BUNDLE, reason="this process does not see what the processor has")
@pytest.mark.skipif(not INTEL_OR_AMD, reason="the names are those of x86-64")
@pytest.mark.parametrize(
    "bundle, signs",
    [
        (
            bundles.LOWEST,
            ["PyTorch DEFAULT", "NumPy baseline", "Nehalem", "threads 1", "SSE4.1", "MKL COMPATIBLE"],
        ),
        (bundles.AVX2, ["PyTorch AVX2", "NumPy X86_V3", "Haswell", "threads 2", "oneDNN Intel AVX2"]),
    ],
    ids=["lowest", "avx2"],
)
def test_each_library_heeds_its_variable(bundle, signs):
    line = bundles.features(bundle)
    assert [sign for sign in signs if sign not in line] == [], line


def test_numpy_is_told_only_names_that_it_uses():
    names = bundles.LOWEST.variables["NPY_DISABLE_CPU_FEATURES"].split()
    assert all(bundles.numpy_core.__cpu_features__[name] for name in names)
    assert set(bundles.AVX2.variables["NPY_DISABLE_CPU_FEATURES"].split()) == set(names) - {"X86_V3"}


def test_bfloat16_is_left_alone_where_onednn_may_not_use_it():
    question = "import torch; from prevlib.inference import has_bf16; print(has_bf16(torch.device('cpu')))"
    environment = os.environ | bundles.LOWEST.variables
    command = [sys.executable, "-c", question]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
