"""Generation: draws follow the model's own probabilities, prompts stay, and runs repeat from their seed."""

import itertools
import string

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from small_models import small_bert
from transformers import AutoModelForMaskedLM, BertForMaskedLM, GPT2Config, pipeline

from prevlib.checkpoints import Loaded, checkpoint_path, load_tokenizer, quiet_transformers
from prevlib.generation import Filled, fill_mask, gibbs_generate, iterative_refine
from prevlib.tokenization import train_wordpiece

SENTENCE = "this [MASK] is one of the best films i have ever seen ."
WRITERS = [gibbs_generate, iterative_refine]
SPECIAL = range(5)


def build(folder, letters, *, seed=5, bias=None, spare=0):
    """A random BERT whose words are the letters, each at the start of a word and inside of one."""
    tokenizer = train_wordpiece([" ".join(letters)] * 2, vocab_size=5 + 2 * len(letters))
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 32, "initializer_range": 0.4}
    sizes |= {"vocab_size": len(tokenizer) + spare, "max_position_embeddings": 16}
    model = small_bert(BertForMaskedLM, seed=seed, **sizes)
    with torch.no_grad():
        for token, value in (bias or {}).items():
            model.cls.predictions.bias[token] = value
    Loaded(model, tokenizer).save(folder)
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Six words: a, b, c and ##a, ##b, ##c."""
    return build(tmp_path_factory.mktemp("tiny"), "abc")


@pytest.fixture(scope="module")
def probabilities(tiny):
    """p[i, j] of each word, for each of two gaps: i at the first beside word j, j at the second beside i."""
    model, mask = AutoModelForMaskedLM.from_pretrained(tiny).eval(), load_tokenizer(tiny).mask_token_id

    def at(position, *pair):
        with torch.inference_mode():
            logits = model(torch.tensor([[2, *pair, 3]])).logits[0, position]
        return logits[5:].double().softmax(-1).numpy()  # the special tokens are 0 to 4

    first = {other: at(1, mask, other) for other in [mask, *range(5, 11)]}
    second = {other: at(2, other, mask) for other in [mask, *range(5, 11)]}
    return first, second


def writer_options(writer, **options):
    steps = options.pop("steps", 3)
    steps = {"n_sweeps": steps, "burn_in": 0} if writer is gibbs_generate else {"n_iterations": steps}
    return options | steps


# fill_mask


def test_mini_finds_words_that_fit():
    [answers] = fill_mask(SENTENCE)
    assert [type(answer) for answer in answers] == [Filled] * 5
    assert {"film", "movie"} <= {answer.token for answer in answers[:3]}
    assert answers[0].probability > 0.3
    text = "this film is one of the best films i have ever seen."
    assert text in [answer.text for answer in answers]


@pytest.mark.parametrize(
    "text", [SENTENCE, "An [MASK] film, [MASK]?", "[MASK]", "a piece[MASK]", "[MASK] [MASK] [MASK] !"]
)
def test_it_agrees_with_the_pipeline_of_transformers(text):
    folder = checkpoint_path("mini")
    with quiet_transformers():
        theirs = pipeline("fill-mask", model=str(folder), top_k=7, device="cpu")(text)
    ours = fill_mask(text, folder, top_k=7)
    theirs = [theirs] if len(ours) == 1 else theirs
    assert len(ours) == text.count("[MASK]")
    for gap, expected in zip(ours, theirs, strict=True):
        assert [answer.token for answer in gap] == [answer["token_str"] for answer in expected]
        scores = [answer["score"] for answer in expected]
        assert [answer.probability for answer in gap] == pytest.approx(scores, rel=1e-4)
        framed = [
            answer["sequence"].removeprefix("[CLS]").removesuffix(" [SEP]").strip() for answer in expected
        ]
        assert [answer.text for answer in gap] == framed


def test_the_probabilities_are_those_of_the_model(tiny):
    [answers] = fill_mask("a [MASK] b", tiny, top_k=100)
    assert len(answers) == 11  # the whole vocabulary
    assert sum(answer.probability for answer in answers) == pytest.approx(1)
    tokenizer, model = load_tokenizer(tiny), AutoModelForMaskedLM.from_pretrained(tiny).eval()
    with torch.inference_mode():
        expected = model(**tokenizer("a [MASK] b", return_tensors="pt")).logits[0, 2].softmax(-1)
    assert [a.probability for a in answers] == pytest.approx(expected.sort(descending=True).values.tolist())
    ids = tokenizer.convert_tokens_to_ids([answer.token for answer in answers])
    assert ids == expected.argsort(descending=True).tolist()
    assert fill_mask("a [MASK] b", tiny, top_k=2) == [answers[:2]]


def test_gaps_are_filled_independently():
    first, second = fill_mask("it is a [MASK] [MASK].", top_k=3)
    assert first[0].text == f"it is a {first[0].token} [MASK]."
    [given_the_first] = fill_mask(first[0].text, top_k=3)
    assert [answer.token for answer in second] != [answer.token for answer in given_the_first]


def test_the_mask_token_of_the_checkpoint_is_taken_too(tiny, tmp_path):
    for file in tiny.iterdir():
        content = file.read_bytes()
        is_text = file.suffix == ".json"
        (tmp_path / file.name).write_bytes(content.replace(b"[MASK]", b"<gap>") if is_text else content)
    assert load_tokenizer(tmp_path).mask_token == "<gap>"
    [expected] = fill_mask("a [MASK] b", tiny)
    for text in ("a <gap> b", "a [MASK] b"):
        [answers] = fill_mask(text, tmp_path)
        assert [answer.probability for answer in answers] == [answer.probability for answer in expected]


def test_texts_that_cannot_be_filled_are_refused(tiny):
    with pytest.raises(
        ValueError, match=r"`text` must hold the mask token, \[MASK\], at least once; got 'a b'"
    ):
        fill_mask("a b", tiny)
    with pytest.raises(TypeError, match="`text` must be a string; got list. Fill one text at a time"):
        fill_mask(["a [MASK]"], tiny)
    with pytest.raises(ValueError, match="`top_k` must be at least 1; got 0"):
        fill_mask("[MASK]", tiny, top_k=0)
    with pytest.raises(ValueError, match="`text` must have at most 16 tokens, special ones included; got 17"):
        fill_mask("[MASK]" + " a" * 14, tiny)
    assert len(fill_mask("[MASK]" + " a" * 13, tiny)) == 1


# What both writers keep


@pytest.mark.parametrize("writer", WRITERS)
def test_the_result_depends_on_the_seed_and_nothing_else(writer, tiny):
    options = writer_options(writer, n_tokens=6, n_texts=3)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = writer(tiny, **options, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    assert writer(tiny, **options, seed=1) == one
    assert writer(tiny, **options, seed=2).texts != one.texts
    assert len(set(one.texts)) == 3


@pytest.mark.parametrize("writer", WRITERS)
def test_the_trace_leads_from_masks_to_the_texts(writer, tiny):
    found = writer(tiny, **writer_options(writer, n_tokens=5, n_texts=2, steps=4))
    assert found.trace[0] == ["[MASK] [MASK] [MASK] [MASK] [MASK]"] * 2
    assert found.trace[-1] == found.texts
    assert len(found.trace) == 5
    assert [len(ids) for ids in found.token_ids] == [5, 5]
    assert load_tokenizer(tiny).batch_decode(found.token_ids) == found.texts


@pytest.mark.parametrize("writer", WRITERS)
def test_the_prompt_stays_where_it_is(writer):
    found = writer(**writer_options(writer, n_tokens=4, n_texts=2, steps=2), prompt="This film, i")
    for states in found.trace:
        assert all(state.startswith("this film, i ") for state in states)
    tokenizer = load_tokenizer("mini")
    prompt = tokenizer("This film, i", add_special_tokens=False)["input_ids"]
    assert [tokenizer.decode(prompt + ids) for ids in found.token_ids] == found.texts


@pytest.mark.parametrize("writer", WRITERS)
def test_a_prompt_with_a_letter_that_the_model_does_not_know_stays_too(writer, tiny):
    found = writer(tiny, **writer_options(writer, n_tokens=2), prompt="a z")
    assert found.texts[0].startswith("a [UNK] ")


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("top_k", [None, 3, 1000])
def test_special_tokens_are_never_written(writer, top_k, tmp_path):
    favourites = dict.fromkeys([*SPECIAL, 57], 50.0)  # 57 has no token: the matrix was padded
    folder = build(tmp_path, string.ascii_lowercase, bias=favourites, spare=1)
    [answers] = fill_mask("[MASK]", folder)
    assert min(answer.probability for answer in answers[:5]) > 0.05
    found = writer(folder, **writer_options(writer, n_tokens=8, n_texts=50), top_k=top_k)
    assert set(itertools.chain(*found.token_ids)) <= set(range(5, 57))


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("options", [{"temperature": 1e-9}, {"temperature": 1e-300}, {"top_k": 1}])
def test_near_temperature_0_the_best_token_is_taken(writer, options, tiny):
    [answers] = fill_mask("c [MASK]", tiny, top_k=11)
    best = next(answer.token for answer in answers if not answer.token.startswith("["))
    found = writer(tiny, **writer_options(writer, n_tokens=1, n_texts=20), prompt="c", **options)
    assert {tuple(ids) for ids in found.token_ids} == {(load_tokenizer(tiny).convert_tokens_to_ids(best),)}


@pytest.mark.parametrize("writer", WRITERS)
def test_the_higher_the_temperature_the_flatter_the_draws(writer, tiny):
    def shares(temperature):
        options = writer_options(writer, n_tokens=1, n_texts=2000, steps=1)
        found = writer(tiny, **options, temperature=temperature)
        return np.bincount(np.ravel(found.token_ids), minlength=11)[5:] / 2000

    cold, warm, hot = (shares(temperature).max() for temperature in (0.5, 1, 1e6))
    assert cold > warm > hot
    assert hot == pytest.approx(1 / 6, abs=0.03)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    "options, text",
    [
        ({"n_tokens": 0}, "`n_tokens` must be at least 1; got 0"),
        ({"n_texts": 0}, "`n_texts` must be at least 1; got 0"),
        ({"steps": 0}, "`n_(sweeps|iterations)` must be at least 1; got 0"),
        ({"top_k": 0}, "`top_k` must be at least 1; got 0"),
        ({"temperature": 0}, "`temperature` must be above 0 and finite; got 0. For the best token each time"),
        ({"temperature": float("nan")}, "must be above 0 and finite; got nan"),
        ({"n_tokens": 15}, "`prompt` and `n_tokens` together must have at most 16 tokens.*; got 17.*shorten"),
        ({"prompt": "a [MASK]"}, r"`prompt` must not hold \[MASK\]; got 'a \[MASK\]'. Fill gaps.*fill_mask"),
    ],
)
def test_options_out_of_range_are_refused(writer, options, text, tiny):
    with pytest.raises(ValueError, match=text):
        writer(tiny, **writer_options(writer, **({"n_tokens": 2} | options)))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_prompt_must_be_a_string(writer, tiny):
    with pytest.raises(TypeError, match="`prompt` must be a string or None; got list"):
        writer(tiny, n_tokens=2, prompt=["a"])


@pytest.mark.parametrize(
    "use", [lambda name: fill_mask("[MASK]", name), *(lambda name, w=w: w(name, n_tokens=2) for w in WRITERS)]
)
def test_a_checkpoint_must_be_able_to_fill_gaps(use, tmp_path):
    with pytest.raises(
        ValueError, match="file without its head .* use a checkpoint that was saved with this"
    ):
        use("minilm")
    tokenizer = train_wordpiece(["a b"] * 2, 9)
    GPT2Config(vocab_size=len(tokenizer)).save_pretrained(tmp_path)
    tokenizer.mask_token = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="`checkpoint` must have a mask token; got '.*' without one. Masked"):
        use(tmp_path)


# gibbs_generate

PLAIN = {"burn_in": 0, "top_k": None}  # the model's own probabilities, throughout


def sweep_matrix(first, second):
    """Chance of each pair of tokens to follow each other pair in a sweep, from the model's answers."""
    tokens = list(first)  # the mask, then the words
    n = len(tokens)
    draw_first, draw_second = np.zeros((2, n, n, n, n))
    for i, j in itertools.product(range(n), repeat=2):
        draw_first[i, j, 1:, j] = first[tokens[j]]
        draw_second[i, j, i, 1:] = second[tokens[i]]
    draw_first, draw_second = draw_first.reshape(n * n, n * n), draw_second.reshape(n * n, n * n)
    return (draw_first @ draw_second + draw_second @ draw_first) / 2


def counts_of(pairs):
    counts = np.zeros((7, 7))
    for i, j in pairs:
        counts[i - 4, j - 4] += 1
    return counts[1:, 1:].ravel()


def p_value(pairs, chances):
    return chisquare(counts_of(pairs), chances.reshape(7, 7)[1:, 1:].ravel() * len(pairs)).pvalue


def at_once(probabilities):
    """Chances of the pairs if both gaps are filled without knowing of each other."""
    chances = np.zeros((7, 7))
    chances[1:, 1:] = np.outer(probabilities[0][4], probabilities[1][4])
    return chances


@pytest.mark.parametrize("n_sweeps", [1, 2, 10])
def test_the_chain_goes_where_its_transition_matrix_says(n_sweeps, tiny, probabilities):
    pairs = gibbs_generate(tiny, n_tokens=2, n_texts=4000, n_sweeps=n_sweeps, **PLAIN).token_ids
    matrix = sweep_matrix(*probabilities)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    chances = np.linalg.matrix_power(matrix, n_sweeps)[0]  # from two masks
    assert p_value(pairs, chances) > 0.001
    assert p_value(pairs, at_once(probabilities)) < 1e-9


def test_after_some_sweeps_the_chain_is_stationary_wherever_it_started(tiny, probabilities):
    stationary = np.linalg.matrix_power(sweep_matrix(*probabilities), 1000)[0]
    for start in ("masks", "random"):
        options = PLAIN | {"n_tokens": 2, "n_texts": 4000, "start": start}
        assert p_value(gibbs_generate(tiny, **options, n_sweeps=10).token_ids, stationary) > 0.001
        assert p_value(gibbs_generate(tiny, **options, n_sweeps=1).token_ids, stationary) < 1e-9


def test_a_random_start_is_uniform_over_the_words(tiny, probabilities):
    found = gibbs_generate(tiny, n_tokens=2, n_texts=4000, n_sweeps=1, start="random", **PLAIN)
    uniform = np.zeros((7, 7))
    uniform[1:, 1:] = 1 / 36
    assert p_value(found.token_ids, uniform.ravel() @ sweep_matrix(*probabilities)) > 0.001
    assert "[" not in "".join(found.trace[0])


def test_a_sweep_visits_every_position_once(tiny):
    found = gibbs_generate(tiny, n_tokens=9, n_texts=30, n_sweeps=1)
    assert "[MASK]" not in " ".join(found.texts)


def test_burn_in_draws_from_all_tokens_at_temperature_1(tiny):
    options = {"n_tokens": 6, "n_texts": 5, "n_sweeps": 3}
    plain = gibbs_generate(tiny, **options, **PLAIN)
    burnt = gibbs_generate(tiny, **options, burn_in=2, temperature=1e-6, top_k=2)
    assert burnt.trace[:3] == plain.trace[:3]
    assert burnt.trace[3] != plain.trace[3]
    assert gibbs_generate(tiny, **options, burn_in=3, temperature=1e-6, top_k=2) == plain


def test_options_of_the_chain_out_of_range_are_refused(tiny):
    with pytest.raises(ValueError, match="`burn_in` must be at least 0; got -1. 0 leaves it out"):
        gibbs_generate(tiny, n_tokens=2, burn_in=-1)
    with pytest.raises(ValueError, match='`start` must be "masks" or "random"; got \'mask\''):
        gibbs_generate(tiny, n_tokens=2, start="mask")


# iterative_refine


@pytest.mark.parametrize(
    "n_tokens, n_iterations, open_gaps",
    [
        (7, 4, [7, 5, 3, 1, 0]),  # 7, 21/4, 14/4, 7/4
        (3, 5, [3, 2, 1, 1, 0, 0]),  # 3, 12/5, 9/5, 6/5, 3/5
        (4, 1, [4, 0]),
    ],
)
def test_fewer_and_fewer_gaps_are_open(n_tokens, n_iterations, open_gaps, tiny):
    found = iterative_refine(tiny, n_tokens=n_tokens, n_texts=3, n_iterations=n_iterations)
    for i in range(3):
        assert [states[i].count("[MASK]") for states in found.trace] == open_gaps


@pytest.mark.parametrize("seed", range(4))
def test_two_iterations_by_hand(seed, tmp_path):
    folder = build(tmp_path, "abc", seed=seed)
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()

    def best(ids, position):
        with torch.inference_mode():
            probs = model(torch.tensor([ids])).logits[0, position, 5:].double().softmax(-1)
        return int(probs.argmax()) + 5, float(probs.max())

    ids = [2, 4, 4, 4, 3]
    answers = [best(ids, position) for position in (1, 2, 3)]
    ids[1:4] = [token for token, _ in answers]
    weakest = 1 + int(np.argmin([probability for _, probability in answers]))  # 3 (2 - 1) / 2 = 1 is opened
    ids[weakest] = 4
    found = iterative_refine(folder, n_tokens=3, n_iterations=2, temperature=1e-9)
    assert found.trace[1] == [load_tokenizer(folder).decode(ids[1:4])]
    ids[weakest] = best(ids, weakest)[0]
    assert found.token_ids == [ids[1:4]]


def test_one_iteration_draws_each_gap_by_itself(tiny, probabilities):
    pairs = iterative_refine(tiny, n_tokens=2, n_texts=4000, n_iterations=1, temperature=1).token_ids
    assert p_value(pairs, at_once(probabilities)) > 0.001
    assert p_value(pairs, sweep_matrix(*probabilities)[0]) < 1e-9
