"""Taggers: from a pre-trained encoder to a label for each word.

A tagger is the encoder and one new linear layer, as in ``classifier.py``, but the layer is applied to every
token instead of the whole text. The first piece of a word learns the label of the word and predicts it; the
other pieces, special tokens and padding have ``IGNORE_INDEX``. So what comes back is one tag a word, which
can be compared with the truth, whatever the tokenizer made of the words.

Left out: words and their pieces (``words.py``); spans, which ``metrics`` makes of tags; a layer that learns
which tags may follow one another. Used in notebook 13. Source: Devlin et al. 2019, section 5.3.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from torch import Tensor, nn
from transformers import DataCollatorForTokenClassification, PreTrainedModel, PreTrainedTokenizerBase

from prevlib.arguments import check_count
from prevlib.checkpoints import Loaded, load_tagger, load_tokenizer
from prevlib.files import fingerprint
from prevlib.finetuning.classifier import freeze_backbone
from prevlib.finetuning.words import Sentences, check_sentences, encode_parts, first_pieces, split_sentences
from prevlib.inference import longest_input, padded_batches, ready_to_run, run
from prevlib.losses import IGNORE_INDEX, cross_entropy
from prevlib.training import TrainConfig, Trained, fit

Tags = Sequence[Sequence[int | str]]


def finetune_tagger(
    sentences: Sentences,
    tags: Tags,
    checkpoint: str | Path | Loaded = "minilm",
    *,
    label_names: Sequence[str],
    config: TrainConfig | None = None,
    random_init: bool = False,
    frozen: bool = False,
    mark_capitals: bool = False,
    validation: tuple[Sentences, Tags] | None = None,
    checkpoint_dir: str | Path | None = None,
    show_progress: bool = True,
) -> Trained:
    """Train a tagger of words on top of an encoder.

    Args:
        sentences: Training sentences, each a list of words. Empty ones are passed over.
        tags: One label a word: its name, or its number in ``label_names``.
        checkpoint: Alias, folder, hub name, or a loaded model, of which a copy is trained.
        label_names: Names of the labels, in the order of their numbers.
        config: Settings of the loop; ``TrainConfig()`` if None. Its seed also draws the new head.
        random_init: Start from random weights instead of the pre-trained ones.
        frozen: Train the head only.
        mark_capitals: Tell the model which words have a capital letter, here and in predictions. For uncased
            vocabularies and models with a second token type.
        validation: Sentences and tags. The share of words with the right tag is recorded after each epoch; it
            is high for whoever finds no name at all, so score what ``predict_tags`` returns by spans.
        checkpoint_dir: Where the training is kept after each epoch; if it was interrupted, it goes on there,
            with the same sentences, tags, checkpoint and settings.
        show_progress: Show a bar.
    Returns:
        The tagger; ``predict_tags`` applies it.
    Raises:
        TypeError: If something is not a list of sentences, or a word not a string.
        ValueError: If there are no words, lengths differ, a label is unknown, capitals cannot be marked, or a
            sentence is too long for the model: it is not cut, since its labels would be lost in silence.
    """
    sentences = check_sentences(sentences)
    labels = _number_tags(tags, sentences, label_names)
    if validation:
        heldout = check_sentences(validation[0])
        heldout_labels = _number_tags(validation[1], heldout, label_names)
    config = config or TrainConfig()
    tokenizer = load_tokenizer(checkpoint)
    model = load_tagger(checkpoint, label_names, random_init=random_init, seed=config.seed)
    if mark_capitals and getattr(model.config, "type_vocab_size", 0) < 2:
        raise ValueError(
            f"`mark_capitals` must be False for {checkpoint}, which has no second token type. "
            "With a cased vocabulary it sees capitals anyway."
        )
    model.config.mark_capitals = mark_capitals  # kept and saved with the model
    if frozen:
        freeze_backbone(model)

    def accuracy(model: PreTrainedModel) -> dict:
        predicted = chain.from_iterable(predict_tags(Loaded(model, tokenizer), heldout))
        true = chain.from_iterable(heldout_labels)
        right = [tag == label_names[label] for tag, label in zip(predicted, true, strict=True)]
        return {"validation_accuracy": sum(right) / len(right)}

    history = fit(
        model,
        _examples(sentences, labels, model, tokenizer),
        tagging_loss,
        config,
        collate_fn=DataCollatorForTokenClassification(tokenizer, label_pad_token_id=IGNORE_INDEX),
        evaluate=accuracy if validation else None,
        checkpoint_dir=checkpoint_dir,
        made_from={
            "checkpoint": str(checkpoint),
            "sentences": fingerprint(sentences),
            "tags": fingerprint(labels),
            "label_names": list(label_names),
            "mark_capitals": mark_capitals,
            "validation": fingerprint(validation),
        },
        show_progress=show_progress,
    )
    return Trained(model, tokenizer, history)


def tagging_loss(model: nn.Module, batch: dict) -> tuple[Tensor, Tensor]:
    """Summed cross-entropy of a batch, and the number of its words; sentences are not of one length.

    Args:
        model: A tagger.
        batch: Inputs, and ``labels``, -100 where no word begins, shape (batch_size, sequence_length).
    Returns:
        (sum in nats, number of words), for ``fit``.
    """
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    logits, labels = model(**inputs).logits.float(), batch["labels"]  # (batch, seq, num_labels), (batch, seq)
    return cross_entropy(logits, labels, reduction="sum"), (labels != IGNORE_INDEX).sum()


def predict_tags(
    tagger: str | Path | Loaded, sentences: Sentences, *, batch_size: int = 32
) -> list[list[str]]:
    """The most probable tag of each word.

    A sentence that is too long for the model is read in parts, as few as there must be. The words beside a
    cut are tagged without what stands behind it.

    Args:
        tagger: What ``finetune_tagger`` returned, or the name or folder of a tagger.
        sentences: Each a list of words, any length.
        batch_size: Sentences run at once; the result does not depend on it.
    Returns:
        For each sentence its tags, exactly one a word.
    Raises:
        TypeError: If ``sentences`` is not a list of lists of strings.
        ValueError: If there are no sentences, or the checkpoint has no trained head for tokens.
    """
    sentences = check_sentences(sentences)
    batch_size = check_count("batch_size", batch_size)
    model, tokenizer = ready_to_run(tagger, load_tagger)
    max_length, names = longest_input(tokenizer, model), model.config.id2label
    mark_capitals = getattr(model.config, "mark_capitals", False)  # others' taggers do not say
    parts = split_sentences(sentences, tokenizer, max_length)
    tags = [[""] * len(words) for words in sentences]
    if not parts:  # empty sentences only
        return tags
    encodings = encode_parts(parts, tokenizer, max_length, mark_capitals=mark_capitals)
    for rows, batch in padded_batches(encodings, tokenizer, batch_size):
        best = run(model, batch).logits.argmax(-1).cpu().numpy()  # (batch, seq)
        for row, labels in zip(rows, best, strict=True):
            part, places = parts[row], first_pieces(encodings.word_ids(row))
            end = part.start + len(part.words)
            tags[part.sentence][part.start : end] = [names[label] for label in labels[places].tolist()]
    return tags


def _examples(
    sentences: Sentences, labels: list[list[int]], model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> list[dict]:
    """Encodings with the label of a word at its first piece."""
    max_length = longest_input(tokenizer, model)
    parts = split_sentences(sentences, tokenizer, max_length)
    for part in parts:
        if part.start > 0:
            raise ValueError(
                f"Sentence {part.sentence} must have at most {max_length} tokens, special ones included; got "
                f"more, in {len(sentences[part.sentence])} words. Split it between names, or leave it out."
            )
    encodings = encode_parts(parts, tokenizer, max_length, mark_capitals=model.config.mark_capitals)
    examples = []
    for row, part in enumerate(parts):
        example = {name: values[row] for name, values in encodings.items()}
        example["labels"] = [IGNORE_INDEX] * len(example["input_ids"])
        places = first_pieces(encodings.word_ids(row))
        for place, label in zip(places, labels[part.sentence], strict=True):
            example["labels"][place] = label
        examples.append(example)
    return examples


def _number_tags(tags: Tags, sentences: list[list[str]], label_names: Sequence[str]) -> list[list[int]]:
    """Numbers of the labels of each sentence, one a word."""
    if len(tags) != len(sentences):
        raise ValueError(
            f"`tags` must hold the tags of each sentence, {len(sentences)} lists; got {len(tags)}."
        )
    number_of = {name: number for number, name in enumerate(label_names)}
    number_of |= {number: number for number in range(len(label_names))}
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
    if not any(sentences):
        raise ValueError("`sentences` must hold at least one word; got empty sentences only.")
    return [[number_of[tag] for tag in of_sentence] for of_sentence in tags]
