"""A model in memory with its tokenizer: whatever takes the name of a checkpoint takes this as well."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import transformers
from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, repr=False, eq=False)
class Loaded:
    """A model with its tokenizer, in place of the name of a checkpoint.

    Who trains or changes a model starts from a copy of it; who only runs it, runs this one.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    def save(self, folder: str | Path) -> None:
        """Write model and tokenizer; every loader of the library takes the folder as a name."""
        with quiet_transformers():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({type(self.model).__name__})"


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Hold back transformers' progress bars and load reports; ``loading.py`` reads the facts."""
    log = transformers.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()
