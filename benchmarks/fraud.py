"""Average precision on the ULB card transactions, learnt on the first 70 % of the time, tested on the rest.

Families with their default settings; what they need to stop or to choose by, they take from their training
rows, which are in order of time. The test part has 108 frauds, so differences of 0.01 are noise. Recall is at
the score that flags 0.1 % of the good transactions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from aimass_core.evaluate.discrimination import average_precision
from benchmarks import public
from benchmarks.credit import BESIDE, fitted
from benchmarks.peers import PEERS
from benchmarks.public import Part
from benchmarks.rows import Row

FAMILIES = ("scorecard", "additive", "boosting", "tabm", "dann", "autoencoder", "auto")
LEAST, SHARE_OF_BEST = 0.81, 0.99
_FALSE_POSITIVES = 0.001
_QUICK_ROWS = 20_000


def run(*, quick: bool = False, only: Sequence[str] = ()) -> Iterator[Row]:
    """Give rows as they are measured; `quick`: two families on few rows, no target is judged.

    Parameters
    ----------
    only : families to measure.

    Raises
    ------
    FileNotFoundError
        When the public data is not there.
    """
    part = _part(quick)
    for key in FAMILIES:
        if key in only or (not only and (not quick or key in ("scorecard", "boosting"))):
            yield from _measured(key, part, quick)


@cache
def _part(quick: bool) -> Part:
    part = public.ulb()
    if not quick:
        return part
    kept = np.union1d(np.flatnonzero(part.y), np.arange(0, len(part.y), max(1, len(part.y) // _QUICK_ROWS)))
    return Part(part.X[kept], part.y[kept], part.test_X, part.test_y, part.categorical, part.names, True)


def _measured(key: str, part: Part, quick: bool) -> Iterator[Row]:
    scores = fitted(key, part).predict_proba(part.test_X)[:, 1]
    value = average_precision(part.test_y, scores)
    target, met = None, None
    if key == "auto":
        peers = {name: average_precision(part.test_y, _peer(name, quick)) for name in PEERS}
        best = max(peers, key=lambda name: peers[name])
        theirs, peer_name = peers[best], f"{PEERS[best][0]} (the best of {len(peers)})"
        target = f">= {SHARE_OF_BEST} x peer and >= {LEAST}"
        met = value >= SHARE_OF_BEST * theirs and value >= LEAST
    else:
        peer = BESIDE[key]
        theirs, peer_name = average_precision(part.test_y, _peer(peer, quick)), PEERS[peer][0]
        best = peer
    common = {"benchmark": "fraud", "case": f"{key}, ULB by time", "peer_name": peer_name}
    yield Row(
        **common,
        metric="average precision",
        ours=value,
        peer=theirs,
        ratio=value / theirs,
        target=None if quick else target,
        met=None if quick else met,
    )
    ours, peers_recall = (recall(part.test_y, found) for found in (scores, _peer(best, quick)))
    yield Row(
        **common,
        metric="recall at 0.1 % false positives",
        ours=ours,
        peer=peers_recall,
        ratio=ours / peers_recall,
    )


@cache
def _peer(name: str, quick: bool) -> npt.NDArray[np.float64]:
    return PEERS[name][1](_part(quick))


def recall(y: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]) -> float:
    """Return the share of frauds above the score that at most 0.1 % of the goods reach."""
    goods = np.sort(scores[y == 0])
    least = goods[-(int(_FALSE_POSITIVES * len(goods)) + 1)]
    return float((scores[y == 1] > least).mean())
