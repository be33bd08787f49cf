"""What a person does on each page, in the order it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.pages_browser import Screen

TITLES = ("Overview", "Data", "Clean", "Train", "Evaluate", "Explain", "Decisions")


@dataclass(frozen=True, slots=True)
class Action:
    """One interaction; `do` gets the number of the repeat, so that each repeat changes something.

    `setup` leads to where it can be done; it is done once and is no part of the measurement.
    """

    page: str
    name: str
    do: Callable[[Screen, int], object]
    setup: Callable[[Screen], object] | None = None


def _turn(*options: str) -> Callable[[Screen, int], None]:
    """Go from choice to choice of a row of choices."""
    return lambda screen, i: screen.view(options[i % len(options)]).click()


def _choose(label: str, *options: str) -> Callable[[Screen, int], None]:
    return lambda screen, i: screen.choose(label, options[i % len(options)])


def _type(label: str, *values: str) -> Callable[[Screen, int], None]:
    return lambda screen, i: screen.type(label, values[i % len(values)])


def _view(name: str) -> Callable[[Screen], None]:
    return lambda screen: screen.prepare(lambda: screen.view(name).click())


def _key(label: str) -> Callable[[Screen, int], None]:
    def press(screen: Screen, i: int) -> None:
        thumb = screen.page.get_by_test_id("stSlider").filter(has_text=label).get_by_role("slider").first
        thumb.focus()
        thumb.press("ArrowLeft" if i % 2 else "ArrowRight")

    return press


def _suggest(screen: Screen) -> None:
    screen.prepare(lambda: screen.button("Suggest a recipe").click())


def _change_repairs(screen: Screen, i: int) -> None:
    """Do the four repairs that are suggested in another order: twelve orders come before the first again."""
    screen.button("Move up", i % 3).click()


def _change_step(screen: Screen, i: int) -> None:
    """Change the first step, which comes after four repairs; only saving it is measured."""
    screen.prepare(lambda: screen.button("Change", 4).click())
    screen.type("Factor", f"{1.5 + 0.25 * (i + 1):.2f}", enter=False)
    screen.button("Save the change").click()


def _by_hand(screen: Screen) -> None:
    screen.prepare(lambda: screen.toggle("Choose the models yourself").click())


def _decide(screen: Screen, i: int) -> None:
    screen.type("income", str(30_000 + i))
    screen.page.get_by_role("button", name="Decide", exact=True).click()


def _all_decisions(screen: Screen) -> None:
    """List the decisions of every outcome: those of one may fill no second page."""
    _view("Find and replay")(screen)
    screen.prepare(lambda: screen.clear("Outcome"))


ACTIONS: tuple[Action, ...] = (
    Action("Data", "turn to columns and back", _turn("Columns", "Findings")),
    Action("Data", "turn to roles and back", _turn("Roles", "Findings")),
    Action("Data", "turn to distributions and back", _turn("Distributions", "Findings")),
    Action("Data", "turn to versions and back", _turn("Versions", "Findings")),
    Action("Data", "turn to rows and back", _turn("Rows", "Findings")),
    Action("Data", "filter the findings", _turn("Note"), _view("Findings")),
    Action("Data", "next page of rows", _type("Page", "2", "3", "4", "5", "6"), _view("Rows")),
    Action("Data", "page in the middle", _type("Page", "20000", "20001", "20002", "20003", "20004")),
    Action("Data", "sort rows by a column", _choose("Sort by", "income", "age", "salary", "rate")),
    Action("Data", "turn the order", lambda screen, i: screen.toggle("Largest first").click()),
    Action("Data", "look at a column", _choose("Look at one column", "income", "age", "region", "rate"),
           _view("Columns")),
    Action("Data", "page of distributions", _type("Page", "2", "3", "1"), _view("Distributions")),
    Action("Clean", "page of changed cells", _type("Page", "2", "3", "4", "5", "6"), _suggest),
    Action("Clean", "changed cells of a rule", lambda screen, i: screen.pick("Rule", i % 3)),
    Action("Clean", "compare a column", _choose("Column to compare", "income", "amount", "region", "rent")),
    Action("Clean", "change a step", _change_step),
    Action("Clean", "change the order of repairs", _change_repairs),
    Action("Train", "another time to spend", _turn("1 min", "10 min", "3 min")),
    Action("Train", "choose another target", _choose("Target", "insured", "defaulted")),
    Action("Train", "turn the split", lambda screen, i: screen.view(("By time", "At random")[i % 2]).click(),
           lambda screen: screen.expand("More settings")),
    Action("Train", "add a family and leave it out", _turn("DANN network"), _by_hand),
    Action("Train", "own settings of a family",
           lambda screen, i: screen.toggle("Own settings of Gradient").click()),
    Action("Evaluate", "move the cut-off", _key("Cut-off")),
    Action("Evaluate", "cost of an error", _type("Cost of a good", "300", "400", "500", "600")),
    Action("Evaluate", "scale of the scores", _turn("Log-odds", "Probability")),
    Action("Evaluate", "another curve", _turn("KS curve")),
    Action("Evaluate", "another run", _choose("Run", "boosting 20", "boosting 40")),
    Action("Explain", "another row", _type("Row (1 to", "17", "19500", "999", "4242", "12345")),
    Action("Explain", "another reference",
           _choose("Compared with", "The average of all", "The average training")),
    Action("Explain", "table of test rows", lambda screen, i: screen.toggle("Pick from the table").click()),
    Action("Decisions", "decide one applicant", _decide),
    Action("Decisions", "turn to the policy and back", _turn("Policy", "Decide one")),
    Action("Decisions", "turn to a file and back", _turn("Decide a file", "Decide one")),
    Action("Decisions", "turn to find and back", _turn("Find and replay", "Decide one")),
    Action("Decisions", "change a cut-off", _type("below a probability", "3", "4", "5", "6"),
           _view("Policy")),
    Action("Decisions", "filter by outcome", _choose("Outcome", "Approve", "Decline", "Refer"),
           _view("Find and replay")),
    Action("Decisions", "page of decisions", _type("Page", "2", "3", "4", "5", "6"), _all_decisions),
)  # fmt: skip
"""Names of runs and columns are those of `pages_data`; other texts are those the pages show."""
