"""Taggers: labels at first pieces, one tag a word whatever the tokenizer does, nothing cut in silence."""

import numpy as np
import pytest
import torch
from small_models import save_small_bert
from transformers import BertForTokenClassification

from prevlib.checkpoints import load_tagger, load_tokenizer
from prevlib.finetuning import finetune_tagger, predict_tags, tagger, tagging_loss
from prevlib.losses import IGNORE_INDEX
from prevlib.tokenization import train_wordpiece
from prevlib.training import TrainConfig

NAMES = ["O", "B-PER", "I-PER"]
# Behind "miss" stands a person, of one word or two; the words themselves do not tell.
SENTENCES = [
    "miss green sings".split(),
    "we met miss green brook today".split(),
    "green brook sings".split(),
    "today miss brook met green".split(),
] * 6
TAGS = ["O B-PER O".split(), "O O O B-PER I-PER O".split(), "O O O".split(), "O O B-PER O O".split()] * 6
ALPHABET = ["abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba"]  # so that no letter is unknown
FAST = TrainConfig(num_train_epochs=8, per_device_train_batch_size=4, learning_rate=3e-3, bf16=False)
ONE_STEP = TrainConfig(max_steps=1, learning_rate=1e-9, bf16=False)


def save_tagger(folder, **options):
    """A BERT of two narrow layers and few words, without dropout, saved as a tagger."""
    tokenizer = train_wordpiece([" ".join(words) for words in SENTENCES] + ALPHABET, vocab_size=100)
    options |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return save_small_bert(folder, BertForTokenClassification, tokenizer=tokenizer, names=NAMES, **options)


@pytest.fixture(scope="module")
def small_bert(tmp_path_factory):
    return save_tagger(tmp_path_factory.mktemp("small_bert"))


@pytest.fixture(scope="module")
def short_bert(tmp_path_factory):
    """It reads ten tokens, special ones included."""
    return save_tagger(tmp_path_factory.mktemp("short_bert"), max_position_embeddings=10)


@pytest.fixture(scope="module")
def trained(small_bert):
    return finetune_tagger(SENTENCES, TAGS, small_bert, label_names=NAMES, config=FAST, show_progress=False)


@pytest.fixture
def examples(monkeypatch, small_bert):
    """What the loop would read."""

    def collect(sentences, tags, checkpoint=small_bert, **options):
        found = []
        monkeypatch.setattr(tagger, "fit", lambda model, examples, *_, **__: found.extend(examples))
        finetune_tagger(sentences, tags, checkpoint, label_names=NAMES, **options)
        return found

    return collect


# Alignment


def test_the_first_piece_of_a_word_has_its_label(examples):
    words = ["Jan", "Kowalczyk", "can't", "\u200b", "sing", ""]
    [example] = examples([words], [["B-PER", "I-PER", "O", "B-PER", "O", "I-PER"]], "minilm")
    tokens = load_tokenizer("minilm").convert_ids_to_tokens(example["input_ids"])
    labels = ["-" if label == IGNORE_INDEX else NAMES[label] for label in example["labels"]]
    assert list(zip(tokens, labels, strict=True)) == [
        ("[CLS]", "-"),
        ("jan", "B-PER"),
        ("ko", "I-PER"),
        ("##wal", "-"),
        ("##cz", "-"),
        ("##yk", "-"),
        ("can", "O"),
        ("'", "-"),
        ("t", "-"),
        ("[UNK]", "B-PER"),  # nothing is left of a zero-width space
        ("sing", "O"),
        ("[UNK]", "I-PER"),
        ("[SEP]", "-"),
    ]


def test_names_and_numbers_are_the_same_labels(examples):
    numbers = [[NAMES.index(tag) for tag in tags] for tags in TAGS]
    assert examples(SENTENCES, numbers) == examples(SENTENCES, TAGS)
    assert examples(SENTENCES, [np.array(of_sentence) for of_sentence in numbers]) == examples(
        SENTENCES, TAGS
    )


def test_capitals_are_marked_on_every_piece(examples, small_bert):
    words, tags = ["miss", "Greens", "brook", "O'Green", "today"], ["O", "B-PER", "O", "B-PER", "O"]
    [plain] = examples([words], [tags])
    [marked] = examples([words], [tags], mark_capitals=True)
    tokens = load_tokenizer(small_bert).convert_ids_to_tokens(marked["input_ids"])
    assert " ".join(tokens) == "[CLS] miss green ##s brook o [UNK] green today [SEP]"
    assert marked["token_type_ids"] == [0, 0, 1, 1, 0, 1, 1, 1, 0, 0]
    assert plain == marked | {"token_type_ids": [0] * 10}


def test_empty_sentences_are_passed_over(examples, trained):
    assert examples([[], ["green"], []], [[], ["O"], []]) == examples([["green"]], [["O"]])
    assert predict_tags(trained, [[], ["green"], []]) == [[], ["O"], []]
    assert predict_tags(trained, [[]]) == [[]]


@pytest.mark.parametrize(
    "words",
    [
        ["Łódź", "\u200b", "naïve", "ﷺ", "\ufeff", "漢字", "e\u0301", "👩‍🚀"],
        ["[SEP]", "[PAD]", "[MASK]", "##s", "New York", " ", ""],
        ["\u00ad"] * 5,
        ["pneumonoultramicroscopicsilicovolcanoconiosis"] * 40,
        ["x" * 1000, "y"],
    ],
)
def test_there_is_one_tag_a_word(words, trained, short_bert):
    for model in (trained, short_bert):
        [tags] = predict_tags(model, [words])
        assert len(tags) == len(words)
        assert set(tags) <= set(NAMES)


# Length


def test_a_sentence_that_is_too_long_is_read_in_parts_between_words(short_bert):
    tokenizer = load_tokenizer(short_bert)
    assert tokenizer.tokenize("met greens") == ["met", "green", "##s"]
    # There is room for eight pieces: seven words and "greens" have nine.
    words = "we met miss green brook today miss greens sings we met today".split()
    assert len(tokenizer(words[:7], is_split_into_words=True)["input_ids"]) == 9
    expected = predict_tags(short_bert, [words[:7], words[7:]])
    assert predict_tags(short_bert, [words]) == [expected[0] + expected[1]]


def test_training_refuses_what_it_would_have_to_cut(short_bert, examples):
    fits, too_long = ["green"] * 8, ["green"] * 9
    assert len(examples([fits], [["O"] * 8], short_bert)) == 1
    with pytest.raises(
        ValueError, match=r"Sentence 1 must have at most 10 tokens, .* got more, in 9 words. Split it between"
    ):
        examples([fits, too_long], [["O"] * 8, ["O"] * 9], short_bert)


# Learning


def test_it_learns_what_can_be_learnt(trained):
    assert predict_tags(trained, SENTENCES) == TAGS


def test_the_loss_is_the_sum_that_transformers_means(small_bert):
    model = load_tagger(small_bert, NAMES)
    batch = load_tokenizer(small_bert)(
        SENTENCES[:2], is_split_into_words=True, padding=True, return_tensors="pt"
    )
    batch["labels"] = torch.full(batch["input_ids"].shape, IGNORE_INDEX)
    batch["labels"][0, 1:4], batch["labels"][1, 1:7] = (
        torch.tensor([0, 1, 0]),
        torch.tensor([0, 0, 0, 1, 2, 0]),
    )
    total, count = tagging_loss(model, batch)
    assert count == 9  # words, not tokens or sentences
    assert (total / count).item() == pytest.approx(model(**batch).loss.item(), abs=1e-6)


def test_every_word_weighs_the_same_in_whatever_batch(small_bert):
    runs = []
    for batch_size, n_batches in [(4, 1), (2, 2), (1, 4)]:
        sizes = {"per_device_train_batch_size": batch_size, "gradient_accumulation_steps": n_batches}
        config = TrainConfig(max_steps=3, bf16=False, **sizes)
        options = {"label_names": NAMES, "config": config, "show_progress": False}
        runs.append(finetune_tagger(SENTENCES[:4], TAGS[:4], small_bert, **options))
    for run in runs[1:]:
        assert run.history.to_frame()["loss"].tolist() == pytest.approx(
            runs[0].history.to_frame()["loss"].tolist(), abs=1e-5
        )
        torch.testing.assert_close(run.model.classifier.weight, runs[0].model.classifier.weight)


def test_predictions_do_not_depend_on_the_batch_or_the_order(small_bert):
    # Untrained, so that the labels are close to one another.
    sentences = [*SENTENCES[:4], [], ["green"] * 30, ["a", "joy"]]
    alone = [tags for sentence in sentences for tags in predict_tags(small_bert, [sentence])]
    assert predict_tags(small_bert, sentences) == alone
    assert predict_tags(small_bert, sentences[::-1], batch_size=2)[::-1] == alone
    assert len({tag for tags in alone for tag in tags}) > 1


def test_a_saved_tagger_predicts_the_same_by_its_folder(trained, tmp_path, capfd):
    trained.save(tmp_path)
    assert predict_tags(tmp_path, SENTENCES) == predict_tags(trained, SENTENCES)
    assert capfd.readouterr() == ("", "")


def test_the_same_seed_gives_the_same_weights(small_bert, trained):
    again = finetune_tagger(SENTENCES, TAGS, small_bert, label_names=NAMES, config=FAST, show_progress=False)
    assert torch.equal(again.model.classifier.weight, trained.model.classifier.weight)


def test_frozen_trains_the_head_only_and_random_init_starts_elsewhere(small_bert):
    options = {"label_names": NAMES, "show_progress": False}
    before = load_tagger(small_bert, NAMES).state_dict()
    frozen = finetune_tagger(SENTENCES, TAGS, small_bert, config=FAST, frozen=True, **options)
    changed = {
        name for name, weights in frozen.model.state_dict().items() if not torch.equal(weights, before[name])
    }
    assert changed == {"classifier.weight", "classifier.bias"}
    scratch = finetune_tagger(SENTENCES, TAGS, small_bert, config=ONE_STEP, random_init=True, **options)
    name = "bert.embeddings.word_embeddings.weight"
    assert not torch.allclose(scratch.model.state_dict()[name], before[name], atol=1e-3)


def test_validation_accuracy_is_that_of_words(small_bert):
    validation = ([*SENTENCES[:2], []], [TAGS[0], ["B-PER"] * 6, []])
    found = finetune_tagger(
        SENTENCES,
        TAGS,
        small_bert,
        label_names=NAMES,
        config=FAST,
        validation=validation,
        show_progress=False,
    )
    recorded = [e["validation_accuracy"] for e in found.history.evaluations]
    assert len(recorded) == 8
    assert recorded[-1] == (3 + 1) / 9


def test_capitals_can_be_told_to_an_uncased_model(small_bert, tmp_path):
    sentences = [["green", "Green"], ["Brook", "brook"], ["sings", "green"], ["Brook", "Sings"]] * 6
    tags = [["B-PER" if word.istitle() else "O" for word in words] for words in sentences]
    options = {"label_names": NAMES, "config": FAST, "show_progress": False}
    blind = finetune_tagger(sentences, tags, small_bert, **options)
    assert predict_tags(blind, [["green", "Green"]]) == predict_tags(blind, [["Green", "green"]])
    seeing = finetune_tagger(sentences, tags, small_bert, mark_capitals=True, **options)
    assert predict_tags(seeing, sentences) == tags
    seeing.save(tmp_path)
    assert predict_tags(tmp_path, sentences) == tags


# Errors, by their text


@pytest.mark.parametrize(
    "sentences, tags, error, text",
    [
        ([], [], ValueError, "`sentences` must hold at least one sentence; got none"),
        ([[]], [[]], ValueError, "`sentences` must hold at least one word; got empty sentences only"),
        (["a", "b"], ["O", "O"], TypeError, "each a list of words; got 'a' as sentence 0. Split texts"),
        ([["a"], None], [["O"], []], TypeError, "got None as sentence 1"),
        ([["a", 3]], [["O", "O"]], TypeError, "Words must be strings; got 3 in sentence 0. Convert with str"),
        ([["a"]], [["O"], ["O"]], ValueError, "`tags` must hold the tags of each sentence, 1 lists; got 2"),
        (
            [["a"], ["b", "c"]],
            [["O"], ["O"]],
            ValueError,
            "Sentence 1 must have one tag a word, 2; got 1. Tag w",
        ),
        (
            [["a"]],
            [["B-ORG"]],
            ValueError,
            r"must be out of `label_names`, \['O', .*got 'B-ORG' in sentence 0",
        ),
        ([["a"]], [[3]], ValueError, "or their numbers; got 3 in sentence 0"),
        ([["a"]], [[-100]], ValueError, "or their numbers; got -100 in sentence 0"),
    ],
)
def test_what_cannot_be_learnt_is_refused(sentences, tags, error, text):
    for validation in (None, (sentences, tags)):
        train = (sentences, tags) if validation is None else (SENTENCES, TAGS)
        with pytest.raises(error, match=text):
            finetune_tagger(*train, label_names=NAMES, validation=validation)


def test_capitals_need_a_second_token_type(tmp_path):
    save_small_bert(tmp_path, type_vocab_size=1)
    with pytest.raises(ValueError, match="`mark_capitals` must be False for .*no second token type"):
        finetune_tagger(SENTENCES, TAGS, tmp_path, label_names=NAMES, mark_capitals=True)


def test_what_cannot_be_tagged_is_refused(trained):
    with pytest.raises(ValueError, match="at least one sentence; got none"):
        predict_tags(trained, [])
    with pytest.raises(TypeError, match="got 'miss green' as sentence 0. Split texts into words"):
        predict_tags(trained, ["miss green"])
    with pytest.raises(ValueError, match="`batch_size` must be at least 1; got 0"):
        predict_tags(trained, [["a"]], batch_size=0)
    with pytest.raises(ValueError, match="got a file without its head"):
        predict_tags("minilm", [["a"]])


def test_half_a_surrogate_pair_is_refused_with_its_sentence():
    with pytest.raises(ValueError, match="Sentence 1 must be valid Unicode; got half of a surrogate pair"):
        finetune_tagger([["a"], ["b", "\ude00"]], [["O"], ["O", "O"]], label_names=["O", "B-X"])
