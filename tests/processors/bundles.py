"""Do the outputs hold on other processors? Three bundles of variables make this one stand in for them.

Each library chooses its own instructions, so each has its own variable. A bundle that asks for more than the
processor has gets what there is. ``make processors`` runs this file: the notebooks with every bundle, and the
tests of the library with the lowest. It prints the table of the README.
"""

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

from numpy._core import _multiarray_umath as numpy_core

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "processors"
PROBE = """
import sklearn, threadpoolctl, torch
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
torch.relu((torch.ones(64, 64) @ torch.ones(64, 64)).to_mkldnn())
[blas, *_] = [i["architecture"] for i in threadpoolctl.threadpool_info() if i["internal_api"] == "openblas"]
numpy = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
print(f"threads {torch.get_num_threads()}, PyTorch {torch.backends.cpu.get_cpu_capability()},",
    f"NumPy {(numpy or ['baseline'])[-1]}, OpenBLAS {blas}")
"""


class Bundle(NamedTuple):
    """Instructions are chosen by ``variables``; ``options`` go to pytest when the notebooks run."""

    name: str
    variables: dict[str, str]
    threads: int = 1
    options: str = ""


def numpy_without(*beginnings: str) -> str:
    """The features that NumPy must not use, of those that it would: it warns of any other name."""
    used = [name for name in numpy_core.__cpu_dispatch__ if numpy_core.__cpu_features__[name]]
    return " ".join(name for name in used if name.startswith(beginnings))


LOWEST = Bundle(
    "lowest",
    {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "MKL_CBWR": "COMPATIBLE",  # on processors not made by Intel, MKL does not heed the line above
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": numpy_without(""),
    },
)
AVX2 = Bundle(
    "AVX2",
    {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": numpy_without("X86_V4", "AVX512"),
    },
    threads=2,
)
JITTER = Bundle(
    "native with jitter",
    {"PYTHONSTARTUP": str(Path(__file__).with_name("jitter.py"))},
    options="-p exact_cells",
)


def features(bundle: Bundle) -> str:
    """What the libraries say that they use, asked in a process of its own."""
    verbose = {"OMP_NUM_THREADS": str(bundle.threads), "ONEDNN_VERBOSE": "1", "MKL_VERBOSE": "1"}
    command, environment = [sys.executable, "-c", PROBE], os.environ | bundle.variables | verbose
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    onednn, mkl = re.search(r"cpu,isa:(.*)", said)[1], re.search(r"CNR:(\w+)", said)[1]
    return f"{said.splitlines()[-1]}, oneDNN {onednn}" + (f", MKL {mkl}" if mkl != "OFF" else "")


def command(bundle: Bundle, target: str, report: Path, *arguments: str) -> list[str]:
    """For ``subprocess.run``: ``make target`` with a report for ``bundle`` in JUnit's format."""
    options = bundle.options if target == "nbval" else ""
    return ["make", target, f"THREADS={bundle.threads}", f"ARGS={options} --junitxml={report}", *arguments]


def was_compared(case: ElementTree.Element) -> bool:
    """Whether the cell of a report had its output compared, as ``course_budget.py`` writes it down."""
    return case.find("properties/property[@name='compared'][@value='True']") is not None


def run(bundle: Bundle, target: str) -> tuple[str, bool]:
    """``make target`` on that processor: its line of the table, and whether all went well."""
    report = BUILD / f"{bundle.name.replace(' ', '_')}_{target}.xml"
    report.unlink(missing_ok=True)
    start = time.perf_counter()
    done = subprocess.run(command(bundle, target, report), cwd=ROOT, env=os.environ | bundle.variables)
    minutes = (time.perf_counter() - start) / 60
    [suite] = ElementTree.parse(report).getroot().iter("testsuite")
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    if target == "nbval":
        what = f"{sum(map(was_compared, suite.iter('testcase')))} cells"
    else:
        what = f"{int(suite.get('tests')) - int(suite.get('skipped'))} tests"
    line = f"| {bundle.name} | {features(bundle)} | {what} | {failed} | {minutes:.0f} |"
    return line, done.returncode == 0


def main() -> int:
    BUILD.mkdir(parents=True, exist_ok=True)
    results = [run(LOWEST, "nbval"), run(AVX2, "nbval"), run(JITTER, "nbval"), run(LOWEST, "unit")]
    print("| bundle | processor features used | compared | failed | minutes |\n|---|---|---|---|---|")
    print("\n".join(line for line, _ in results))
    return 0 if all(went_well for _, went_well in results) else 1


if __name__ == "__main__":
    sys.exit(main())
