"""What a newcomer runs first: the pins agree with each other, and the commands of the README exist."""

import base64
import dataclasses
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path
from urllib.request import urlopen

import nbformat
import pytest
import yaml
from lab import TOKEN, served
from packaging.requirements import Requirement
from packaging.version import Version
from small_models import save_small_bert
from transformers import BertForSequenceClassification

from prevlib.__main__ import _parser
from prevlib.pretraining import PretrainConfig

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text()
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
)


def canonical(name):
    return name.lower().replace("_", "-")


CANONICAL_PINS = {canonical(name): pin for name, pin in PINS.items()}


def requirements(*extras):
    optional = PROJECT["optional-dependencies"]
    lines = PROJECT["dependencies"] + [line for extra in extras for line in optional[extra]]
    return [Requirement(line) for line in lines]


def code_blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_every_requirement_is_pinned_to_a_version_it_allows():
    for requirement in requirements("bench", "lab", "test"):
        pin = CANONICAL_PINS.get(canonical(requirement.name))
        assert pin is not None, f"{requirement.name} is missing from constraints.txt"
        assert requirement.specifier.contains(pin), f"{requirement} forbids the pin {pin}"


def test_the_pins_are_what_these_tests_run_on():
    for requirement in requirements("lab", "test"):
        installed = Version(version(requirement.name)).public
        assert installed == CANONICAL_PINS[canonical(requirement.name)], requirement.name


def test_the_conda_environment_has_the_same_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, pip_section = environment["dependencies"]
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python.split("=")[1])
    assert pip == "pip"
    options = [line for line in pip_section["pip"] if line.startswith("--")]
    assert options == ["--constraint constraints.txt", "--editable .[lab,test]"]
    listed = dict(line.split("==") for line in pip_section["pip"] if line not in options)
    assert listed == {name: CANONICAL_PINS[name] for name in listed}
    missing = {canonical(r.name) for r in requirements("lab")} - set(listed)
    assert not missing, f"environment.yml does not name {missing}"
    assert environment["variables"] == {"OMP_WAIT_POLICY": "PASSIVE"}


def test_the_version_is_stated_once():
    import prevlib

    assert prevlib.__version__ == PROJECT["version"] == version("prevlib")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]


def test_the_changelog_begins_with_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(.+)\] - (.+)$", changes, re.MULTILINE)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert newest.groups() == (PROJECT["version"], str(citation["date-released"]))


LINUX_AND_MACOS, UV = (
    [block for block in code_blocks("bash") if start in block] for start in ("python3 -m venv", "uv venv")
)
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
NO_BASH = pytest.mark.skipif(os.name == "nt", reason="the lines for PowerShell are compared, not executed")


@pytest.fixture
def clone(tmp_path):
    """What an installation reads, without what earlier ones have left behind."""
    folder = tmp_path / "clone"
    shutil.copytree(ROOT / "prevlib", folder / "prevlib", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "notebooks").mkdir()
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "notebooks/course.ipynb"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def environment(**variables):
    """The variables of this process, without what leads to the prevlib under test."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return kept | OFFLINE | variables


@NO_BASH
def test_the_lines_for_linux_and_macos_run(clone, tmp_path):
    """Verbatim, and offline: the new environment sees what is installed here, so pip finds all it needs.

    For this, ``python3`` is a script that makes the environment and adds the path, and ``pip`` is the one of
    these tests. JupyterLab says its version, for it would not end by itself.
    """
    stubs = {
        "python3": f'{shlex.quote(sys.executable)} "$@" --without-pip\n'
        "site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))')\n"
        f"echo {shlex.quote(sysconfig.get_path('purelib'))} > $site/installed_here.pth",
        "pip": 'python -m pip "$@"',
    }
    for name, lines in stubs.items():
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\nset -e\n{lines}\n")
        file.chmod(0o755)
    [block] = LINUX_AND_MACOS
    variables = environment(PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    variables.pop("OMP_WAIT_POLICY", None)
    block = block.replace("prevlib lab", "prevlib lab --version")
    run = ["bash", "-e", "-c", block + "python -c 'import prevlib; print(prevlib.__file__)'"]
    ran = subprocess.run(run, cwd=clone, env=variables, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    *_, check, copied, opened, imported = ran.stdout.splitlines()
    assert (check, opened) == ("You can begin", version("jupyterlab"))
    assert copied == f"Notebooks copied to {clone / 'learn'}: 1"
    assert Path(imported) == clone / "prevlib" / "__init__.py"


def test_the_lines_for_powershell_mean_the_same():
    [bash], [powershell] = LINUX_AND_MACOS, code_blocks("powershell")
    same = {
        "py -m venv .venv": "python3 -m venv .venv",
        ".venv\\Scripts\\Activate.ps1": "source .venv/bin/activate",
        '$env:OMP_WAIT_POLICY = "PASSIVE"': "export OMP_WAIT_POLICY=PASSIVE",
    }
    assert [same.get(line, line) for line in powershell.splitlines()] == bash.splitlines()


def test_the_lines_of_uv_mean_the_same():
    [bash], [uv] = LINUX_AND_MACOS, UV
    same = {"uv venv --seed": "python3 -m venv .venv"}  # .venv is where uv makes it
    lines = [same.get(line, line.removeprefix("uv ")) for line in uv.splitlines()]
    assert lines == bash.splitlines()[:3]


@NO_BASH
@pytest.mark.skipif(not shutil.which("uv"), reason="uv is not installed: its lines were compared with pip's")
def test_uv_understands_its_lines(clone):
    """Offline, so nothing but prevlib itself can be resolved, and nothing is installed."""
    options = f"--offline --dry-run --no-deps --no-build-isolation --python {shlex.quote(sys.executable)}"
    [block] = UV
    lines = block.replace("uv venv --seed", "uv venv --offline").replace(
        "pip install", f"pip install {options}"
    )
    ran = subprocess.run(
        ["bash", "-e", "-c", lines], cwd=clone, env=environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0 and "Would install 1 package" in ran.stderr, ran.stderr


def test_the_command_knows_the_options_of_the_readme():
    lines = [line for line in "\n".join(code_blocks("bash")).splitlines() if line.startswith("prevlib ")]
    assert {line.split()[1] for line in lines} == {"check", "evaluate", "lab"}
    for line in lines:
        _parser().parse_args(shlex.split(line, comments=True)[1:])


def test_a_wheel_is_whole_and_measures_a_model_without_a_clone(clone, tmp_path):
    """Built and installed without an index, into an environment that sees what is installed here."""
    pip = [sys.executable, "-m", "pip"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, clone]
    subprocess.run(build, env=environment(), check=True)
    [wheel] = tmp_path.glob(f"prevlib-{PROJECT['version']}-*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = {path.relative_to(clone).as_posix() for path in (clone / "prevlib").rglob("*") if path.is_file()}
    assert packed == {*files, f"prevlib-{PROJECT['version']}.data/data/share/prevlib/course.ipynb"}

    folder, site = tmp_path / "venv", sysconfig.get_path("purelib")
    venv.create(folder)
    paths = sysconfig.get_paths("venv", vars={"base": str(folder), "platbase": str(folder)})
    (Path(paths["purelib"]) / "installed_here.pth").write_text(site + "\n")
    python, scripts = shutil.which("python", path=paths["scripts"]), Path(paths["scripts"])
    pip += ["--python", python]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", wheel], env=environment(), check=True)

    def run(*command, **variables):
        ran = subprocess.run(
            command, cwd=tmp_path, env=environment(**variables), capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    where, number = run(python, "-c", "import prevlib; print(prevlib.__file__, prevlib.__version__)").split()
    assert Path(where).is_relative_to(folder) and number == PROJECT["version"]
    prevlib = str(scripts / "prevlib")
    checked = run(prevlib, "check", OMP_WAIT_POLICY="PASSIVE", PYTHONIOENCODING="ascii")
    assert checked.startswith("? good: Python: ") and checked.endswith("You can begin\n")
    run(*pip, "install", "--dry-run", "prevlib[lab]")  # what the check advises, without an index
    with served([prevlib, "lab", str(tmp_path / "learn")], environment(), tmp_path) as url:
        assert urlopen(f"{url}/api/contents/course.ipynb?content=0&token={TOKEN}").status == 200
    printed = run(prevlib, "evaluate", "mini", "--task", "sentiment", "--train-rows", "20", "--out", "card")
    assert re.match(r"accuracy 0\.\d{3} \[0\.\d{3}, 0\.\d{3}\] on 853 test sentences\n", printed)
    assert "prevlib evaluate mini" in (tmp_path / "card" / "README.md").read_text(encoding="utf-8")


def test_the_readme_installs_with_the_command_of_the_makefile():
    [install] = re.findall(r"-m (pip install .*)$", MAKEFILE, re.MULTILINE)
    assert any(install in block for block in code_blocks("bash"))


@pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="the Makefile is for POSIX systems")
@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"^make [^\n#]*", "\n".join(code_blocks("bash")), re.M)))
)
def test_make_knows_the_commands_of_the_readme(command):
    dry_run = subprocess.run(
        f"{command} --dry-run", shell=True, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert dry_run.returncode == 0, dry_run.stderr


def test_the_readme_has_the_two_commands():
    assert {"make lab", "make test"} <= {
        line.split("  ")[0] for line in "\n".join(code_blocks("bash")).splitlines()
    }


def test_every_make_target_of_the_readme_and_contributing_exists():
    for text in (README, (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        for target in set(re.findall(r"`make ([a-z]+)", text)):
            assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"no target {target}"


def test_the_settings_of_the_readme_and_of_the_recipes_exist():
    names = {field.name for field in dataclasses.fields(PretrainConfig)}
    commands = [line for line in " ".join(code_blocks("bash")).replace("\\\n", " ").splitlines()]
    commands = [line.partition("-m prevlib.pretraining")[2] for line in commands if "pretraining" in line]
    assert len(commands) == 2
    for command in commands:
        assert set(re.findall(r"--(\w+)", command)) <= names
    for recipe in (ROOT / "prevlib" / "data" / "recipes").glob("*.yaml"):
        assert set(yaml.safe_load(recipe.read_text(encoding="utf-8"))) <= names


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    """The practitioner's lines, on a small classifier with random weights in place of theirs."""
    save_small_bert(tmp_path / "model", BertForSequenceClassification)
    code = "\n".join(code_blocks("python"))
    placeholder = '"your-name/your-model"'
    assert placeholder in code
    code = code.replace(placeholder, repr(str(tmp_path / "model")))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"accuracy 0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]", ran.stdout)


def test_the_map_of_the_readme_lists_every_notebook():
    mapped = re.findall(r"\(notebooks/(\d\d_\w+\.ipynb)\)", README)
    assert mapped == sorted(path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))


def test_links_of_the_documents_lead_somewhere():
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
            assert (ROOT / target).exists(), f"{name} links to {target}"


def test_ci_runs_the_same_commands():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    jobs = {name: [step.get("run", "") for step in job["steps"]] for name, job in workflow["jobs"].items()}
    assert "make test" in jobs["test"]
    assert any(step.startswith('make lab ARGS="--no-browser') for step in jobs["test"])
    matrix = workflow["jobs"]["elsewhere"]["strategy"]["matrix"]
    assert set(matrix["os"]) == {"macos-latest", "windows-latest"}
    assert matrix["python"] == ["3.11", "3.13"]
    assert matrix["include"] == [{"os": "ubuntu-latest", "python": "3.13"}]
    [install] = re.findall(r"-m (pip install .*)$", MAKEFILE, re.MULTILINE)
    assert f"python -m {install}" in jobs["elsewhere"]
    for steps in (jobs["elsewhere"], jobs["wheel"]):
        assert "prevlib check" in steps
    for line in "\n".join(jobs["wheel"]).splitlines():
        if line.startswith("prevlib "):
            _parser().parse_args(shlex.split(line)[1:])
    for target in re.findall(r"(?:tests|notebooks)/[\w./]+", "\n".join(jobs["elsewhere"])):
        assert (ROOT / target).exists(), target


def test_files_name_no_place_of_one_machine():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.split():
        path = ROOT / name
        if path.suffix in (".png", ".jsonl", ".safetensors") or not path.is_file() or path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/(?:home|root|Users|work|opt)/\w", text), f"{name} holds a path of one machine"


def test_the_picture_of_the_readme_is_the_last_one_of_its_notebook():
    notebook = nbformat.read(ROOT / "notebooks" / "07_fine_tune_for_sentiment.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert base64.b64decode(pictures[-1]) == (ROOT / "notebooks" / "label_efficiency.png").read_bytes()
