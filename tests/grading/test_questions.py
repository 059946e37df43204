"""The questions accept the solutions, and refuse what learners typically get wrong."""

import json

import nbformat
import numpy as np
import pytest
import torch

from grading.ask import ask
from grading.assignment import SOURCE
from grading.release import grade_id
from grading.score import load_questions, score

# For each question: what is wrong -> code in place of the answer, and the points that are left.
WRONG = {
    ("a1", "q1"): {
        "arithmetic mean": ("equal_choices = (2 + 8 + 32) / 3", 0),
        "the loss": ("equal_choices = math.log(8)", 0),
    },
    ("a1", "q2"): {
        "cross-entropy": ("def focal_loss(z, y, g): return cross_entropy(z, y)", 0),
        "p, not 1 - p": (
            """def focal_loss(z, y, g):
    p = z.softmax(1)[torch.arange(len(y)), y]
    return -(p**g * p.log()).mean()""",
            0,
        ),
        "a sum": (
            """def focal_loss(z, y, g):
    log_p = log_softmax(z)[torch.arange(len(y)), y]
    return -((1 - log_p.exp())**g * log_p).sum()""",
            0,
        ),
        "ignored labels count": (
            """def focal_loss(z, y, g):
    log_p = log_softmax(z)[torch.arange(len(y)), y]
    return -((1 - log_p.exp())**g * log_p).mean()""",
            3,
        ),
        "softmax, then logarithm": (
            """def focal_loss(z, y, g):
    z, y = z[y != -100], y[y != -100]
    p = z.softmax(1)[torch.arange(len(y)), y]
    return -((1 - p)**g * p.log()).mean()""",
            3,
        ),
        "always 0": ("def focal_loss(z, y, g): return 0.0", 0),
    },
    ("a1", "q3"): {
        "mean of logarithms": (
            """def loss_of_any(z, a):
    return -z.log_softmax(1).where(a, tensor(0.0)).sum(1).div(a.sum(1)).mean()""",
            0,
        ),
        "probabilities": ("def loss_of_any(z, a): return -(z.softmax(1) * a).sum(1).log().mean()", 2),
        "a sum": (
            """def loss_of_any(z, a):
    return (z.logsumexp(1) - z.masked_fill(~a, -torch.inf).logsumexp(1)).sum()""",
            0,
        ),
    },
    ("a1", "q4"): {
        "means": (
            """def text_totals(z, y):
    losses = [cross_entropy(a, b) for a, b in zip(z, y)]
    return torch.stack(losses), (y != -100).sum(1)""",
            0,
        ),
        "no care for nothing": (
            """def text_totals(z, y):
    n = (y != -100).sum(1)
    losses = [cross_entropy(a, b) * k for a, b, k in zip(z, y, n)]
    return torch.stack(losses), n""",
            2,
        ),
        "over all texts": (
            "def text_totals(z, y): return mlm_loss(z, y) * (y != -100).sum(), (y != -100).sum()",
            0,
        ),
    },
    ("a1", "q5"): {
        "special ones, too": (
            """def hide_spans(ids, special, starts, length, mask):
    chosen = torch.zeros_like(special)
    for start in starts: chosen[start:start + length] = True
    return ids.masked_fill(chosen, mask), ids.masked_fill(~chosen, -100)""",
            2,
        ),
        "special ones make room": (
            """def hide_spans(ids, special, starts, length, mask):
    chosen = torch.zeros_like(special)
    for start in starts:
        rest = [i for i in range(start, len(ids)) if not special[i]]
        chosen[rest[:length]] = True
    return ids.masked_fill(chosen, mask), ids.masked_fill(~chosen, -100)""",
            2,
        ),
        "labels of what is read": (
            """def hide_spans(ids, special, starts, length, mask):
    read = ids.clone()
    for start in starts: read[start:start + length] = mask
    read = torch.where(special, ids, read)
    return read, read.masked_fill(read != mask, -100)""",
            0,
        ),
        "over the end": (
            """def hide_spans(ids, special, starts, length, mask):
    read, labels = ids.clone(), torch.full_like(ids, -100)
    for start in starts:
        for i in range(start, start + length):
            if not special[i]: read[i], labels[i] = mask, ids[i]
    return read, labels""",
            2.5,
        ),
    },
    ("a1", "q6"): {
        "a draw a token": (
            """def choose_exactly(s, rate, generator):
    return (torch.rand(s.shape, generator=generator) < rate) & ~s""",
            0,
        ),
        "none in short rows": (
            """def choose_exactly(s, rate, generator):
    place = torch.rand(s.shape, generator=generator).masked_fill(s, 2).argsort(1).argsort(1)
    return place < (rate * (~s).sum(1, keepdim=True)).floor()""",
            3,
        ),
        "always the first": (
            """def choose_exactly(s, rate, generator):
    return ((~s).cumsum(1) <= (rate * (~s).sum(1, keepdim=True)).floor().clamp(min=1)) & ~s""",
            3,
        ),
        "a draw of its own": (
            """def choose_exactly(s, rate, generator):
    place = torch.rand(s.shape).masked_fill(s, 2).argsort(1).argsort(1)
    return place < (rate * (~s).sum(1, keepdim=True)).floor().clamp(min=1)""",
            3,
        ),
        "zeros and ones": (
            """def choose_exactly(s, rate, generator):
    place = torch.rand(s.shape, generator=generator).masked_fill(s, 2).argsort(1).argsort(1)
    return (place < (rate * (~s).sum(1, keepdim=True)).floor().clamp(min=1)).int()""",
            0,
        ),
    },
    ("a2", "q1"): {"another order": ("counts = (20, 20, 5)", 0), "a list of texts": ("counts = ['20']", 0)},
    ("a2", "q2"): {
        "transposed": (
            """def f_beta_of_classes(m, b):
    tp, fp, fn = np.diag(m), m.sum(1) - np.diag(m), m.sum(0) - np.diag(m)
    below = (1 + b**2) * tp + b**2 * fn + fp
    return np.where(below > 0, (1 + b**2) * tp / np.maximum(below, 1), 0)""",
            0,
        ),
        "no care for 0/0": (
            """def f_beta_of_classes(m, b):
    tp, fn, fp = np.diag(m), m.sum(1) - np.diag(m), m.sum(0) - np.diag(m)
    return (1 + b**2) * tp / ((1 + b**2) * tp + b**2 * fn + fp)""",
            3,
        ),
        "from precision and recall": (
            """def f_beta_of_classes(m, b):
    p, r = np.diag(m) / m.sum(0), np.diag(m) / m.sum(1)
    return (1 + b**2) * p * r / (b**2 * p + r)""",
            2,
        ),
        "the mean": ("def f_beta_of_classes(m, b): return np.mean(m)", 0),
    },
    ("a2", "q3"): {
        "mean of F1": (
            """def pooled_f1(folds):
    f = [2 * sum(a * b for a, b in zip(*x)) / max(1, sum(x[0]) + sum(x[1])) for x in folds]
    return sum(f) / len(f)""",
            0,
        ),
        "no care for 0/0": (
            """def pooled_f1(folds):
    both = sum(sum(a) + sum(b) for a, b in folds)
    return 2 * sum(a * b for x in folds for a, b in zip(*x)) / both""",
            2,
        ),
        "always 0": ("def pooled_f1(folds): return 0.0", 0),
    },
    ("a2", "q4"): {
        "above the score": (
            """def threshold_for_recall(y, s, recall):
    for t in np.unique(s)[::-1]:
        if np.mean(s[y == 1] > t) >= recall: return t
    return s.min()""",
            0,
        ),
        "more than the recall": (
            """def threshold_for_recall(y, s, recall):
    for t in np.unique(s)[::-1]:
        if np.mean(s[y == 1] >= t) > recall: return t
    return s.min()""",
            3,
        ),
        "the lowest": (
            """def threshold_for_recall(y, s, recall):
    return s.min()""",
            0,
        ),
        "scores of the ill only, by rank": (
            """def threshold_for_recall(y, s, recall):
    ill = np.sort(s[y == 1])[::-1]
    return ill[int(recall * len(ill))  - 1]""",
            0,
        ),
    },
    ("a2", "q5"): {
        "all pairs": ("def auc_within_groups(y, s, g): return (s[y == 1][:, None] > s[y == 0]).mean()", 0),
        "ties are right": (
            """def auc_within_groups(y, s, g):
    pair = (y[:, None] > y) & (g[:, None] == g)
    return (s[:, None] >= s)[pair].mean()""",
            2.5,
        ),
        "mean over groups": (
            """def auc_within_groups(y, s, g):
    each = []
    for k in np.unique(g):
        a, b = s[(g == k) & (y == 1)][:, None], s[(g == k) & (y == 0)]
        each.append(((a > b) + (a == b) / 2).mean())
    return np.mean(each)""",
            0,
        ),
    },
    ("a2", "q6"): {
        "one direction": (
            """def wins_needed(n):
    for k in range(n // 2 + 1, n + 1):
        if sum(math.comb(n, i) for i in range(k, n + 1)) / 2**n < 0.05: return k
    return 0""",
            0,
        ),
        "exactly k": (
            """def wins_needed(n):
    for k in range(n // 2 + 1, n + 1):
        if 2 * math.comb(n, k) / 2**n < 0.05: return k
    return 0""",
            0,
        ),
        "in floats": (
            """def wins_needed(n):
    for k in range(n // 2 + 1, n + 1):
        if 2 * sum(math.comb(n, i) for i in range(k, n + 1)) * 0.5**n < 0.05 and 2.0**n: return k
    return 0
if True:
    exact = wins_needed
    def wins_needed(n): return exact(n) if n < 100 else 0""",
            3,
        ),
        "n for never": (
            """def wins_needed(n):
    for k in range(n // 2 + 1, n):
        if 2 * sum(math.comb(n, i) for i in range(k, n + 1)) / 2**n < 0.05: return k
    return n""",
            3,
        ),
    },
    ("a3", "q1"): {
        "no biases": ("trainable = 384 * 384 + 384 * 3", 0),
        "two classes": ("trainable = 384 * 384 + 384 + 384 * 2 + 2", 0),
    },
    ("a3", "q2"): {
        "-1 is a word": (
            """def mean_of_words(states, words):
    n = int(words.max()) + 1
    return torch.stack([states[words % n == k].mean(0) for k in range(n)])""",
            2,
        ),
        "first pieces": (
            """def mean_of_words(states, words):
    return torch.stack([states[words == k][0] for k in range(int(words.max()) + 1)])""",
            0,
        ),
        "sums": (
            """def mean_of_words(states, words):
    return torch.stack([states[words == k].sum(0) for k in range(int(words.max()) + 1)])""",
            0,
        ),
    },
    ("a3", "q3"): {
        "scores as weights": ("def mix_layers(h, s): return (s[:, None, None] * h).sum(0)", 0),
        "exponentials overflow": (
            "def mix_layers(h, s): return ((s.exp() / s.exp().sum())[:, None, None] * h).sum(0)",
            2,
        ),
        "the mean": ("def mix_layers(h, s): return h.mean(0)", 0),
    },
    ("a3", "q4"): {
        "the best": ("def earliest_good_layer(a): return int(a.mean(1).argmax())", 0),
        "one standard deviation": (
            """def earliest_good_layer(a):
    m = a.mean(1)
    return int(np.argmax(m >= m.max() - a[m.argmax()].std(ddof=1)))""",
            0,
        ),
        "above only": (
            """def earliest_good_layer(a):
    m = a.mean(1)
    return int(np.argmax(m > m.max() - a[m.argmax()].std(ddof=1) / np.sqrt(a.shape[1])))""",
            2,
        ),
    },
    ("a3", "q5"): {
        "distances": (
            """def nearest_middle(train, labels, features):
    middles = np.array([train[labels == k].mean(0) for k in np.unique(labels)])
    return np.argmin(((features[:, None] - middles) ** 2).sum(2), axis=1)""",
            0,
        ),
        "long vectors weigh more": (
            """def nearest_middle(train, labels, features):
    middles = np.array([train[labels == k].mean(0) for k in np.unique(labels)])
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    return np.argmax(features @ middles.T, axis=1)""",
            3,
        ),
        "middles are not made one long": (
            """def nearest_middle(train, labels, features):
    train = train / np.linalg.norm(train, axis=1, keepdims=True)
    middles = np.array([train[labels == k].mean(0) for k in np.unique(labels)])
    return np.argmax(features @ middles.T, axis=1)""",
            3,
        ),
        "two classes only": (
            """if True:
    whole = nearest_middle
    def nearest_middle(train, labels, features): return np.minimum(1, whole(train, labels, features))""",
            3,
        ),
    },
    ("a3", "q6"): {
        "one digit": (
            """def layer_rates(names, n, rate, decay):
    def steps(name):
        if "embeddings" in name: return n + 1
        return n - int(name.split("layer.")[1][0]) if "layer." in name else 0
    return [rate * decay ** steps(name) for name in names]""",
            3.5,
        ),
        "a fixed place": (
            """def layer_rates(names, n, rate, decay):
    def steps(name):
        parts = name.split(".")
        if parts[1] == "embeddings": return n + 1
        return n - int(parts[3]) if parts[1] == "encoder" else 0
    return [rate * decay ** steps(name) for name in names]""",
            3.5,
        ),
        "from the bottom": (
            """def layer_rates(names, n, rate, decay):
    def steps(name):
        if "embeddings" in name: return 0
        return int(name.split("layer.")[1].split(".")[0]) + 1 if "layer." in name else n + 1
    return [rate * decay ** steps(name) for name in names]""",
            0,
        ),
        "the top has the full rate": (
            """def layer_rates(names, n, rate, decay):
    def steps(name):
        if "embeddings" in name: return n
        return n - 1 - int(name.split("layer.")[1].split(".")[0]) if "layer." in name else 0
    return [rate * decay ** steps(name) for name in names]""",
            0,
        ),
    },
    ("a4", "q1"): {
        "not in pairs": (
            """def paired_interval(a, b):
    reach = 1.96 * np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return a.mean() - b.mean(), a.mean() - b.mean() - reach, a.mean() - b.mean() + reach""",
            0,
        ),
        "n below": (
            """def paired_interval(a, b):
    d = a.astype(float) - b
    reach = 1.96 * d.std() / np.sqrt(len(d))
    return d.mean(), d.mean() - reach, d.mean() + reach""",
            0,
        ),
        "b minus a": (
            """def paired_interval(a, b):
    d = b.astype(float) - a
    reach = 1.96 * d.std(ddof=1) / np.sqrt(len(d))
    return d.mean(), d.mean() - reach, d.mean() + reach""",
            0,
        ),
    },
    ("a4", "q2"): {
        "sign first": (
            """def decide(low, high, margin):
    if low > 0: return "A"
    if high < 0: return "B"
    return "equal" if -margin < low and high < margin else "undecided" """,
            2,
        ),
        "margin included": (
            """def decide(low, high, margin):
    if -margin <= low and high <= margin: return "equal"
    return "A" if low > 0 else "B" if high < 0 else "undecided" """,
            2,
        ),
        "by overlap with 0": (
            """def decide(low, high, margin): return "undecided" if low < 0 < high else "A" """,
            0,
        ),
    },
    ("a4", "q3"): {
        "no minimum": (
            """def worst_slice(right, slices, n):
    return min(((right[[s == k for s in slices]].mean(), k) for k in set(slices)))[::-1]""",
            1.5,
        ),
        "more than the minimum": (
            """if True:
    whole = worst_slice
    def worst_slice(right, slices, n): return whole(right, slices, n + 1)""",
            2,
        ),
        "the best": (
            """def worst_slice(right, slices, n):
    return max(((right[[s == k for s in slices]].mean(), k) for k in set(slices)))[::-1]""",
            0,
        ),
    },
    ("a4", "q4"): {
        "the best": ("def cheapest_good_enough(s, c, m): return max(s, key=s.get)", 0),
        "the cheapest": ("def cheapest_good_enough(s, c, m): return min(c, key=c.get)", 0),
        "ties by order": (
            """def cheapest_good_enough(s, c, m):
    return min([k for k in s if s[k] >= max(s.values()) - m], key=c.get)""",
            2,
        ),
    },
    ("a4", "q5"): {
        "one more": ("follows = ['b', 'd', 'a']", 0),
        "one less": ("follows = ['d']", 0),
        "all": ("follows = list('abcde')", 0),
        "a text": ("follows = 'bd'", 0),
    },
}


@pytest.fixture(scope="module")
def solved_names():
    """What the code of a solved notebook defines, without its checks."""
    found = {}
    for path in SOURCE.glob("*.ipynb"):
        names = {}
        for cell in nbformat.read(path, as_version=4).cells:
            checks = (grade_id(cell) or "").endswith(("_check", "reviews", "models", "table"))
            if cell.cell_type == "code" and not checks:
                exec(cell.source, names)
        found[path.stem[:2]] = names
    return found


def answers(names, question):
    """What the sandbox would send, through JSON as there."""
    with np.errstate(all="ignore"):
        message = json.loads(json.dumps(question.message(5)))
        return json.loads(json.dumps(ask(names, message)))


QUESTIONS = {
    (path.stem[:2], question.id): question
    for path in sorted(SOURCE.glob("*.py"))
    for question in load_questions(path)
}


def test_every_question_knows_typical_wrong_answers():
    assert WRONG.keys() == QUESTIONS.keys()
    assert all(len(wrong) >= 2 for wrong in WRONG.values())


@pytest.mark.parametrize("key", QUESTIONS, ids="-".join)
def test_solutions_earn_all_points_and_wrong_answers_what_they_deserve(solved_names, key):
    question, names = QUESTIONS[key], solved_names[key[0]]
    expected = answers(names, question)
    full = score(question, expected, expected)
    assert (full.points, full.reasons) == (question.points, [])
    got, deserved = {}, {}
    for what, (code, points) in WRONG[key].items():
        wrong = dict(names)
        exec(code, wrong)
        found = score(question, answers(wrong, question), expected)
        got[what], deserved[what] = found.points, points
    assert got == deserved
    assert max(got.values()) < question.points


@pytest.mark.parametrize("key", QUESTIONS, ids="-".join)
def test_a_question_does_not_depend_on_what_it_was_asked_before(solved_names, key):
    torch.manual_seed(1)
    first = answers(solved_names[key[0]], QUESTIONS[key])
    torch.manual_seed(2)
    assert json.dumps(first) == json.dumps(answers(solved_names[key[0]], QUESTIONS[key]))
