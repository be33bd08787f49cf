"""Explanations beside shap and LightGBM: speed, error, additivity, reasons, what would turn a decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aimass_core.device import one_thread
from aimass_core.models.catalog import FAMILIES, build
from benchmarks import counterfactual, shapley_peers, shapley_product, shapley_reasons
from benchmarks.rows import Row
from benchmarks.shapley_data import data


def run(*, quick: bool = False, only: Sequence[str] = ()) -> Iterator[Row]:
    """Return the rows of all parts, or of those whose names begin with one of `only`, as they are measured.

    `quick` explains fewer rows and trains fewer families.
    """
    one_thread()  # as the server does; more threads wait for each other on a busy machine
    for name, part in PARTS.items():
        if not only or any(name.startswith(wanted) for wanted in only):
            yield from part(quick)


def _networks(quick: bool) -> list[Row]:
    X, y = data(4_000)
    network = build("dann", {"epochs": 10}, device="cpu", seed=0).fit(X[1_000:], y[1_000:])
    return shapley_peers.against_shap(network, X, count=3 if quick else 6, repeats=1 if quick else 3)


def _additivity(quick: bool) -> list[Row]:
    return shapley_product.additivity(*data(4_000), count=300 if quick else 2_000)


def _trees(quick: bool) -> list[Row]:
    return shapley_peers.trees(*data(4_000), count=2_000 if quick else 20_000)


def _additive(quick: bool) -> list[Row]:
    return shapley_product.additive(*data(4_000), count=20_000 if quick else 100_000)


def _one_decision(quick: bool) -> list[Row]:
    families = ("dann", "boosting") if quick else tuple(FAMILIES)
    return shapley_product.one_decision(*data(4_000), families=families)


def _background(quick: bool) -> list[Row]:
    X, y = data(4_000)
    network = build("dann", {"epochs": 2 if quick else 10}, device="cpu", seed=0).fit(X[1_000:], y[1_000:])
    return shapley_product.many_rows(network, count=2_000 if quick else 100_000)


def _reasons(quick: bool) -> list[Row]:
    return shapley_reasons.rows(quick=quick)


# Each part makes its rows by itself, so that one can be measured alone.
PARTS: dict[str, Callable[[bool], list[Row]]] = {
    "networks": _networks,
    "additivity": _additivity,
    "trees": _trees,
    "additive": _additive,
    "one decision": _one_decision,
    "background": _background,
    "reasons": _reasons,
    "counterfactuals": lambda quick: counterfactual.rows(quick=quick),
}
"""The parts by name."""
