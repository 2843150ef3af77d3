import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, RepeatedStratifiedKFold, StratifiedKFold

from ganaug.inner_folds import inner_folds, number_groups

Y = np.array(["a"] * 7 + ["b"] * 5 + ["alone"])
MANY = np.repeat(["common", "rare"], [80, 20])


class TestNumberOfFolds:
    def test_every_row_is_tested_once_but_the_only_one_of_a_class(self):
        folds = inner_folds(Y, 3, random_state=0)
        assert len(folds) == 3
        assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(12))
        for train, test in folds:
            assert 12 in train
            assert sorted([*train, *test]) == list(range(13))
            assert set(Y[test]) == {"a", "b"}

    def test_they_are_scikit_learns_where_no_row_is_alone(self):
        expected = StratifiedKFold(3, shuffle=True, random_state=5).split(Y[:12], Y[:12])
        for own, other in zip(inner_folds(Y[:12], 3, random_state=5), expected, strict=True):
            np.testing.assert_array_equal(np.concatenate(own), np.concatenate(other))

    def test_the_smallest_class_of_several_rows_limits_them(self):
        assert len(inner_folds(np.array([0] * 9 + [1] * 2 + [2]), 5)) == 2

    @pytest.mark.parametrize("y", [[0, 0, 0, 1], [0, 1, 2], [0, 0]])
    def test_one_such_class_is_too_few(self, y):
        assert inner_folds(np.array(y), 3) == []


class TestGroups:
    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("as_text", [False, True])
    def test_they_stay_together_and_every_part_has_every_class(self, seed, as_text):
        groups = np.random.default_rng(seed).integers(12, size=100)
        groups = np.array([f"patient {group}" for group in groups]) if as_text else groups
        folds = inner_folds(MANY, 3, groups, seed)
        assert len(folds) == 3
        assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(100))
        for train, test in folds:
            assert not set(groups[train]) & set(groups[test])
            assert set(MANY[train]) == set(MANY[test]) == {"common", "rare"}

    def test_the_class_with_fewest_limits_the_folds(self):
        groups = np.concatenate([np.arange(80) % 10, np.arange(20) % 2])
        assert len(inner_folds(MANY, 5, groups)) == 2

    def test_a_class_of_one_group_keeps_all_of_that_group_in_training(self):
        y = np.concatenate([MANY, ["alone"] * 3])
        groups = np.concatenate([np.arange(100) % 10, [0] * 3])
        for train, test in inner_folds(y, 3, groups):
            assert set(np.flatnonzero(groups == 0)) <= set(train)
            assert set(y[test]) == {"common", "rare"}

    def test_what_that_leaves_in_one_group_stays_too(self):
        y = np.array(["a", "b", "b", "c", "c", "d", "d", "d"])
        groups = np.array([0, 0, 1, 2, 3, 2, 3, 4])  # b has but group 1 once a's group has to stay
        tests = np.concatenate([test for _, test in inner_folds(y, 2, groups)])
        assert set(y[tests]) == {"c", "d"}

    def test_one_class_of_several_is_too_few(self):
        assert inner_folds(MANY, 3, np.repeat([0, 1, 2], [40, 40, 20])) == []

    def test_groups_that_hold_a_class_together_are_refused(self):
        y = np.array(["a"] * 20 + ["b"] * 2)
        groups = np.array([0] * 10 + [1] * 10 + [0, 1])
        assert len(inner_folds(y, 2, groups)) == 2
        y, groups = np.array(["a", "b", "c", "b", "c", "a"]), np.array([0, 0, 1, 1, 2, 2])
        with pytest.raises(ValueError, match="No split of the groups was found that has every class in every part"):
            inner_folds(y, 2, groups)

    def test_of_several_tries_one_is_found(self):
        y, groups = [1, 1, 0, 2, 2, 0, 1, 1, 1, 2, 2], [2, 0, 1, 1, 1, 3, 3, 1, 3, 0, 0]
        for train, test in inner_folds(np.array(y), 3, groups, 0):
            assert {y[row] for row in train} == {y[row] for row in test} == {0, 1, 2}

    @pytest.mark.parametrize(
        "groups",
        [
            pd.Series(np.arange(100) % 10, index=np.arange(100)[::-1]),
            pd.DataFrame({"patient": np.arange(100) % 10}),
            pd.Categorical(np.arange(100) % 10),
            pd.Series(np.arange(100) % 10, dtype="Int64"),
            [1, "1", (1,), 2.5, "a"] * 20,
            (np.arange(100) % 10)[:, None],
        ],
        ids=["series", "frame", "categorical", "nullable", "mixed", "column"],
    )
    @pytest.mark.filterwarnings("error")
    def test_forms(self, groups):
        numbers = number_groups(groups, 100)
        assert numbers.max() + 1 == (5 if isinstance(groups, list) else 10)
        np.testing.assert_array_equal(numbers, np.arange(100) % (numbers.max() + 1))

    @pytest.mark.parametrize(
        ("groups", "says"),
        [
            (np.arange(99), "groups has 99 entries for 100 rows.* keep groups from this step"),
            ([*range(99), None], "groups has missing values; give each row"),
            (["a", np.nan] * 50, "groups has missing values"),
            (pd.Series(["a", pd.NA] * 50, dtype="string"), "groups has missing values"),
            (np.zeros((100, 2)), r"groups has shape \(100, 2\); expected one group for each row"),
            ("a" * 100, "groups is str; expected an array"),
            ({*range(100)}, "groups is set; expected an array"),
            (iter(range(100)), "groups is range_iterator; expected an array"),
        ],
    )
    def test_bad_ones_are_refused(self, groups, says):
        with pytest.raises((TypeError, ValueError), match=says):
            inner_folds(MANY, 3, groups)


class TestGivenSplits:
    def test_a_word_is_none(self):
        with pytest.raises(TypeError, match=r"cv must be a number of folds, a splitter .*, got 'x'"):
            inner_folds(MANY, "x")

    def test_a_splitter_is_taken_as_it_is(self):
        splitter = RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)
        for own, other in zip(inner_folds(MANY, splitter), splitter.split(MANY, MANY), strict=True):
            np.testing.assert_array_equal(np.concatenate(own), np.concatenate(other))

    def test_it_gets_the_groups(self):
        groups = np.arange(100) % 7
        for train, test in inner_folds(MANY, GroupKFold(3), groups):
            assert not set(groups[train]) & set(groups[test])

    def test_what_it_returned_is_taken(self):
        splits = list(StratifiedKFold(4).split(MANY, MANY))
        assert len(inner_folds(MANY, splits)) == 4
        assert len(inner_folds(MANY, iter(splits))) == 4

    def test_a_training_part_without_a_class_is_refused(self):
        with pytest.raises(ValueError, match="leaves no row to train on of 'rare' in split 0"):
            inner_folds(MANY, [(np.arange(50), np.arange(50, 100))])

    def test_masks_are_taken_as_scikit_learn_takes_them(self):
        splits = list(StratifiedKFold(3).split(MANY, MANY))
        masks = [tuple(np.isin(np.arange(100), part) for part in split) for split in splits]
        for own, other in zip(inner_folds(MANY, masks), splits, strict=True):
            np.testing.assert_array_equal(np.concatenate(own), np.concatenate(other))

    def test_rows_count_from_the_end_too(self):
        ((train, test),) = inner_folds(MANY, [(np.arange(1, 99), [-1, 0])])
        assert (len(train), test.tolist()) == (98, [0, 99])

    def test_a_splitter_sees_rows_labels_and_groups_as_they_are(self):
        class Splitter:
            def get_n_splits(self, X=None, y=None, groups=None):
                return 1

            def split(self, X, y, groups):
                assert set(y) == {"common", "rare"}
                is_late = (X["year"] > 2000) & (groups != "a")
                return [(np.flatnonzero(~is_late), np.flatnonzero(is_late))]

        X = pd.DataFrame({"year": np.arange(100) % 20 + 1990})
        ((_, test),) = inner_folds(MANY, Splitter(), np.array(["a", "b"] * 50), X=X)
        assert set(test) == {row for row in range(1, 100, 2) if row % 20 > 10}

    def test_a_class_that_is_never_held_out_may_lack_everywhere(self):
        y = np.array(["a", "b", "alone", "a", "b"])
        assert len(inner_folds(y, [([0, 1, 2], [3, 4]), ([2, 3, 4], [0, 1])])) == 2

    @pytest.mark.parametrize(
        ("cv", "says"),
        [
            ([], "holds out rows of 0 classes"),
            ([(np.arange(100), np.arange(0))], "holds nothing out in split 0"),
            ([(np.arange(99), [-101])], "names row -101 of 100 in split 0"),
            ([(np.arange(40, 100), np.arange(40))], "holds out rows of 1 classes"),
            ([(np.arange(100), np.arange(100))], "trains on 100 of the rows that it tests in split 0"),
            ([(np.arange(100), [100])], "names row 100 of 100 in split 0: splits that are listed must be made for the"),
            ([(np.arange(100), [0.5])], r"gives float64 of shape \(1,\) in split 0; expected numbers of rows"),
            ([np.arange(2), 3], "something else than pairs"),
        ],
    )
    def test_bad_ones_are_refused(self, cv, says):
        with pytest.raises(ValueError, match=says):
            inner_folds(MANY, cv)

    def test_groups_that_a_splitter_needs_are_asked_for(self):
        with pytest.raises(ValueError, match="groups") as caught:
            inner_folds(MANY, GroupKFold(3))
        assert caught.value.__notes__ == ["Pass groups to fit, as cv splits by them."]
