"""A plan for notebooks: a table of the groups, with the reasons folded away."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from ..wording import on_one_line

if TYPE_CHECKING:
    from .plan import Decision, Plan, Unclaimed

__all__ = ["plan_html"]

_MOST_SHOWN = 100


def plan_html(plan: Plan) -> str:
    """Return a plan as HTML; of very many groups, those that need a person first.

    Examples
    --------
    >>> from penstock.core.matching import Plan
    >>> "nothing is selected" in plan_html(Plan())
    True
    """
    undecided = [decision for decision in plan.decisions if not decision.is_decided]
    decided = [decision for decision in plan.decisions if decision.is_decided]
    rows = [*map(_decision, undecided), *map(_decision, decided), *map(_unclaimed, plan.unclaimed)]
    if not rows:
        return "<b>Plan</b>: nothing is selected"
    counts = ", ".join(
        f"{len(items)} {word}"
        for items, word in (
            (decided, "decided"),
            (undecided, "undecided"),
            (plan.unclaimed, "unclaimed"),
        )
        if items
    )
    more = len(rows) - _MOST_SHOWN
    rest = f"<p>… and {more} more: <code>plan.explain()</code></p>" if more > 0 else ""
    problems = "".join(f"<p>⚠ {_text(problem)}</p>" for problem in plan.plugin_errors)
    head = "<tr><th>files</th><th></th><th>ingestor</th><th>why</th></tr>"
    return (
        f"<b>Plan</b>: {counts}<table>{head}{''.join(rows[:_MOST_SHOWN])}</table>{rest}{problems}"
    )


def _decision(decision: Decision) -> str:
    if decision.chosen is None:
        names = " or ".join(offer.ingestor for offer in decision.alternatives)
        return _row(_place(decision), "?", names, decision.reason, decision.explain())
    why = decision.reason or decision.chosen.strength
    return _row(_place(decision), "→", decision.chosen.ingestor, why, decision.explain())


def _place(decision: Decision) -> str:
    return decision.explain().partition("\n")[0]


def _unclaimed(unclaimed: Unclaimed) -> str:
    why = f"{unclaimed.reason}. {unclaimed.remedy}".rstrip()
    return _row(unclaimed.subject, "✗", "", why, unclaimed.explain())


def _row(files: str, sign: str, ingestor: str, why: str, explanation: str) -> str:
    lines = "<br>".join(_text(line) for line in explanation.split("\n")[1:])
    folded = f"<details><summary>{_text(why)}</summary>{lines}</details>"
    return f"<tr>{''.join(_cells([_text(files), sign, _text(ingestor), folded]))}</tr>"


def _cells(texts: Iterable[str]) -> Iterable[str]:
    return (f'<td style="text-align: left">{text}</td>' for text in texts)


def _text(text: object) -> str:
    return escape(on_one_line(text))
