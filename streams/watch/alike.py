"""Near-duplicates among the posts of a minute: one template spun into many texts, whoever posts them.

Two posts are alike when their terms are (Jaccard similarity, Broder 1997); posts that are alike, directly or by way of others,
form one group. Posts with a link are left out: people who pass a headline on are people, and in a real crisis they are most of
what is alike. So are reposts. The result does not depend on the order of the rows.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from schemas import scored
from schemas.scored import Rows
from schemas.terms import Terms

ALIKE: Final = 0.4
"""Part of the terms of two posts that both have, from which they are alike. On 16,000 real posts without a link, the crisis of
April 2017, it calls one in fifty a near-duplicate; a template with four choices in most places is still found."""
LEAST_TERMS: Final = 4
"""Terms of a post without which it is not compared: two words in common say nothing of short posts."""
LEAST_SHARED: Final = 3
"""Terms that any two posts alike have in common, by the two figures above."""
LEAST_POSTS: Final = 3
"""Different texts that make a group: two may be chance."""
MOST_TEXTS: Final = 128
"""Different texts of a minute that are compared (those with the least signatures); what is found is scaled up."""


def near_copies(rows: Rows, said: Terms) -> tuple[int, int]:
    """Return how many posts say again what another one says in other words, and their sum of P(negative) in 1/10,000.

    Exact copies are not among them. `said` are the terms of `rows`, post by post.
    """
    if len(rows) < LEAST_POSTS:
        return 0, 0
    texts = _different(rows, said)
    if len(texts) < LEAST_POSTS:
        return 0, 0
    sample = texts[:MOST_TEXTS]
    terms = said.take(sample)
    if np.count_nonzero(np.bincount(terms.index) >= LEAST_POSTS) < LEAST_SHARED:
        return 0, 0
    group = _groups(terms)
    sizes = np.bincount(group)
    count, mass = 0, 0
    negative = rows["negative"][sample].astype(np.int64)
    for number in np.flatnonzero(sizes >= LEAST_POSTS).tolist():
        size = int(sizes[number])
        count += size - 1
        mass += int(negative[group == number].sum()) * (size - 1) // size
    return count * len(texts) // len(sample), mass * len(texts) // len(sample)


def _different(rows: Rows, said: Terms) -> NDArray[np.intp]:
    """Return the places of posts to compare, one of each text (its least mention), by signature."""
    links = np.array(["/" in word for word in said.words], bool)
    post = np.repeat(np.arange(len(rows)), said.counts)
    linked = np.bincount(post, weights=links[said.index], minlength=len(rows)) > 0
    fit = (said.counts >= LEAST_TERMS) & ~linked & ((rows["flags"] & scored.REPOST) == 0) & (rows["signature"] != 0)
    places = np.flatnonzero(fit)
    places = places[np.lexsort((rows["mention"][places], rows["signature"][places]))]
    signature = rows["signature"][places]
    first = np.ones(len(places), bool)
    first[1:] = signature[1:] != signature[:-1]
    return places[first]


def _groups(terms: Terms) -> NDArray[np.int32]:
    """Return the number of each post's group: connected components of being alike."""
    n, counts = len(terms), terms.counts.astype(np.int64)
    common = np.bincount(terms.index)[terms.index] > 1  # what one post alone says makes none alike
    post = np.repeat(np.arange(n, dtype=np.int32), counts)[common]
    has = sparse.csr_matrix(
        (np.ones(len(post), np.int32), (post, terms.index[common].astype(np.int32))), (n, len(terms.words))
    )
    shared = (has @ has.T).tocoo()
    near = shared.data >= ALIKE * (counts[shared.row] + counts[shared.col] - shared.data)
    near &= shared.row < shared.col
    if not near.any():
        return np.arange(n, dtype=np.int32)
    edges = sparse.csr_matrix((shared.data[near], (shared.row[near], shared.col[near])), shared.shape)
    group: NDArray[np.int32] = csgraph.connected_components(edges, directed=False)[1]
    return group
