"""WordPiece: learnt, saved, loaded and round-tripped; and the words that its pieces belong to."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, BertConfig

from prevlib.checkpoints import load_tokenizer
from prevlib.datasets import load_reviews
from prevlib.tokenization import SPECIAL_TOKENS, train_wordpiece, word_groups


@pytest.fixture(scope="module")
def reviews():
    return load_reviews()["train"]["text"][:2000]


@pytest.fixture(scope="module")
def tokenizer(reviews):
    return train_wordpiece(reviews, 2000)


def test_the_first_merge_by_hand():
    # "##u" + "##g" occurs 3 + 1 times, "h" + "##u" 3 times, "p" + "##u" twice, "##u" + "##n" once.
    texts = ["hug"] * 3 + ["pug"] + ["pun"]
    letters = {mark + letter for letter in "ghnpu" for mark in ("", "##")}
    tokenizer = train_wordpiece(texts, len(SPECIAL_TOKENS) + len(letters) + 1)
    assert set(tokenizer.get_vocab()) == {*SPECIAL_TOKENS, *letters, "##ug"}
    assert tokenizer.tokenize("hug pun") == ["h", "##ug", "p", "##u", "##n"]


def test_the_vocabulary_has_its_size_and_the_special_tokens_come_first(tokenizer):
    assert len(tokenizer) == tokenizer.vocab_size == 2000
    assert tokenizer.convert_ids_to_tokens(range(5)) == SPECIAL_TOKENS
    assert (tokenizer.pad_token_id, tokenizer.mask_token_id) == (0, 4)


def test_a_text_is_framed_as_bert_frames_it(tokenizer):
    one = tokenizer("the film")
    assert tokenizer.convert_ids_to_tokens(one["input_ids"]) == ["[CLS]", "the", "film", "[SEP]"]
    two = tokenizer("the film", "a film")
    assert two["token_type_ids"] == [0, 0, 0, 0, 1, 1, 1]


def test_case_and_accents_go_or_stay():
    lower = train_wordpiece(["Café café CAFÉ"] * 2, 40)
    assert lower.tokenize("CAFÉ") == ["cafe"]
    cased = train_wordpiece(["Café café CAFÉ"] * 2, 60, lowercase=False)
    assert cased.decode(cased("CAFÉ Café")["input_ids"], skip_special_tokens=True) == "CAFÉ Café"


def test_saved_and_loaded_it_is_the_same(tokenizer, reviews, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    BertConfig(vocab_size=len(tokenizer)).save_pretrained(tmp_path)
    for loaded in (AutoTokenizer.from_pretrained(tmp_path), load_tokenizer(tmp_path)):
        assert type(loaded) is type(tokenizer)
        assert loaded(reviews[:100])["input_ids"] == tokenizer(reviews[:100])["input_ids"]
        assert loaded.model_max_length == 512


def test_decoding_gives_the_text_back_up_to_case_and_space(tokenizer, reviews):
    for text in ["the film is a joy .", "One can't help it -- or can one ?", *reviews[:300]]:
        ids = tokenizer(text)["input_ids"]
        again = tokenizer(tokenizer.decode(ids, skip_special_tokens=True))["input_ids"]
        assert again == ids


def test_the_vocabulary_is_the_same_in_another_process(reviews):
    program = (
        "import hashlib; from prevlib.datasets import load_reviews; "
        "from prevlib.tokenization import train_wordpiece; "
        "vocabulary = train_wordpiece(load_reviews()['train']['text'][:2000], 2000).get_vocab(); "
        "print(hashlib.sha256(repr(sorted(vocabulary.items())).encode()).hexdigest())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_an_iterator_will_do():
    assert train_wordpiece(iter(["a b a b"]), 20).tokenize("b a") == ["b", "a"]


def test_a_single_string_is_refused():
    with pytest.raises(TypeError, match="got the single string 'a text'. Put it in a list"):
        train_wordpiece("a text", 100)


def test_texts_without_a_word_are_refused():
    for texts in ([], ["", "  "]):
        with pytest.raises(ValueError, match="`texts` must hold at least one word to learn from; got none"):
            train_wordpiece(texts, 100)


def test_a_vocabulary_without_room_for_the_characters_is_refused():
    with pytest.raises(ValueError, match=r"every letter of the texts, here \d+; got 8. Raise it"):
        train_wordpiece(["the quick brown fox jumps over the lazy dog"] * 3, 8)


def test_words_by_hand(tokenizer):
    pieces = ["[CLS]", "un", "##able", "film", ".", "[SEP]", "[PAD]"]
    ids = torch.tensor(tokenizer.convert_tokens_to_ids(pieces))
    assert tokenizer.unk_token_id not in ids
    assert word_groups(ids, tokenizer).tolist() == [-1, 0, 0, 1, 2, -1, -1]
    assert word_groups(torch.stack([ids, ids.flip(0)]), tokenizer).shape == (2, 7)


def test_a_row_cut_inside_a_word_begins_with_its_rest(tokenizer):
    ids = torch.tensor(
        tokenizer.convert_tokens_to_ids(["[CLS]", "##able", "film", "[SEP]", "##able", "film"])
    )
    assert word_groups(ids, tokenizer).tolist() == [-1, 0, 1, -1, 2, 3]
    assert word_groups(ids[1:3], tokenizer).tolist() == [0, 1]


@settings(deadline=None, max_examples=60)
@given(text=st.text(st.sampled_from("abc film's-é. "), min_size=1, max_size=60))
def test_the_words_are_those_of_the_fast_tokenizer(tokenizer, text):
    encoding = tokenizer(text)
    expected = [-1 if word is None else word for word in encoding.word_ids()]
    found = word_groups(torch.tensor(encoding["input_ids"]), tokenizer).tolist()
    unknown = [token == tokenizer.unk_token_id for token in encoding["input_ids"]]
    if not any(unknown):
        assert found == expected


def test_tokenizers_of_another_kind_are_refused():
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    other = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(BPE()))
    with pytest.raises(ValueError, match="must be a WordPiece tokenizer.*got .*Other kinds"):
        word_groups(torch.tensor([0]), other)
