"""Minimal pairs: two sentences that differ in one word or in the order of words, and only one is English.

A language model that knows grammar gives the good sentence the higher score, whatever the sentence is about.
The pairs were written for this course, one by one, in the words of film reviews and of everyday life.

A model that only knows how frequent words are must not do well. So in each phenomenon every choice occurs as
often in one direction as in the other: where one pair prefers *is* to *are*, another prefers *are* to *is*.
In ``word_order`` both sentences have the same words. So whatever adds up over single words is at exactly 0.5.

Left out: pairs made from templates, of which a thousand say little more than one.
Used in notebook 14. The sentences are free for any use (CC0).
Source of the idea: Warstadt et al. 2020, *BLiMP*.
"""

import csv
from pathlib import Path

import pandas as pd
from datasets import Dataset, DatasetDict

PAIRS_FILE = Path(__file__).parents[1] / "data" / "minimal_pairs.tsv"


def load_minimal_pairs() -> DatasetDict:
    """512 hand-written minimal pairs of sentences, 32 in each of 16 phenomena.

    Returns:
        One split, ``test``, with the strings ``phenomenon`` ("polarity"), ``good`` and ``bad``.
    Example:
        >>> load_minimal_pairs()["test"][0]
        {'phenomenon': 'subject_verb_agreement', 'good': 'The ending is a little disappointing.',
         'bad': 'The ending are a little disappointing.'}
    """
    pairs = pd.read_csv(PAIRS_FILE, sep="\t", quoting=csv.QUOTE_NONE)
    return DatasetDict({"test": Dataset.from_dict(pairs.to_dict("list"))})
