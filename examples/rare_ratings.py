"""Rare ratings: few films get one or two stars; `TableGAN` makes more such rows, of mixed and missing columns.

MovieLens 100K as a Parquet file of one row per rating: user_id, item_id, rating, age, gender, occupation, date and
genres. Users and films are described by what most ratings say of them, and a classifier learns from 3,000 others.

    python examples/rare_ratings.py --data ratings.parquet [--quick]
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score, f1_score, recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from ganaug import GANOverSampler, TableGAN


def main() -> None:
    """Compare sources of new rows, all bringing every rating to the number of the commonest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="Parquet file of ratings")
    parser.add_argument("--quick", action="store_true", help="seconds on made-up ratings (default: off)")
    options = parser.parse_args()
    if not options.quick and (options.data is None or not options.data.is_file()):
        raise SystemExit("Give MovieLens' ratings by --data, a file, or see it work on made-up ones: add --quick.")

    ratings = make_up() if options.quick else pd.read_parquet(options.data)
    ratings = ratings.sample(frac=1, random_state=0)
    n_train, n_test = len(ratings) * 3 // 100, len(ratings) // 10
    past = ratings[n_train + n_test :]
    X, y = describe(ratings[:n_train], past), ratings["rating"][:n_train].to_numpy()
    X_test, y_test = describe(ratings[n_train : n_train + n_test], past), ratings["rating"][n_train:][:n_test]

    gan = TableGAN(max_steps=20 if options.quick else "auto")
    ways = {
        "nothing": (X, y),
        "class weights": (X, y),
        **{
            name: GANOverSampler(gan, dose=1.0, sources=sources, random_state=0).fit_resample(X, y)
            for name, sources in {
                "duplication": {"duplicate": 1},
                "SMOTE": {"smote": 1},
                "TableGAN": {"gan": 1},
                "TableGAN and SMOTE": {"gan": 1, "smote": 1},
            }.items()
        },
    }
    print(f"Ratings to learn from: {pd.Series(y).value_counts().sort_index().to_dict()}")
    for name, (X_more, y_more) in ways.items():
        report(name, make_classifier(name == "class weights").fit(X_more, y_more).predict(X_test), y_test)
    print("One run each: benchmarks/vectors.py repeats this with intervals.")


def make_classifier(weigh: bool) -> object:
    """Return a random forest on one-hot categories."""
    to_numbers = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude=["number", "bool"])),
        remainder="passthrough",
        sparse_threshold=0,
    )
    return make_pipeline(
        to_numbers, RandomForestClassifier(100, class_weight="balanced" if weigh else None, random_state=0)
    )


def report(name: str, predicted: np.ndarray, truth: pd.Series) -> None:
    """Print scores that count all ratings alike, and how many of the rare ones are found."""
    rare = recall_score(truth, predicted, labels=[1, 2], average="macro", zero_division=0)
    print(
        f"  {name:18}: balanced accuracy {balanced_accuracy_score(truth, predicted):.3f}, macro-F1 "
        f"{f1_score(truth, predicted, average='macro'):.3f}, ratings of 1 and 2 found {rare:.1%}"
    )


def describe(ratings: pd.DataFrame, past: pd.DataFrame) -> pd.DataFrame:
    """Return user, film, and what both gave and got in the past, missing where there is nothing."""
    X = ratings[["age", "gender", "occupation"]].copy()
    X["year"] = pd.to_datetime(ratings["date"], format="%d-%b-%Y", errors="coerce").dt.year
    for key, name in (("user_id", "user"), ("item_id", "film")):
        groups = past.groupby(key)["rating"]
        X[f"{name}_mean"], X[f"{name}_count"] = ratings[key].map(groups.mean()), ratings[key].map(groups.size())
    genres = ratings.columns[ratings.columns.get_loc("unknown") + 1 :]
    return pd.concat([X, ratings[genres].astype(bool)], axis=1).reset_index(drop=True)


def make_up() -> pd.DataFrame:
    """Return a small stand-in with MovieLens' columns."""
    rng = np.random.default_rng(0)
    n = 8000
    user, item = rng.integers(60, size=n), rng.integers(80, size=n)
    taste = 3.2 + rng.normal(scale=0.8, size=60)[user] + rng.normal(scale=0.8, size=80)[item]
    rating = np.clip(np.round(taste + rng.normal(scale=0.5, size=n)), 1, 5).astype(int)
    table = {"user_id": user, "item_id": item, "rating": rating, "age": 20 + user}
    table |= {
        "gender": np.array(["F", "M"])[user % 2],
        "occupation": np.array(["artist", "student", "writer"])[user % 3],
    }
    table |= {"date": [f"01-Jan-{1940 + place % 60}" for place in item]}
    genres = {name: (item % step == 0).astype(int) for name, step in (("unknown", 99), ("Comedy", 2), ("Drama", 3))}
    return pd.DataFrame(table | genres)


if __name__ == "__main__":
    main()
