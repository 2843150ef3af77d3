"""The hosts' own test suites, on every estimator and sampler, without an exception."""

import pytest
from imblearn.utils import estimator_checks as imblearn_checks
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import estimator_checks as sklearn_checks

from ganaug import GANBalancedClassifier, GANOverSampler, TableGAN, VectorGAN
from ganaug.architectures import MLP

TINY = MLP(width=8, latent_dim=2, n_blocks=1)
GANS = [
    TableGAN(TINY, max_steps=2, batch_size=8, min_class_size=0),
    VectorGAN(TINY, max_steps=2, batch_size=8, min_class_size=0),
]
SAMPLERS = [GANOverSampler(GANS[0], random_state=0)]
CLASSIFIERS = [
    GANBalancedClassifier(LogisticRegression(), GANOverSampler(GANS[0], dose=dose, min_class_size=1), random_state=0)
    for dose in (0.5, "auto")
]


@sklearn_checks.parametrize_with_checks([*GANS, *SAMPLERS, *CLASSIFIERS])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# What the checks round for estimators that take categories has classes of one row.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ganaug.exceptions.SmallClassWarning")
@sklearn_checks.parametrize_with_checks([clone(CLASSIFIERS[0]).set_params(estimator=None)])
def test_scikit_learn_checks_without_an_estimator(estimator, check):
    check(estimator)


@imblearn_checks.parametrize_with_checks(SAMPLERS)
def test_imbalanced_learn_checks(estimator, check):
    check(estimator)


# Not the GANs: the check asks for scikit-learn's private machinery and wording; they say more of what to do instead.
@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_parameters_are_validated(sampler):
    imblearn_checks.check_param_validation(type(sampler).__name__, clone(sampler))


@pytest.mark.parametrize("estimator", [*GANS, *SAMPLERS], ids=lambda estimator: type(estimator).__name__)
def test_column_names_are_consistent(estimator):
    sklearn_checks.check_dataframe_column_names_consistency(type(estimator).__name__, clone(estimator))
