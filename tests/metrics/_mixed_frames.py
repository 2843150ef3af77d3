"""Tables of mixed columns for the tests of table metrics."""

import numpy as np
import pandas as pd


def mixed_frame(n, seed=0, *, missing=0.1):
    """Every kind of column, with missing values in all but one; `income` follows `age`, `city` follows `plan`."""
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 10, n)
    plan = rng.choice(["basic", "plus", "pro"], n, p=[0.6, 0.3, 0.1])
    frame = pd.DataFrame(
        {
            "age": age,
            "income": 100 * age + rng.normal(0, 200, n),
            "visits": pd.array(rng.poisson(3, n), dtype="Int64"),
            "active": pd.array(rng.random(n) < 0.3, dtype="boolean"),
            "plan": pd.Categorical(plan, categories=["pro", "plus", "basic", "never"]),
            "city": pd.array(np.where(rng.random(n) < 0.9, np.char.add("near ", plan), "far"), dtype="string"),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), unit="D"),
        }
    )
    for column in frame.columns[1:]:
        frame.loc[rng.random(n) < missing, column] = None
    return frame, np.where(age + rng.normal(0, 5, n) > 50, "old", "young")
