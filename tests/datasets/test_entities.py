"""The named entities: well-formed, no name on two sides, no template, and a card that counts right."""

import hashlib
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array

from prevlib.datasets import entities, load_entities
from prevlib.datasets.entities import ENTITY_TYPES, NER_TAGS

CARD = entities.ENTITIES_FILE.with_suffix(".md").read_text(encoding="utf-8")
WHERE = "Line 3 of sentences.txt"


@pytest.fixture(scope="module")
def dataset():
    return load_entities()


@pytest.fixture(scope="module")
def splits(dataset):
    """The same as pairs of tokens and names of tags."""
    return {
        name: [(row["tokens"], [NER_TAGS[tag] for tag in row["ner_tags"]]) for row in split]
        for name, split in dataset.items()
    }


@pytest.fixture(scope="module")
def sentences():
    return entities._read(entities.ENTITIES_FILE)


def spans(tokens, tags):
    """(name, type) of each name, read from the tags by another way than the parser wrote them."""
    code = "".join({"O": "o", "B": "b", "I": "i"}[tag[0]] for tag in tags)
    found = [match.span() for match in re.finditer("bi*", code)]
    return [(" ".join(tokens[start:end]), tags[start][2:]) for start, end in found]


def names(split):
    return [span for tokens, tags in split for span in spans(tokens, tags)]


def folded_names(split):
    return {name.casefold() for name, _ in names(split)}


def content_words(texts):
    """Case-folded words without those that do not count as known: function words, numbers, punctuation."""
    words = {word.casefold() for text in texts for word in text.split()}
    return {word for word in words if re.search(r"[^\W\d_]", word)} - entities.FUNCTION_WORDS


def words_of_sentences(split):
    return content_words(" ".join(tokens) for tokens, _ in split)


def write(tmp_path, *lines):
    path = tmp_path / "sentences.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


# The marks


def test_a_sentence_by_hand(tmp_path):
    lines = ["# Comments stand above the first heading.", "", "# topic: science"]
    lines += ["[Marie Curie|PER] moved to [Paris|LOC] .", "[Paris|LOC] [Opera|ORG]"]
    path = write(tmp_path, *lines, "", "# topic: local news", "no name here .")
    first, second, third = entities._read(path)
    assert first.tokens == ["Marie", "Curie", "moved", "to", "Paris", "."]
    assert first.ner_tags == ["B-PER", "I-PER", "O", "O", "B-LOC", "O"]
    assert (first.topic, first.names) == ("science", {"marie curie", "paris"})
    assert second.ner_tags == ["B-LOC", "B-ORG"]  # two names side by side stay two
    assert (third.ner_tags, third.topic, third.names) == (["O"] * 4, "local news", set())


WORDS = st.lists(st.text("aB,.'9é", min_size=1), max_size=3)


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, st.sampled_from(NER_TAGS[1::2]))))
def test_what_is_marked_is_what_is_read(pieces):
    """Names and plain text in turns: written with marks, read, and compared."""
    line, expected, plain = [], [], []
    for i, (words, tag) in enumerate(pieces):
        text = " ".join(words)
        marked = words and i % 2
        line += [f"[{text}|{tag[2:]}]"] if marked else words
        expected += [(text, tag[2:])] if marked else []
        plain += words
    found = entities._parse(" ".join(line), "a topic", WHERE)
    assert found.tokens == plain
    assert spans(found.tokens, found.ner_tags) == expected


@pytest.mark.parametrize(
    "line, message",
    [
        ("She left [Rome|LOC .", "must have whole marks only; got .* Write each mark as"),
        ("She left [Rome] .", "must have whole marks only"),
        ("[the [Rome|LOC] team|ORG] won .", "must have whole marks only"),
        ("She left [Rome|CITY] .", r"must have marks of the types PER, ORG, LOC, MISC; got \[Rome\|CITY\]"),
        ("She left [Rome|O] .", r"got \[Rome\|O\]. Choose one of the four, or remove the mark."),
        ("She left [Rome|loc] .", r"got \[Rome\|loc\]"),
        ("She left [|LOC] .", r"must have a name in each mark; got \[\|LOC\]. Write the name before the bar"),
        ("She left [ |LOC] .", "must have a name in each mark"),
        ("She left [Rome|LOC].", "single spaces between its tokens, around marks, too; got .She left"),
        ("She  left [Rome|LOC] .", "must have single spaces"),
        ("She left [Rome |LOC] .", "must have single spaces"),
        (" She left .", "remove other spaces"),
        ("# tpoic: sport", 'must be a sentence or a heading; got .* Write a heading as "# topic: sport"'),
    ],
)
def test_a_damaged_line_is_named_with_its_remedy(tmp_path, line, message):
    path = write(tmp_path, "# topic: travel", "It rained .", line)
    with pytest.raises(ValueError, match=f"^{WHERE} .*{message}"):
        entities._read(path)


def test_a_sentence_without_a_topic_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(entities, "ENTITIES_FILE", write(tmp_path, "# CC0", "", "It rained ."))
    with pytest.raises(ValueError, match=f"{WHERE} must stand below a heading; got 'It rained .'. Write"):
        load_entities()


# The splits


def test_four_splits_of_tokens_tags_and_topics(dataset):
    sizes = {"train": 993, "validation": 125, "test": 170, "test_unseen": 130}
    assert {name: len(split) for name, split in dataset.items()} == sizes
    for split in dataset.values():
        assert list(split.features) == ["tokens", "ner_tags", "topic"]
        tags = "O B-PER I-PER B-ORG I-ORG B-LOC I-LOC B-MISC I-MISC".split()
        assert split.features["ner_tags"].feature.names == tags == NER_TAGS


def test_the_held_out_splits_are_large_enough(splits):
    assert len(splits["train"]) / sum(map(len, splits.values())) == pytest.approx(0.7, abs=0.01)
    assert len(splits["test"]) >= 150
    assert len(splits["test_unseen"]) >= 100 and len(names(splits["test_unseen"])) >= 150


def test_every_sentence_is_in_one_split(splits, sentences):
    dealt = Counter(" ".join(tokens) for split in splits.values() for tokens, _ in split)
    assert dealt == Counter(" ".join(sentence.tokens) for sentence in sentences)


def test_the_tags_are_iob2(splits):
    for split in splits.values():
        for tokens, tags in split:
            assert len(tokens) == len(tags)
            for before, tag in zip(["O", *tags], tags, strict=False):
                assert tag[0] != "I" or before[2:] == tag[2:]


def test_no_name_stands_in_two_splits(splits):
    for name, split in splits.items():
        others = [folded_names(other) for key, other in splits.items() if key != name]
        assert not folded_names(split) & set.union(*others)


def test_unseen_names_have_no_word_of_any_other_split(splits):
    unseen = content_words(name for name, _ in names(splits["test_unseen"]))
    assert len(unseen) > 200 and max(map(len, entities.FUNCTION_WORDS)) <= 4
    for name in ("train", "validation", "test"):
        assert not unseen & words_of_sentences(splits[name])
    known = content_words(name for name, _ in names(splits["test"])) & words_of_sentences(splits["train"])
    assert len(known) > 50  # so the other test split is the easier one


def test_the_splits_are_alike(splits):
    for split in splits.values():
        plain = np.mean([set(tags) == {"O"} for _, tags in split])
        assert plain == pytest.approx(0.09, abs=0.005)
        kinds = Counter(kind for _, kind in names(split))
        assert min(kinds[kind] for kind in ENTITY_TYPES) > 0.13 * kinds.total()


def test_the_splits_never_change(splits):
    """A sentence that is edited moves others, too: then take over the new values, here and on the card."""
    found = {}
    for name, split in splits.items():
        text = "\n".join(" ".join(tokens + tags) for tokens, tags in split)
        found[name] = hashlib.sha256(text.encode()).hexdigest()[:12]
    held_out = {"validation": "5c91d422d401", "test": "6f17e52ae095", "test_unseen": "322019c7585a"}
    assert found == {"train": "f0561b02d581"} | held_out


def test_groups_and_kinds_by_hand(tmp_path):
    path = write(
        tmp_path,
        "# topic: sport",
        "[Ajax|ORG] beat [Sparta|ORG] .",  # 0
        "[AJAX|PER] fell on the sword .",  # 1: of the group of 0, by its name
        "[Bank of Chad|ORG] sold [Uhu|MISC] .",  # 2: new, for "of" does not count
        "They sat on a wall of ice .",  # 3: plain
        "[Wall Street|LOC] slept .",  # 4: old, as "wall" stands in 3
        "[Hector|PER] met [Sparta|LOC] in [Troy|LOC] .",  # 5: of the group of 0 and 1
        "[Lille 2|ORG] won 2 - 0 .",  # 6: new, for a number does not count
        "[Helen|PER] left [Troy|LOC] by night .",  # 7: of the group of 0, 1 and 5
        "[Ice|PER] , [Uhu|MISC] and two friends .",  # 8: old by "ice", and with it 2
    )
    sentences = entities._read(path)
    groups = entities._groups(sentences)
    assert groups.factorize()[0].tolist() == [0, 0, 1, 2, 3, 0, 4, 0, 1]
    kinds = entities._kinds(sentences, groups)
    assert kinds.tolist() == ["new", "new", "old", "plain", "old", "new", "new", "new", "old"]


# The sentences


def test_the_sentences_have_6_to_35_tokens_and_punctuation_stands_alone(sentences):
    for sentence in sentences:
        assert 6 <= len(sentence.tokens) <= 35
        for token in sentence.tokens:
            glued = len(token) > 1 and re.search(r"^[\W_]|[^\w.]$", token)
            assert not glued or token in ("'s", "'m", "'ll"), sentence
            assert not token.endswith("'s") or token == "'s", sentence


def test_a_title_is_no_part_of_a_person(sentences):
    titles = "mr mrs ms dr sir president king queen captain judge inspector professor uncle aunt the".split()
    for sentence in sentences:
        for name, kind in spans(sentence.tokens, sentence.ner_tags):
            assert kind != "PER" or name.split()[0].casefold() not in titles, sentence


def test_no_sentence_and_no_template_stands_twice(sentences):
    """Names replaced by their types, no two sentences share 60 % of their words."""
    templates = [
        {t.casefold() if tag == "O" else tag[2:] for t, tag in zip(s.tokens, s.ner_tags, strict=True)}
        for s in sentences
    ]
    numbers = {word: i for i, word in enumerate(sorted(set.union(*templates)))}
    places = [(i, numbers[word]) for i, template in enumerate(templates) for word in template]
    holds = coo_array((np.ones(len(places)), np.transpose(places))).tocsr()
    shared = (holds @ holds.T).toarray()
    sizes = shared.diagonal()
    overlap = shared / (sizes[:, None] + sizes - shared)
    np.fill_diagonal(overlap, 0)
    worst = np.unravel_index(overlap.argmax(), overlap.shape)
    assert overlap.max() < 0.6, [sentences[i] for i in worst]


def test_names_are_rare(sentences):
    found = Counter(name for sentence in sentences for name in sentence.names)
    assert max(found.values()) <= 6
    assert sum(n <= 2 for n in found.values()) > 0.97 * len(found)


# The card


def test_the_table_of_the_card_is_right(splits):
    known = words_of_sentences(splits["train"])
    for split_name, split in splits.items():
        [row] = re.findall(rf"^\| {split_name} \|(.*)\|$", CARD, re.MULTILINE)
        kinds = Counter(kind for _, kind in names(split))
        with_known_word = sum(bool(content_words([name]) & known) for name, _ in names(split))
        counts = [len(split), *(kinds[kind] for kind in ENTITY_TYPES), kinds.total(), with_known_word]
        assert [int(cell) for cell in row.split("|")] == counts


def test_the_prose_of_the_card_is_right(splits, sentences):
    found = [name for split in splits.values() for name in names(split)]
    different = set.union(*map(folded_names, splits.values()))
    counts = f"{len(found):,} marked names, {len(different):,} of them different"
    assert f"{len(sentences):,} English sentences with {counts}" in CARD
    topics = Counter(sentence.topic for sentence in sentences)
    assert f"{len(topics)} topics" in CARD
    assert f"{topics['ambiguous']} sentences turn on ambiguous ones" in CARD
    texts = [" ".join(sentence.tokens) for sentence in sentences]
    plain = [not sentence.names for sentence in sentences]
    lower, upper = [text == text.lower() for text in texts], [text == text.upper() for text in texts]
    shares = map(np.mean, (plain, lower, upper))
    stated = "{:.0%} of the sentences have no name, {:.0%} are in lower case, {:.0%} in capitals"
    assert stated.format(*shares).replace("%", " %") in CARD
    first_line = entities.ENTITIES_FILE.read_text(encoding="utf-8").partition("\n")[0]
    assert "CC0 1.0" in CARD and "CC0 1.0" in first_line


def test_the_examples_of_the_card_are_marked_as_it_says(sentences):
    marked = {span for sentence in sentences for span in spans(sentence.tokens, sentence.ner_tags)}
    guideline = CARD.partition("## What counts as a name")[2].partition("## Splits")[0]
    examples = re.findall(r"^\| (PER|ORG|LOC|MISC) \|.*\|(.*)\|$", guideline, re.MULTILINE)
    assert len(examples) == 4
    for kind, cell in examples:
        assert all((name, kind) in marked for name in re.findall(r"\[(.*?)\]", cell)), cell
    assert ("The Cherry Orchard", "MISC") in marked
