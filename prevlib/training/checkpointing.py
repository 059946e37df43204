"""Checkpoints: everything a run needs to go on as if it had never stopped.

A checkpoint is a folder with the weights, the state of the optimizer and a JSON file of everything else. It
is written under another name with a manifest of sizes and sha256, pushed to the disk, and only then
renamed: a process that dies while saving leaves no folder that looks complete. On resume the newest folder
whose files agree with their manifest is taken, and a warning names those that were skipped.

Nothing here is pickled, because reading a pickle runs whatever code is in it. Random states are not saved
either: the loop seeds each step from its number.

Used by ``loop.py``. Left out: publishing a model, for which ``save_pretrained`` is there.
"""

import json
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import nn

from prevlib.files import check_made_from, fingerprint, sha256_of, whole_folder

KEEP = 2  # the newest, and one to fall back to
MODEL, OPTIMIZER, STATE = "model.safetensors", "optimizer.safetensors", "state.json"
MANIFEST = "manifest.json"


def save_checkpoint(
    folder: str | Path, step: int, model: nn.Module, optimizer: torch.optim.Optimizer, state: dict
) -> Path:
    """Write ``folder/checkpoint-<step>`` completely or not at all, and drop all but the newest two.

    Args:
        folder: Where the checkpoints of one run lie; made if missing.
        step: Number of finished steps.
        model: Its parameters and buffers are saved as they are, shared tensors once.
        optimizer: Its tensors are saved; learning rates belong to the schedule.
        state: Anything JSON can hold.
    Returns:
        The new folder.
    """
    folder = Path(folder)
    finished = folder / f"checkpoint-{step:08d}"
    with whole_folder(finished) as unfinished:
        save_model(model, str(unfinished / MODEL))
        save_file(_flat(optimizer), unfinished / OPTIMIZER)
        (unfinished / STATE).write_text(json.dumps(state), encoding="utf-8")
        manifest = {file.name: _size_and_hash(file) for file in sorted(unfinished.iterdir())}
        (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    for old in [*_newest_first(folder)[KEEP:], *folder.glob(".unfinished-*")]:
        shutil.rmtree(old)
    return finished


def load_checkpoint(
    folder: str | Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    made_from: Mapping | None = None,
) -> dict | None:
    """Put the newest complete checkpoint back into ``model`` and ``optimizer``.

    Args:
        folder: Where the checkpoints of one run lie.
        model, optimizer: Built as for the run that saved them.
        made_from: What the entry of this name in the saved state must be, if not None.
    Returns:
        The ``state`` that was saved; None if there is no complete checkpoint.
    Raises:
        ValueError: If the run was made from something else; model and optimizer are left as they were.
    Warns:
        UserWarning: For each newer checkpoint that is damaged, with the reason.
    """
    for path in _newest_first(Path(folder)):
        problem = _damage(path)
        if problem:
            warnings.warn(f"Skipped the checkpoint {path}: {problem}.", stacklevel=3)
            continue
        state = json.loads((path / STATE).read_text(encoding="utf-8"))
        if made_from is not None:
            check_made_from(folder, state.get("made_from", {}), made_from)
        load_model(model, str(path / MODEL))
        tensors: dict[int, dict] = {}
        for name, tensor in load_file(path / OPTIMIZER).items():
            number, _, key = name.partition(".")
            tensors.setdefault(int(number), {})[key] = tensor
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": tensors, "param_groups": groups})
        return state
    return None


def weights_fingerprint(model: nn.Module) -> str:
    """Hash of all parameters and buffers by name, as ``fingerprint`` gives it.

    Args:
        model: On any device.
    Returns:
        16 hexadecimal digits.
    """
    tensors = model.state_dict().items()
    return fingerprint({name: t.float() if t.is_floating_point() else t for name, t in tensors})


def _flat(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    state = optimizer.state_dict()["state"]
    return {f"{number}.{key}": tensor for number, slots in state.items() for key, tensor in slots.items()}


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*"), reverse=True)


def _damage(path: Path) -> str | None:
    """What is wrong with a checkpoint, or None."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if set(manifest) != {MODEL, OPTIMIZER, STATE}:
            return f"its {MANIFEST} lists {sorted(manifest)}"
        for name, expected in manifest.items():
            if _size_and_hash(path / name) != expected:
                return f"{name} differs from its size or sha256 in {MANIFEST}"
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (ValueError, AttributeError) as error:
        return f"{MANIFEST} cannot be read ({error})"
    return None


def _size_and_hash(file: Path) -> dict:
    return {"bytes": file.stat().st_size, "sha256": sha256_of([file])}
