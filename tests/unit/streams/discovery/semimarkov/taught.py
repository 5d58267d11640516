"""Steps of people with tasks that tables are learned from, for tests."""

from __future__ import annotations

import random

from streams.discovery.semimarkov.tables_record import TaughtStep

ORDER = ("excel|copy|orders|cell a", "erp|edit|entry|customer", "erp|edit|entry|amount", "erp|click|entry|check",
         "erp|submit|entry|save")  # fmt: skip
MAIL = ("mail|open|inbox|message", "crm|edit|contact|name", "crm|edit|contact|phone", "crm|copy|contact|number",
        "mail|edit|reply|body", "mail|submit|reply|send")  # fmt: skip
CHAT = ("chat|click|team|channel a", "chat|click|team|channel b", "news|scroll|front|page")


def person(seed: int, executions: int = 40, noise: float = 0.05) -> tuple[list[TaughtStep], list[int]]:
    """The steps of a person, and of each the number of its execution (-1: of none)."""
    rng = random.Random(seed)
    steps: list[TaughtStep] = []
    cases: list[int] = []
    at_ms = seed * 1_000_000
    for case in range(executions):
        task = rng.choice((ORDER, MAIL))
        at_ms += rng.randint(5_000, 30_000)
        value = 0
        for name in task:
            if rng.random() < noise:
                steps.append((rng.choice(CHAT), at_ms, 0))
                cases.append(-1)
                at_ms += rng.randint(700, 2_500)
            if "|copy|" in name:
                value = rng.randint(1, 2**31)
            steps.append((name, at_ms, value if "|copy|" in name or "|edit|" in name else 0))
            cases.append(case)
            at_ms += rng.randint(700, 2_500)
    return steps, cases
