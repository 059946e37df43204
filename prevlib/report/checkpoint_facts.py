"""What is measured: a checkpoint, by the hash of its weights, and the head that it may have already.

Two folders of the same name can hold different weights, so a report names both. And a classifier that was
trained elsewhere numbers its labels as it likes: taken in the wrong order, a good one scores below chance.

Used by ``run.py`` and notebook 21. Left out: loading, which ``checkpoints`` does.
"""

from pathlib import Path

from prevlib.checkpoints import CHECKPOINTS, checkpoint_path, load_config
from prevlib.files import sha256_of
from prevlib.report.task import Task

HUB_NAMES = {"minilm": "sentence-transformers/all-MiniLM-L6-v2"}  # of embedded checkpoints
HEADS = {
    "fill-mask": "ForMaskedLM",
    "text-classification": "ForSequenceClassification",
    "token-classification": "ForTokenClassification",
}


def describe_checkpoint(checkpoint: str | Path) -> dict:
    """What a card says of a checkpoint.

    Args:
        checkpoint: Alias, folder or hub name.
    Returns:
        ``name``, for a folder without the path to it; ``base_model``, the name on the hub or None;
        ``licence``, None if not known; ``sha256`` of the weights.
    Raises:
        FileNotFoundError: If there is no such checkpoint.
    Example:
        >>> facts = describe_checkpoint("minilm")
        >>> facts["base_model"], facts["licence"], facts["sha256"][:8]
        ('sentence-transformers/all-MiniLM-L6-v2', 'Apache-2.0', '53aa5117')
    """
    folder, name = checkpoint_path(checkpoint), str(checkpoint)
    known = CHECKPOINTS.get(name)
    is_folder = known is None and Path(name).expanduser().is_dir()
    return {
        "name": folder.resolve().name if is_folder else name,
        "base_model": HUB_NAMES.get(name) if known or is_folder else name,
        "licence": known.licence if known else None,
        "sha256": sha256_of(sorted(folder.glob("*.safetensors"))),
    }


def has_head(kind: str, checkpoint: str | Path) -> bool:
    """Whether the weights of a checkpoint are those of a model for this kind of task, out of ``HEADS``.

    Args:
        kind: Of the task, a key of ``HEADS``.
        checkpoint: Alias, folder or hub name.
    Returns:
        True or False.
    """
    return any(name.endswith(HEADS[kind]) for name in load_config(checkpoint).architectures or [])


def find_head(task: Task, checkpoint: str | Path) -> list[int] | None:
    """Which output of the checkpoint's trained head belongs to each label of the task.

    Names agree if they are equal but for case, or if those of the head begin with those of the task, as
    "NEGATIVE" does with "neg". If a classifier's labels have no names, they are taken in order.

    Args:
        task: Its kind and labels are looked for.
        checkpoint: Alias, folder or hub name.
    Returns:
        One output per label; None if there is no head, or one for other labels.
    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If its config.json cannot be read.
    """
    if not has_head(task.kind, checkpoint):
        return None
    config = load_config(checkpoint)
    names = [config.id2label[number].lower() for number in sorted(config.id2label)]
    wanted = [label.lower() for label in task.label_names]
    if len(names) != len(wanted):
        return None
    if set(names) == set(wanted):
        return [names.index(label) for label in wanted]
    if task.kind == "token-classification":
        return None
    if all(name.startswith("label_") for name in names):
        return list(range(len(names)))
    outputs = [[i for i, name in enumerate(names) if name.startswith(label)] for label in wanted]
    return sum(outputs, []) if sorted(outputs) == [[i] for i in range(len(names))] else None
