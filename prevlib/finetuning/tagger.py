"""Taggers: one label a word, from a model that reads pieces of words.

A tagger is the encoder and one new linear layer, as in ``classifier.py``, but the layer is applied to each
token instead of each text. Labels belong to words, tokens to pieces: ``Kowalczyk`` becomes ``ko`` ``##wal``
``##czy`` ``##k``. As in BERT, the first piece of a word is trained to predict its label and speaks for the
word; the others, special tokens and padding get ``IGNORE_INDEX``. So what comes back is one tag a word, which
can be compared with the truth, whatever the tokenizer made of it. A word of which the tokenizer leaves
nothing, such as a lone zero-width space, is read as the unknown token, and keeps its place.

Left out: spans, which ``metrics`` makes of tags; a layer that learns which tags follow one another.
Used in notebook 10. Source: Devlin et al. 2019, section 5.3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import (
    AutoModelForTokenClassification,
    BatchEncoding,
    DataCollatorForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from prevlib.checkpoints import _load, load_tagger, load_tokenizer, quiet_transformers
from prevlib.features import best_device, longest_input
from prevlib.finetuning.classifier import freeze_backbone
from prevlib.losses import IGNORE_INDEX, cross_entropy
from prevlib.training import History, TrainConfig, fit

Sentences = Sequence[Sequence[str]]


@dataclass(frozen=True)
class TokenTagger:
    """A fine-tuned model with its tokenizer, and how it got there."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    history: History

    def save(self, folder: str | Path) -> None:
        """Write model and tokenizer; every loader of the library takes the folder as a name."""
        with quiet_transformers():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)


def finetune_tagger(
    sentences: Sentences,
    tags: Sequence[Sequence[int | str]],
    checkpoint: str | Path = "minilm",
    *,
    label_names: Sequence[str],
    config: TrainConfig | None = None,
    random_init: bool = False,
    frozen: bool = False,
    validation: tuple[Sentences, Sequence[Sequence[int | str]]] | None = None,
    show_progress: bool = True,
) -> TokenTagger:
    """Train a tagger of words on top of an encoder.

    Args:
        sentences: Training sentences, each a list of words. Empty ones are passed over.
        tags: One label a word: its name, or its number in ``label_names``.
        checkpoint: Alias, folder or hub name.
        label_names: Names of the labels, in the order of their numbers.
        config: Settings of the loop; ``TrainConfig()`` if None. Its seed also draws the new head.
        random_init: Start from random weights instead of the pre-trained ones.
        frozen: Train the head only.
        validation: Sentences and tags. The share of words with the right tag is recorded after each epoch; it
            is high for whoever finds no name at all, so score what ``predict_tags`` returns by spans.
        show_progress: Show a bar.
    Returns:
        The tagger; ``predict_tags`` applies it.
    Raises:
        TypeError: If something is not a list of sentences, or a word not a string.
        ValueError: If there are no words, lengths differ, a label is unknown, or a sentence is too long for
            the model: nothing is cut, since its labels would be lost without a trace.
    """
    sentences = _check_sentences(sentences)
    labels = _check_tags(tags, sentences, label_names)
    if validation:
        heldout = _check_sentences(validation[0])
        heldout_labels = _check_tags(validation[1], heldout, label_names)
    config = config or TrainConfig()
    tokenizer = load_tokenizer(checkpoint)
    model = load_tagger(checkpoint, label_names, random_init=random_init, seed=config.seed)
    if frozen:
        freeze_backbone(model)

    def accuracy(model: PreTrainedModel) -> dict:
        predicted = chain.from_iterable(_predict(model, tokenizer, heldout))
        right = [a == b for a, b in zip(predicted, chain.from_iterable(heldout_labels), strict=True)]
        return {"validation_accuracy": sum(right) / len(right)}

    history = fit(
        model,
        _examples(sentences, labels, tokenizer, longest_input(tokenizer, model)),
        tagging_loss,
        config,
        collate_fn=DataCollatorForTokenClassification(tokenizer, label_pad_token_id=IGNORE_INDEX),
        evaluate=accuracy if validation else None,
        show_progress=show_progress,
    )
    return TokenTagger(model, tokenizer, history)


def tagging_loss(model: nn.Module, batch: dict) -> tuple[Tensor, Tensor]:
    """Summed cross-entropy of a batch, and the number of its words: sentences differ in length."""
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    logits, labels = model(**inputs).logits.float(), batch["labels"]  # (batch, seq, num_labels), (batch, seq)
    return cross_entropy(logits, labels, reduction="sum"), (labels != IGNORE_INDEX).sum()


def predict_tags(
    tagger: TokenTagger | str | Path, sentences: Sentences, *, batch_size: int = 32
) -> list[list[str]]:
    """The most probable tag of each word.

    A sentence that is too long for the model is read in parts, cut between words where the model is full: the
    words next to a cut are tagged without what stands behind it.

    Args:
        tagger: What ``finetune_tagger`` returned, or the name or folder of a tagger.
        sentences: Each a list of words, any length.
        batch_size: Sentences run at once; the result does not depend on it.
    Returns:
        For each sentence its tags, exactly one a word.
    Raises:
        TypeError: If ``sentences`` is not a list of lists of strings.
        ValueError: If there are no sentences, or a named checkpoint has no trained head for tokens.
    """
    sentences = _check_sentences(sentences)
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be at least 1; got {batch_size}.")
    if isinstance(tagger, TokenTagger):
        model, tokenizer = tagger.model, tagger.tokenizer
    else:
        model = _load(AutoModelForTokenClassification, tagger, random_init=False, seed=0, new_head=False)
        tokenizer = load_tokenizer(tagger)
    names = model.config.id2label
    predicted = _predict(model, tokenizer, sentences, batch_size)
    return [[names[number] for number in numbers] for numbers in predicted]


def first_pieces(word_ids: Sequence[int | None]) -> list[int]:
    """Positions of the first piece of each word.

    Args:
        word_ids: Number of the word of each token, None for special tokens, as from ``encoding.word_ids()``.
    Example:
        >>> first_pieces([None, 0, 1, 1, 1, 2, None])
        [1, 2, 5]
    """
    before = [None, *word_ids]
    return [i for i, word in enumerate(word_ids) if word is not None and word != before[i]]


class _Part(NamedTuple):
    """Words of a sentence that are read at once: all of them, unless there are too many."""

    sentence: int
    start: int  # first word
    words: list[str]
    length: int  # in tokens, without special ones


def _parts(sentences: Sentences, tokenizer: PreTrainedTokenizerBase, longest: int) -> Iterator[_Part]:
    n_pieces = _count_pieces(sentences, tokenizer)
    room = longest - tokenizer.num_special_tokens_to_add()
    for i, words in enumerate(sentences):
        readable = [word if n_pieces[word] else tokenizer.unk_token for word in words]
        start = length = 0
        for end, word in enumerate(words):
            size = max(1, n_pieces[word])
            if length + size > room and end > start:
                yield _Part(i, start, readable[start:end], length)
                start, length = end, 0
            length += size
        if words:
            yield _Part(i, start, readable[start:], length)


def _encode(parts: Sequence[_Part], tokenizer: PreTrainedTokenizerBase, longest: int) -> BatchEncoding:
    # Only a single word that is longer than the model is truncated; its first piece stays.
    words = [part.words for part in parts]
    return tokenizer(words, is_split_into_words=True, truncation=True, max_length=longest)


def _examples(
    sentences: Sentences, labels: list[list[int]], tokenizer: PreTrainedTokenizerBase, longest: int
) -> list[dict]:
    """Encodings with the label of a word at its first piece."""
    parts = list(_parts(sentences, tokenizer, longest))
    for part in parts:
        if part.start > 0:
            raise ValueError(
                f"Sentence {part.sentence} must have at most {longest} tokens, special ones included; got "
                f"more, in {len(sentences[part.sentence])} words. Split it between names, or leave it out."
            )
    encodings = _encode(parts, tokenizer, longest)
    examples = []
    for row, part in enumerate(parts):
        example = {name: values[row] for name, values in encodings.items()}
        example["labels"] = [IGNORE_INDEX] * len(example["input_ids"])
        places = first_pieces(encodings.word_ids(row))
        for place, label in zip(places, labels[part.sentence], strict=True):
            example["labels"][place] = label
        examples.append(example)
    return examples


def _predict(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, sentences: Sentences, batch_size: int = 32
) -> list[list[int]]:
    """Number of the most probable label of each word of each sentence."""
    model = model.eval().to(best_device())
    longest = longest_input(tokenizer, model)
    predicted = [[-1] * len(words) for words in sentences]
    parts = sorted(_parts(sentences, tokenizer, longest), key=lambda part: part.length)  # saves padding
    for i in range(0, len(parts), batch_size):
        batch = parts[i : i + batch_size]
        encodings = _encode(batch, tokenizer, longest)
        inputs = tokenizer.pad(encodings, return_tensors="pt").to(model.device)
        with torch.inference_mode():
            best = model(**inputs).logits.argmax(-1).cpu().numpy()  # (batch, seq)
        for row, part in enumerate(batch):
            end = part.start + len(part.words)
            places = first_pieces(encodings.word_ids(row))
            predicted[part.sentence][part.start : end] = best[row, places].tolist()
    return predicted


def _count_pieces(sentences: Sentences, tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Distinct word -> number of its pieces."""
    distinct = sorted({word for words in sentences for word in words})
    pieces = tokenizer(
        [[word] for word in distinct], is_split_into_words=True, add_special_tokens=False, verbose=False
    )
    return dict(zip(distinct, map(len, pieces["input_ids"]), strict=True))


def _check_sentences(sentences: Sentences) -> list[list[str]]:
    sentences = list(sentences)
    if not sentences:
        raise ValueError("`sentences` must hold at least one sentence; got none.")
    for i, words in enumerate(sentences):
        if isinstance(words, str) or not hasattr(words, "__len__"):
            raise TypeError(
                f"`sentences` must be a list of sentences, each a list of words; got {words!r} as sentence "
                f"{i}. Split texts into words, and put a single sentence in a list."
            )
        strange = [word for word in words if not isinstance(word, str)]
        if strange:
            raise TypeError(f"Words must be strings; got {strange[0]!r} in sentence {i}. Convert with str.")
    return [list(words) for words in sentences]


def _check_tags(
    tags: Sequence[Sequence[int | str]], sentences: list[list[str]], label_names: Sequence[str]
) -> list[list[int]]:
    """Numbers of the labels of each sentence."""
    if len(tags) != len(sentences):
        raise ValueError(
            f"`tags` must hold the tags of each sentence, {len(sentences)} lists; got {len(tags)}."
        )
    number_of = {name: number for number, name in enumerate(label_names)}
    number_of |= {number: number for number in range(len(label_names))}
    labels = []
    for i, (of_sentence, words) in enumerate(zip(tags, sentences, strict=True)):
        if len(of_sentence) != len(words):
            raise ValueError(
                f"Sentence {i} must have one tag a word, {len(words)}; got {len(of_sentence)}. "
                "Tag words, not their pieces."
            )
        unknown = [tag for tag in of_sentence if tag not in number_of]
        if unknown:
            raise ValueError(
                f"`tags` must be out of `label_names`, {list(label_names)}, or their numbers; got "
                f"{unknown[0]!r} in sentence {i}."
            )
        labels.append([number_of[tag] for tag in of_sentence])
    if not any(map(len, labels)):
        raise ValueError("`sentences` must hold at least one word; got empty sentences only.")
    return labels
