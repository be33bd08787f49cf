"""Card transactions with fraud, and purchases by item, of the fictitious bank's customers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.customers import DAYS, DRIFT_FROM, START, People

_MERCHANTS = np.array(
    ["groceries", "fuel", "restaurant", "fashion", "electronics", "travel", "online", "cash", "gift cards"]
)
_TYPICAL = np.array([38, 52, 27, 64, 180, 260, 45, 110, 75], dtype=float)
_STYLE = np.array(
    [
        [34, 12, 14, 10, 4, 4, 12, 9, 1],
        [22, 8, 22, 14, 6, 6, 16, 5, 1],
        [28, 18, 10, 8, 6, 4, 12, 13, 1],
        [16, 6, 16, 12, 10, 12, 24, 3, 1],
        [20, 8, 20, 14, 8, 18, 8, 3, 1],
    ],
    dtype=float,
)
_ITEMS = 20
_CATEGORIES = np.array(
    ["bakery", "dairy", "fruit", "meat", "drinks", "household", "baby", "pets", "garden", "electronics"]
)
_BASKET = np.array(
    [
        [20, 18, 16, 16, 10, 10, 0.5, 3, 2, 1],
        [14, 10, 10, 6, 30, 8, 0.5, 2, 2, 8],
        [14, 18, 14, 12, 6, 12, 20, 2, 3, 2],
        [10, 8, 22, 2, 10, 8, 0.5, 22, 10, 2],
        [12, 10, 14, 14, 12, 10, 0.5, 4, 18, 6],
    ],
    dtype=float,
)


def _pick(rng: np.random.Generator, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Draw one column index for each row's line of ``weights``."""
    cumulative = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    passed = np.count_nonzero(rng.random(len(rows))[:, None] > cumulative[rows], axis=1)
    return np.asarray(np.minimum(passed, weights.shape[1] - 1))


def make_transactions(
    rng: np.random.Generator, people: People, count: int, first: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Make card transactions of these customers.

    Returns
    -------
    The table (``count`` rows, by time) and the true probability of fraud, shape (count,).
    """
    activity = rng.gamma(2.0, 1.0, len(people.table))
    who = np.sort(rng.choice(len(people.table), count, p=activity / activity.sum()))
    day = rng.integers(0, DAYS, count)
    hour = np.clip(rng.normal(14.5, 4.2, count), 0, 23.99)
    when = START + (day * 86_400 + hour * 3600).astype(int).astype("timedelta64[s]")
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    attacked = rng.random(count) < 0.02
    night = attacked & (rng.random(count) < 0.55)
    when = np.where(
        night,
        when.astype("datetime64[D]").astype("datetime64[s]")
        + rng.integers(0, 5 * 3600, count).astype("timedelta64[s]"),
        when,
    )
    order = np.lexsort((when, who))
    who, when, attacked = who[order], when[order], attacked[order]
    merchant = _pick(rng, _STYLE, people.taste[who])
    merchant = np.where(attacked & (rng.random(count) < 0.65), rng.choice([4, 6, 7, 8], count), merchant)
    typical = _TYPICAL[merchant] * np.exp(0.15 * people.prudence[who])
    amount = typical * np.exp(0.55 * rng.normal(size=count) + attacked * rng.normal(0.75, 0.5, count))
    abroad = rng.random(count) < np.where(attacked, 0.45, 0.04)
    online = (merchant == 6) | (rng.random(count) < np.where(attacked, 0.5, 0.12))
    same = np.r_[False, who[1:] == who[:-1]]
    gap = np.where(same, np.r_[0, np.diff(when).astype("timedelta64[s]").astype(float)] / 60, np.nan)
    new_device = rng.random(count) < np.where(attacked, 0.6, 0.05)
    distance = np.where(abroad, rng.gamma(2, 900, count), rng.gamma(1.2, 9, count))
    ratio = amount / typical
    risky = np.isin(merchant, [4, 7, 8])
    at_night = ((when - when.astype("datetime64[D]")).astype(float) / 3600) < 5
    late_year = when >= DRIFT_FROM
    logit = (
        -7.0
        + 2.0 * abroad
        + 2.2 * new_device
        + 1.6 * np.log(np.maximum(ratio, 0.2))
        + 1.7 * risky * online
        + 2.0 * at_night
        + 1.2 * (np.nan_to_num(gap, nan=1e6) < 60)
        + 1.3 * abroad * new_device
        + 0.9 * (merchant == 8)
        + 1.1 * late_year * online * (merchant == 8)
    )
    probability = 1 / (1 + np.exp(-logit))
    fraud = rng.random(count) < probability
    by_time = np.argsort(when, kind="stable")
    table = pd.DataFrame(
        {
            "transaction_id": [f"T{n:09d}" for n in range(first, first + count)],
            "customer_id": people.table["customer_id"].to_numpy()[who][by_time],
            "at": when[by_time],
            "amount": amount.round(2)[by_time],
            "merchant_category": _MERCHANTS[merchant][by_time],
            "entry_mode": np.where(
                online, "online", np.where(rng.random(count) < 0.8, "contactless", "chip")
            )[by_time],
            "country": np.where(abroad, "abroad", "home")[by_time],
            "distance_km": distance.round(1)[by_time],
            "minutes_since_last": gap.round()[by_time],
            "amount_to_usual": ratio.round(2)[by_time],
            "new_device": new_device.astype(int)[by_time],
            "fraud": fraud.astype(int)[by_time],
        }
    )
    return table, probability[by_time]


def make_purchases(rng: np.random.Generator, people: People, count: int, first: int) -> pd.DataFrame:
    """Make purchases by item: five spending styles, favourite items, a garden season and some refunds."""
    who = rng.choice(len(people.table), count)
    when = START + rng.integers(0, DAYS * 86_400, count).astype("timedelta64[s]")
    month = when.astype("datetime64[M]").astype(int) % 12
    category = _pick(rng, _BASKET, people.taste[who])
    off_season = (category == 8) & ((month < 3) | (month > 8)) & (rng.random(count) < 0.8)
    category = np.where(off_season, 0, category)
    favourite = (who * 7919 + category * 104_729) % _ITEMS
    item = np.where(rng.random(count) < 0.45, favourite, rng.zipf(1.6, count) % _ITEMS)
    price = (1.5 + 0.35 * item) * np.where(category == 9, 22.0, np.where(category == 8, 4.0, 1.0))
    quantity = 1 + rng.poisson(0.6, count)
    quantity = np.where(rng.random(count) < 0.008, -1, quantity)
    table = pd.DataFrame(
        {
            "customer_id": people.table["customer_id"].to_numpy()[who],
            "at": when,
            "category": _CATEGORIES[category],
            "item": np.char.add(np.char.add(_CATEGORIES[category], " "), (item + 1).astype(str)),
            "price": price.round(2),
            "quantity": quantity,
        }
    )
    table = table.sort_values("at", kind="stable", ignore_index=True)
    table.insert(0, "purchase_id", [f"P{n:09d}" for n in range(first, first + count)])
    return table
