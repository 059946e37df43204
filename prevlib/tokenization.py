"""Tokens: a vocabulary learnt from text, and the words that its pieces belong to.

A model reads numbers, one for each entry of a fixed vocabulary. WordPiece keeps frequent words whole and cuts
rare ones into pieces that are in the vocabulary: ``unwatchable`` becomes ``un`` ``##watch`` ``##able``, where
``##`` marks a piece that goes on. So only words with characters never seen, and words of more than 100
characters, are unknown. Training starts from single letters and again and again merges the most frequent pair
of pieces, until the vocabulary is full.

Left out: the merging itself, which the ``tokenizers`` library does in parallel.
Used in notebooks 01 and 02. Sources: Schuster & Nakajima 2012; Wu et al. 2016; Devlin et al. 2019.
"""

from collections.abc import Iterable

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import WordPiece as WordPieceDecoder
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import WordPieceTrainer
from torch import Tensor
from torch.nn.functional import pad
from transformers import BertTokenizerFast, PreTrainedTokenizerBase

from prevlib.arguments import check_count, check_unicode

SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]  # ids 0 to 4
CONTINUES = "##"


def train_wordpiece(texts: Iterable[str], vocab_size: int, *, lowercase: bool = True) -> BertTokenizerFast:
    """Learn a WordPiece vocabulary from texts.

    Args:
        texts: Strings. They are read twice: an iterable that gives them only once is put into a list.
        vocab_size: Entries, the five special tokens included. Fewer come back if the texts do not have that
            many pieces that occur twice.
        lowercase: Whether to drop case and accents first, as in bert-base-uncased.
    Returns:
        A tokenizer of transformers. ``save_pretrained(folder)`` writes it, ``load_tokenizer`` reads it.
    Raises:
        TypeError: If ``texts`` is a single string.
        ValueError: If ``vocab_size`` cannot hold the special tokens and the characters of the texts.
    Example:
        >>> tokenizer = train_wordpiece(["low lower lowest"] * 3, vocab_size=30)
        >>> tokenizer.tokenize("lowest low")
        ['lowest', 'low']
    """
    if isinstance(texts, str):
        raise TypeError(
            f"`texts` must be strings to learn from; got the single string {texts[:40]!r}. Put it in a list."
        )
    vocab_size = check_count("vocab_size", vocab_size)
    texts = list(texts) if iter(texts) is texts else texts
    learner = _wordpiece({}, lowercase)
    trainer = WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        # Left to itself, the trainer numbers continued letters in the order in which it meets them, which
        # changes from process to process, and equally frequent pairs are merged in the order of numbers.
        special_tokens=SPECIAL_TOKENS + _continued_letters(texts, learner),
        continuing_subword_prefix=CONTINUES,
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    if learner.get_vocab_size() > vocab_size:
        raise ValueError(
            f"`vocab_size` must hold the special tokens and every letter of the texts, here "
            f"{learner.get_vocab_size()}; got {vocab_size}. Raise it, or clean the texts."
        )
    if learner.get_vocab_size() == len(SPECIAL_TOKENS):
        raise ValueError("`texts` must hold at least one word to learn from; got none.")
    tokenizer = _wordpiece(learner.get_vocab(), lowercase)  # only the five are special in this one
    return BertTokenizerFast(tokenizer_object=tokenizer, do_lower_case=lowercase, model_max_length=512)


def _wordpiece(vocabulary: dict[str, int], lowercase: bool) -> Tokenizer:
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", continuing_subword_prefix=CONTINUES))
    tokenizer.normalizer = BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.decoder = WordPieceDecoder(prefix=CONTINUES)
    return tokenizer


def _continued_letters(texts: Iterable[str], tokenizer: Tokenizer) -> list[str]:
    """``##`` and each character that can stand inside a word, in the order of Unicode."""
    characters = set()
    for i, text in enumerate(texts):
        check_unicode(f"The text at position {i}", text)
        characters.update(text)
    letters = set(tokenizer.normalizer.normalize_str("".join(sorted(characters))))

    def continues_a_word(letter: str) -> bool:  # not so spaces, and marks, which are words of their own
        pieces = tokenizer.pre_tokenizer.pre_tokenize_str("a" + letter)
        return [piece for piece, _ in pieces] == ["a" + letter]

    return [CONTINUES + letter for letter in sorted(letters) if continues_a_word(letter)]


def word_groups(input_ids: Tensor, tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """Which word of its text each token belongs to.

    A token that begins with ``##`` goes on with the word of the token before it. Punctuation marks are words
    of their own, so ``don't`` is three.

    Args:
        input_ids: Token ids, shape (..., sequence_length).
        tokenizer: Their WordPiece tokenizer.
    Returns:
        Number of the word, counted from 0 in each sequence, int64 in the shape of ``input_ids``; -1 for
        special tokens.
    Raises:
        ValueError: If ``tokenizer`` is not a WordPiece tokenizer.
    Example:
        >>> tokenizer = train_wordpiece(["film films watch ab"] * 2, vocab_size=50)
        >>> ids = tokenizer("watchab films", return_tensors="pt")["input_ids"]
        >>> tokenizer.convert_ids_to_tokens(ids[0])
        ['[CLS]', 'watch', '##a', '##b', 'films', '[SEP]']
        >>> word_groups(ids, tokenizer)
        tensor([[-1,  0,  0,  0,  1, -1]])
    """
    model = getattr(getattr(tokenizer, "backend_tokenizer", None), "model", None)
    if getattr(model, "continuing_subword_prefix", None) != CONTINUES:
        raise ValueError(
            f"`tokenizer` must be a WordPiece tokenizer, which marks continued words with {CONTINUES!r}; got "
            f"{type(tokenizer).__name__}. Other kinds tell the words of an encoding by its word_ids()."
        )
    ids = input_ids.unique()
    tokens = tokenizer.convert_ids_to_tokens(ids.tolist())
    continues = torch.isin(input_ids, ids[[token.startswith(CONTINUES) for token in tokens]])
    special = torch.isin(input_ids, torch.tensor(tokenizer.all_special_ids))
    # Behind a special token a word begins, also where a sequence was cut in the middle of one.
    behind_special = pad(special, (1, 0), value=True)[..., :-1]
    begins = ~special & (~continues | behind_special)
    return torch.where(special, -1, begins.cumsum(-1) - 1)
