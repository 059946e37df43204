"""Pre-training runs: a BERT from random weights to a model that guesses hidden words.

The last layer of a language model is its most expensive one, and only the hidden tokens need it. So the
encoder runs on all tokens, and the head only where something is masked.

Used in notebook 05. Left out: next-sentence prediction, which later work dropped (Liu et al. 2019).
Sources: Devlin et al. 2019; Geiping & Goldstein 2023 (small budgets).

From a terminal, ``python -m prevlib.pretraining --help``; on several processes or machines,
``torchrun --nproc_per_node 2 -m prevlib.pretraining ...``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import torch
from accelerate import PartialState
from datasets import Dataset
from torch import Tensor
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase

from prevlib.checkpoints import load_masked_lm, load_tokenizer
from prevlib.files import bind, fingerprint, sha256_of, whole_folder
from prevlib.inference import check_texts
from prevlib.losses import IGNORE_INDEX, cross_entropy, linear_cross_entropy
from prevlib.masking import MaskingCollator
from prevlib.pretraining.data import Documents, pack_rows
from prevlib.pretraining.landmarks import reference_losses
from prevlib.pretraining.scoring import Evaluation, check_length, masked_logits, masked_states
from prevlib.tokenization import train_wordpiece
from prevlib.training import TrainConfig, Trained, fit
from prevlib.training.config import option

EVALUATION_TOKENS = 32_768  # of the held-out documents, after each epoch or every eval_steps


@dataclass(frozen=True)
class PretrainConfig(TrainConfig):
    """Settings of a pre-training run: those of the loop, and data, masks and model."""

    corpus: str = option("imdb", "'imdb', or a UTF-8 text file with one document a line")
    output_dir: str | None = option(None, "folder for data, checkpoints and model; None: keep nothing")
    checkpoint: str | None = option(None, "go on from this model and its tokenizer, not from random weights")
    tokenizer: str | None = option(None, "alias, folder or hub name of a tokenizer, instead of a new one")
    vocab_size: int = option(8192, "entries of the vocabulary")
    hidden_size: int = option(256, "width of the model")
    num_hidden_layers: int = option(4, "depth of the model")
    num_attention_heads: int = option(4, "heads of each layer")
    intermediate_size: int = option(1024, "width inside the feed-forward part of a layer")
    max_position_embeddings: int = option(512, "the longest input that the model will ever take")
    hidden_dropout_prob: float = option(0.0, "dropout, also of the attention")
    initializer_range: float = option(0.055, "standard deviation of the random weights; BERT-base has 0.02")
    scale_residuals: bool = option(True, "begin with what layers add divided by sqrt(2 x layers), as GPT-2")
    sequence_length: int = option(128, "tokens of a row, [CLS] and [SEP] included")
    mlm_probability: float = option(0.3, "share of the tokens that are masked; BERT-base has 0.15")
    whole_words: bool = option(False, "mask whole words")
    learning_rate: float = option(1e-3, "the highest, reached after the warm-up")
    max_steps: int | None = option(1000, "number of steps")
    per_device_train_batch_size: int = option(32, "rows of a batch")

    RANGES: ClassVar[dict[str, tuple]] = TrainConfig.RANGES | {
        "hidden_dropout_prob": (0, 1),
        "initializer_range": (0, None, True),
        "sequence_length": (3,),
        "mlm_probability": (0, 1, True),
    }


def pretrain(
    config: PretrainConfig, texts: Sequence[str] | None = None, *, show_progress: bool = True
) -> Trained:
    """Pre-train a BERT from random weights, or go on with a pre-trained model.

    With ``config.output_dir`` the run can be interrupted at any time: called again, it goes on from the
    newest complete checkpoint and ends in the same weights as without the interruption.

    Args:
        config: Settings.
        texts: Documents to learn from, instead of ``config.corpus``; one in 50 is held out for evaluation.
        show_progress: Show a bar.
    Returns:
        The model, its tokenizer, the history with the scores on fixed masks, and the reference losses.
    Raises:
        FileNotFoundError: If the corpus is no alias and no file.
        ValueError: If the corpus does not fill a row, rows are too long for the model, or ``output_dir``
            holds a run with other settings or texts.
    Warns:
        UserWarning: If at three evaluations in a row the model guesses the same token almost everywhere.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary if config.output_dir is None else config.output_dir)
        state = PartialState(cpu=not torch.accelerator.is_available())
        with state.main_process_first():  # one process makes the files, the others find them
            tokenizer, train, test = _prepare(config, texts, folder)
        model = build_model(config, tokenizer)
        n_rows = EVALUATION_TOKENS // config.sequence_length
        collate = partial(MaskingCollator, tokenizer, whole_words=config.whole_words)
        history = fit(
            model,
            train,
            masked_lm_loss,
            config,
            collate_fn=collate(config.mlm_probability, seed=config.seed),
            evaluate=Evaluation(test.select(range(min(n_rows, len(test)))), collate()),
            checkpoint_dir=None if config.output_dir is None else folder / "checkpoints",
            show_progress=show_progress,
        )
        pretrained = Trained(model, tokenizer, history, reference_losses(train, tokenizer))
        if config.output_dir is not None and state.is_main_process:
            pretrained.save(folder)
    return pretrained


def masked_lm_loss(model: PreTrainedModel, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
    """Summed loss of the masked tokens of a batch, and their number.

    Args:
        model: A masked language model.
        batch: Inputs, and ``labels``, -100 where nothing is masked, shape (batch_size, sequence_length).
    Returns:
        (sum in nats, number of masked tokens), for ``fit``.
    """
    labels = batch["labels"][batch["labels"] != IGNORE_INDEX]
    if not isinstance(model, BertForMaskedLM):
        return cross_entropy(masked_logits(model, batch), labels, reduction="sum"), len(labels)
    hidden = model.cls.predictions.transform(masked_states(model, batch))
    decoder = model.cls.predictions.decoder
    return linear_cross_entropy(hidden, decoder.weight, decoder.bias, labels, reduction="sum"), len(labels)


def _prepare(
    config: PretrainConfig, texts: Sequence[str] | None, folder: Path
) -> tuple[PreTrainedTokenizerBase, Dataset, Dataset]:
    """Tokenizer, training rows and held-out rows, made once for a folder."""
    corpus = config.corpus if texts is None else check_texts(texts)
    tokenizer_from = config.checkpoint or config.tokenizer
    tokenizer = None if tokenizer_from is None else load_tokenizer(tokenizer_from)
    names = ("corpus", "checkpoint", "tokenizer", "vocab_size", "sequence_length")
    made_from = {name: getattr(config, name) for name in names}
    made_from["texts"] = fingerprint(corpus) if texts is not None else None
    made_from["file"] = sha256_of([corpus]) if texts is None and Path(corpus).is_file() else None
    made_from["vocabulary"] = tokenizer and fingerprint(tokenizer.get_vocab())
    data = folder / "data"
    if not data.is_dir():
        with whole_folder(data) as part:
            if tokenizer is None:
                tokenizer = train_wordpiece(Documents(corpus, "train"), config.vocab_size)
            for split in ("train", "test"):
                documents = Documents(corpus, split)
                pack_rows(documents, tokenizer, config.sequence_length, part / f"{split}.arrow")
            tokenizer.save_pretrained(part)
            bind(part / "made_from.json", made_from)
    bind(data / "made_from.json", made_from)
    files = (data / "train.arrow", data / "test.arrow")
    return AutoTokenizer.from_pretrained(data), *(Dataset.from_file(str(file)) for file in files)


def build_model(config: PretrainConfig, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """A new BERT with random weights, or ``config.checkpoint``, for ``masked_lm_loss``.

    Args:
        config: Sizes of the architecture, or the checkpoint to go on with.
        tokenizer: Its vocabulary is that of the model.
    Returns:
        The model.
    Raises:
        ValueError: If ``config.sequence_length`` is longer than the model takes.
    """
    if config.checkpoint is not None:
        model = load_masked_lm(config.checkpoint)
    else:
        names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
        names += ("max_position_embeddings", "hidden_dropout_prob", "initializer_range")
        architecture = BertConfig(
            vocab_size=len(tokenizer),
            attention_probs_dropout_prob=config.hidden_dropout_prob,
            pad_token_id=tokenizer.pad_token_id,
            **{name: getattr(config, name) for name in names},
        )
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            model = BertForMaskedLM(architecture)
        if config.scale_residuals:
            _scale_residuals(model)
    check_length(config.sequence_length, tokenizer, model)
    # Plain attention is faster than the fused kernel on processors, for rows of this length in bfloat16.
    model.set_attn_implementation("eager")
    return model


def _scale_residuals(model: BertForMaskedLM) -> None:
    """Scale what each layer adds to its input, in place, by 1 / sqrt(number of additions).

    The variance of the last hidden state then does not grow with the depth. Source: Radford et al. 2019,
    section 2.3.
    """
    layers = model.bert.encoder.layer
    with torch.no_grad():
        for layer in layers:
            for dense in (layer.attention.output.dense, layer.output.dense):
                dense.weight /= (2 * len(layers)) ** 0.5
