"""Every initializer of the catalogue: its names, and every draw against the declared law.

A kernel of 384 x 640 holds 245,760 entries. The standard error of a variance from n independent
entries is variance * sqrt((kurtosis + 2) / n): 0.3 % for a normal law. Exchanging fan_in and
fan_out changes the variance of He's and LeCun's initializers by 67 %, some 230 standard errors.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats import kstest

from suite import frameworks
from suite.catalogue import initializers, laws
from suite.catalogue.initializers import INITIALIZERS, resolve
from suite.catalogue.registry import KERAS
from suite.commands import main as cli
from suite.planning import grids
from suite.results.read_runs import read_runs
from suite.studies import STUDIES
from suite.types import Array, Unsupported, UserError
from tests import support
from tests.support import NATIVE, ROOT

FAN_IN, FAN_OUT = 384, 640
NAMES = [*initializers.every(), "variance_scaling(0.5, fan_out, uniform)", "xavier_normal(0.5)"]
SHARED = [name for name in NAMES if resolve(name).shared]
RANDOM = [name for name in NAMES if resolve(name).random]
load = functools.cache(frameworks.load)


def drawable(name: str, framework: str) -> bool:
    """Whether a framework has an object of its own for an initializer."""
    return resolve(name).undeclared(framework) is None


# Each test below is one of about 80; at 5 standard errors (p = 6e-7) and at p = 1e-6 all of them
# together raise a false alarm once in 5,000 choices of the seeds.
ERRORS, LEVEL = 5.0, 1e-6


@functools.cache
def drawn(framework: str, name: str, seed: int = 20, swap: bool = False) -> tuple[Array, Array]:
    """Draw kernel and bias by a framework; ``swap`` exchanges the fans, a mistake to be caught."""
    if swap:
        kernel, bias = load(framework).draw(name, FAN_OUT, FAN_IN, seed)
        return kernel.T, bias
    return load(framework).draw(name, FAN_IN, FAN_OUT, seed)


def variance_error(values: Array, law: laws.Law) -> float:
    """Return the standard errors between the values' mean square and the law's variance."""
    values = np.asarray(values, dtype=np.float64)
    variance = law.variance(FAN_IN, FAN_OUT)
    standard_error = variance * math.sqrt((law.kurtosis + 2.0) / values.size)
    return float((np.mean(values**2) - variance) / standard_error)


def mean_error(values: Array, law: laws.Law) -> float:
    """Return the standard errors between the mean of the values and 0."""
    mean = np.mean(values, dtype=np.float64)
    return float(mean / math.sqrt(law.variance(FAN_IN, FAN_OUT) / values.size))


def law_pvalue(values: Array, law: laws.Law) -> float:
    """Return the p-value of the Kolmogorov-Smirnov test of the values against the law."""
    return uniform_pvalue(law.cdf(np.ravel(values), FAN_IN, FAN_OUT))


def uniform_pvalue(probabilities: Array) -> float:
    """Return it for values of a distribution function, which are U(0, 1)."""
    return float(kstest(probabilities, "uniform").pvalue)


def follows(values: Array, law: laws.Law) -> bool:
    return (
        abs(mean_error(values, law)) < ERRORS
        and abs(variance_error(values, law)) < ERRORS
        and law_pvalue(values, law) > LEVEL
    )


# --- names -------------------------------------------------------------------------------------


def test_names_that_stored_results_use_stay() -> None:
    """The names of the reference: a renamed entry would be another cell with other seeds."""
    runs = read_runs(ROOT / "results" / "reference" / "standard", "initializers")
    assert {name.partition("(")[0] for name in runs["initializer"]} <= set(INITIALIZERS.names)


def test_every_entry_is_named_with_its_examples() -> None:
    names = initializers.every()
    assert {resolve(name).entry.name for name in names} == set(INITIALIZERS.names)
    assert {"constant(0.5)", "normal(0.01)", "normal(0.05)", "normal(1)", "default"} <= set(names)
    assert {"he_normal", "he_normal(0.2)", "variance_scaling(2, fan_out)"} <= set(names)
    assert len(names) == len(set(names))


def test_what_declares_nothing_says_so() -> None:
    entry = dataclasses.replace(INITIALIZERS["zeros"], native=dict)
    bare = dataclasses.replace(resolve("zeros"), entry=entry)
    assert bare.undeclared("numpy") is None
    assert str(bare.undeclared("torch")).startswith("initializer 'zeros' is not declared for")
    assert str(resolve("default").undeclared("numpy")).startswith("initializer 'default' is not")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("normal(.05)", "normal(0.05)"),
        ("normal(1.0)", "normal(1)"),
        ("normal( 1e-2 )", "normal(0.01)"),
        ("constant(-0.0)", "constant(0)"),
        ("constant(0.5)", "constant(0.5)"),
        ("he_normal", "he_normal"),
        ("he_normal(0)", "he_normal"),
        ("xavier_uniform(1.0)", "xavier_uniform"),
        ("truncated_normal(.02,2)", "truncated_normal(0.02)"),
        ("variance_scaling(2,fan_avg,uniform)", "variance_scaling(2, fan_avg, uniform)"),
        ("variance_scaling(2,fan_in,normal)", "variance_scaling(2)"),
    ],
)
def test_one_way_to_write_a_name(given: str, written: str) -> None:
    assert initializers.canonical(given) == written
    assert resolve(given).name == written


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("xavier_unifrom", "did you mean 'xavier_uniform'"),
        ("he", "allowed: zeros, constant"),
        ("normal", r"lacks its parameter std; write normal\(std\)"),
        ("normal()", r"write normal\(std\)"),
        ("normal(one)", "not a finite number"),
        ("normal(-1)", r"std is -1; allowed are numbers from 1e-150 to 1e\+150"),
        ("normal(0)", "std is 0; allowed"),
        ("normal(1e200)", r"std is 1e\+200; allowed"),
        ("zeros(1)", "write zeros"),
        ("variance_scaling(-2)", "scale is -2; allowed are numbers from"),
        ("variance_scaling(2, fan_avgg)", "mode is 'fan_avgg'; did you mean 'fan_avg'"),
        ("variance_scaling(2, fan_in, cauchy)", "allowed: uniform, normal, truncated_normal"),
        ("variance_scaling(2, fan_in, normal, 1)", r"write variance_scaling\(scale, mode, law\)"),
        ("variance_scaling(fan_in)", "scale is 'fan_in', not a finite number"),
        ("truncated_normal(0.02, 0)", "cut is 0; allowed are numbers from 0.1 to 100"),
        ("uniform(-0.1)", "a is -0.1; allowed"),
        ("xavier_uniform(0)", "gain is 0; allowed"),
    ],
)
def test_a_wrong_name_says_what_is_right(given: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        resolve(given)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("initializer=variance_scaling(2,fan_avgg,uniform)", "did you mean 'fan_avg'"),
        ("initializer=he_normal,truncated_normal(0.02,-1)", "cut is -1; allowed are numbers"),
        ("initializer=variance_scaling(2,fan_in,normal,3)", "write variance_scaling(scale,"),
        ("bias=xavier_normal", "takes the fans of a kernel"),
    ],
)
def test_a_wrong_parameter_on_the_command_line_is_one_line(
    option: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", "propagation", "--set", option]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def test_a_comma_in_brackets_does_not_part_a_value() -> None:
    option = "initializer=variance_scaling(2,fan_avg,uniform),he_normal(0.2)"
    chosen = grids.parse_overrides([option], [STUDIES["propagation"]])
    assert chosen["initializer"] == ("variance_scaling(2, fan_avg, uniform)", "he_normal(0.2)")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_has_a_source_and_a_native_object_or_a_reason_everywhere(name: str) -> None:
    initializer = resolve(name)
    assert initializer.entry.source
    part = initializer.entry.native if initializer.shared else initializer.entry.laws
    declared, gaps = set(part(*initializer.parameters)), initializer.entry.gaps
    assert declared | set(gaps(*initializer.parameters)) == set(support.DECLARED)


GAPS = [
    *(
        ("truncated_normal(0.02, 3)", name, "cuts at two standard deviations and no others")
        for name in KERAS
    ),
    ("variance_scaling(1, fan_in, truncated_normal)", "torch", "takes a standard deviation"),
    ("uniform(0.1)", "jax", "draws between 0 and its scale"),
    ("variance_scaling(2.5, fan_out)", "torch", "with fan_out ends at 2; fan_avg takes any scale"),
]


@pytest.mark.parametrize(("name", "framework", "says"), GAPS)
def test_a_framework_without_an_object_says_why(name: str, framework: str, says: str) -> None:
    assert says in str(resolve(name).undeclared(framework))
    with pytest.raises(Unsupported, match=says):
        resolve(name).native(framework)
    others = set(support.DECLARED) - {with_gap for gap, with_gap, _ in GAPS if gap == name}
    assert [resolve(name).undeclared(other) for other in others] == [None] * len(others)


def test_what_a_framework_can_draw_is_no_gap() -> None:
    gaps = {(name, framework) for name, framework, _ in GAPS}
    for name in NAMES:
        for framework in NATIVE:
            assert drawable(name, framework) != ((name, framework) in gaps)


@pytest.mark.parametrize("framework", ["numpy", *NATIVE])
def test_a_fan_out_of_8_multiplies_the_mean_square_of_512_inputs_by_128(framework: str) -> None:
    """512 * 2 / 8 = 128; with the fan in it would be 2. A kernel of 4,096 entries, drawn 20 times,
    knows its variance to 0.5 %."""
    name = "variance_scaling(2, fan_out, uniform)"
    kernels = [load(framework).draw(name, 512, 8, seed)[0] for seed in range(20)]
    assert 512 * np.mean(np.square(kernels)) == pytest.approx(128, rel=0.03)


def test_a_bias_has_no_fans() -> None:
    free = {name for name in NAMES if not resolve(name).by_fans}
    assert free == {
        "zeros",
        "constant(0.5)",
        *("normal(0.01)", "normal(0.05)", "normal(1)"),
        *("uniform(0.1)", "truncated_normal(0.02)", "truncated_normal(0.02, 3)"),
    }


def test_default_has_no_law_to_share() -> None:
    default = resolve("default")
    assert not default.shared
    assert default.native("torch") is None
    for verb in (
        lambda: default.draw(np.random.default_rng(0), 2, 3),
        default.law,
        lambda: load("numpy").draw("default", 2, 3, seed=0),
    ):
        with pytest.raises(UserError, match="'default' is not declared for framework 'numpy'"):
            verb()


# --- the laws themselves -----------------------------------------------------------------------

LAWS = [laws.Uniform, laws.Normal, laws.TruncatedNormal]


@pytest.mark.parametrize("kind", LAWS)
def test_a_law_draws_what_it_says(kind: type[laws.Uniform]) -> None:
    law = kind(lambda fan_in, fan_out: 4.0)
    values = law.draw(np.random.default_rng(7), FAN_IN, FAN_OUT)
    assert values.shape == (FAN_IN, FAN_OUT)
    assert follows(values, law)
    # The fourth moment of all three has a standard error below 2 % of the squared variance.
    assert np.mean(values**4) / 16.0 - 3.0 == pytest.approx(law.kurtosis, abs=0.1)


def test_the_truncated_normal_is_the_textbook_one() -> None:
    law = laws.TruncatedNormal(lambda fan_in, fan_out: 1.0)
    variance, kurtosis = stats.truncnorm(-2, 2).stats("vk")
    assert law.kurtosis == pytest.approx(kurtosis, abs=1e-6)
    x = np.linspace(-3, 3, 61)
    expected = stats.truncnorm(-2, 2, scale=1 / math.sqrt(variance)).cdf(x)
    assert np.allclose(law.cdf(x, 1, 1), expected, atol=1e-12)
    for cut in (0.1, 1.0, 3.0, 100.0):
        variance, kurtosis = stats.truncnorm(-cut, cut).stats("vk")
        other = laws.TruncatedNormal(lambda fan_in, fan_out: 1.0, cut)
        assert other.share == pytest.approx(variance, rel=1e-9)
        assert other.kurtosis == pytest.approx(kurtosis, abs=1e-6)


def test_a_coordinate_of_a_unit_vector() -> None:
    """In 3 dimensions it is uniform on [-1, 1]; in 2 it is the arcsine law."""
    x = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    law = laws.Orthogonal()
    assert np.allclose(law.cdf(x, 3, 2), np.clip((x + 1) / 2, 0, 1))
    assert np.allclose(law.cdf(x, 2, 2), 0.5 + np.arcsin(np.clip(x, -1, 1)) / np.pi)


# --- every draw against its law ----------------------------------------------------------------

INDEPENDENT = [
    name for name in RANDOM if not isinstance(resolve(name).law("torch"), laws.Orthogonal)
]
DRAWS = [("numpy", name) for name in INDEPENDENT if name in SHARED] + [
    (framework, name) for framework in NATIVE for name in INDEPENDENT if drawable(name, framework)
]


@pytest.mark.parametrize(("framework", "name"), DRAWS)
def test_a_kernel_follows_its_declared_law(framework: str, name: str) -> None:
    kernel, _ = drawn(framework, name)
    law = resolve(name).law(framework)
    assert kernel.shape == (FAN_IN, FAN_OUT)
    assert abs(mean_error(kernel, law)) < ERRORS
    assert abs(variance_error(kernel, law)) < ERRORS
    assert law_pvalue(kernel, law) > LEVEL


@pytest.mark.parametrize(
    ("framework", "name"),
    [(home, name) for home in ("numpy", *NATIVE) for name in SHARED if drawable(name, home)],
)
def test_a_named_initializer_leaves_the_bias_at_zero(name: str, framework: str) -> None:
    _, bias = drawn(framework, name)
    assert np.array_equal(bias, np.zeros(FAN_OUT))


@pytest.mark.parametrize("framework", NATIVE)
def test_the_bias_of_a_default_layer(framework: str) -> None:
    """torch draws it as it draws the kernel, Keras starts it at zero."""
    _, bias = drawn(framework, "default")
    law = resolve("default").bias_law(framework)
    assert bias.shape == (FAN_OUT,)
    if isinstance(law, laws.Point):
        assert np.array_equal(bias, np.full(FAN_OUT, law.value))
    else:
        assert follows(bias, law)


@pytest.mark.parametrize("framework", ["numpy", *NATIVE])
@pytest.mark.parametrize(("name", "value"), [("zeros", 0.0), ("constant(0.25)", 0.25)])
def test_a_kernel_of_one_value(name: str, value: float, framework: str) -> None:
    kernel, _ = drawn(framework, name)
    assert np.array_equal(kernel, np.full((FAN_IN, FAN_OUT), value))
    law = resolve(name).law(framework)
    assert law.variance(FAN_IN, FAN_OUT) == 0.0
    assert law.cdf(np.array([value - 1e-9, value]), FAN_IN, FAN_OUT).tolist() == [0.0, 1.0]


# --- what the tests above would catch ----------------------------------------------------------

ONE_SIDED = [
    name
    for name in NAMES
    if name in RANDOM
    and resolve(name).law("torch").variance(2, 3) != resolve(name).law("torch").variance(3, 2)
]


@pytest.mark.parametrize(
    ("framework", "name"),
    [
        (home, name)
        for home in ("numpy", *NATIVE)
        for name in ONE_SIDED
        if name == "default" or drawable(name, home)
    ],
)
def test_exchanged_fans_are_caught(name: str, framework: str) -> None:
    if name == "default" and framework != "torch":
        framework = "torch"  # the only default with one fan
    law = resolve(name).law(framework)
    kernel, _ = drawn(framework, name, swap=True)
    assert abs(variance_error(kernel, law)) > 10 * ERRORS
    assert law_pvalue(kernel, law) < LEVEL


def test_exchanged_fans_are_looked_for_where_they_matter() -> None:
    """A law of one fan, as its source has it, must not have become one of both fans."""
    of_one_fan = {"he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "default"}
    assert of_one_fan | {"variance_scaling(2, fan_out)", "he_normal(0.2)"} <= set(ONE_SIDED)
    assert not {"xavier_uniform", "xavier_normal", "orthogonal"} & set(ONE_SIDED)


def test_small_mistakes_are_caught() -> None:
    """The mistakes: 2 % of the variance; a normal that is truncated without widening (77 % of the
    variance); and the right variance with the wrong shape."""
    rng = np.random.default_rng(3)
    law = resolve("he_normal").law()
    shape = (FAN_IN, FAN_OUT)
    right = rng.normal(0.0, math.sqrt(law.variance(*shape)), shape)
    truncated = laws.TruncatedNormal(law.variance).draw(rng, *shape)
    assert follows(right, law)
    assert abs(variance_error(1.01 * right, law)) > ERRORS
    assert abs(variance_error(0.8796 * truncated, law)) > 10 * ERRORS
    assert law_pvalue(truncated, law) < LEVEL
    assert law_pvalue(right, laws.TruncatedNormal(law.variance)) < LEVEL
    assert abs(mean_error(right + 0.02 * right.std(), law)) > ERRORS


# --- orthogonal --------------------------------------------------------------------------------

# Rounding of a QR in the precision of each: sums of 640 products.
ORTHONORMAL = {"numpy": 1e-13, "torch": 2e-6, "tensorflow": 2e-6}


@pytest.mark.parametrize("framework", ["numpy", *NATIVE])
@pytest.mark.parametrize(("fan_in", "fan_out"), [(384, 640), (640, 384), (64, 64)])
def test_rows_or_columns_are_orthonormal(framework: str, fan_in: int, fan_out: int) -> None:
    kernel, _ = load(framework).draw("orthogonal", fan_in, fan_out, 5)
    assert kernel.shape == (fan_in, fan_out)
    wide = np.asarray(kernel if fan_in <= fan_out else kernel.T, dtype=np.float64)
    gram = wide @ wide.T
    assert np.max(np.abs(gram - np.eye(len(gram)))) < ORTHONORMAL.get(framework, 2e-6)
    doubled, _ = load(framework).draw("orthogonal(2)", fan_in, fan_out, 5)
    assert np.allclose(doubled, 2 * kernel, rtol=1e-6)
    # So the mean square is 1 / max(fan_in, fan_out), the declared variance, up to rounding.
    declared = resolve("orthogonal").law(framework).variance(fan_in, fan_out)
    assert np.mean(wide**2) == pytest.approx(declared, rel=1e-5)


@pytest.mark.parametrize("framework", ["numpy", *NATIVE])
def test_entries_of_an_orthogonal_kernel_follow_their_marginal_law(framework: str) -> None:
    """One entry from each of 300 kernels is an independent sample. The first entry shows the
    signs too: QR alone makes it negative always."""
    kernels = [load(framework).draw("orthogonal", 4, 3, seed)[0] for seed in range(300)]
    entries = np.array([kernel[0, 0] for kernel in kernels])
    law = resolve("orthogonal").law(framework)
    assert uniform_pvalue(law.cdf(entries, 4, 3)) > LEVEL
    assert abs(np.sum(entries > 0) - 150) < ERRORS * math.sqrt(300) / 2


def test_a_qr_without_its_signs_is_caught() -> None:
    rng = np.random.default_rng(0)
    entries = np.array([np.linalg.qr(rng.normal(size=(4, 3)))[0][0, 0] for _ in range(300)])
    assert uniform_pvalue(laws.Orthogonal().cdf(entries, 4, 3)) < LEVEL


# --- seeds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("framework", "name"),
    [
        (home, name)
        for home in ("numpy", *NATIVE)
        for name in NAMES
        if name == "default" or drawable(name, home)
    ],
)
def test_a_seed_gives_its_bytes_and_another_seed_others(name: str, framework: str) -> None:
    if framework == "numpy" and not resolve(name).shared:
        framework = NATIVE[0]  # default has no NumPy law

    def kernel(seed: int) -> Array:
        return np.ascontiguousarray(load(framework).draw(name, 7, 5, seed)[0])

    assert kernel(1).tobytes() == kernel(1).tobytes()
    assert (kernel(1).tobytes() == kernel(2).tobytes()) != resolve(name).random
    if resolve(name).random:  # not merely another seed of the same few values
        assert len(np.unique(np.concatenate([kernel(1), kernel(2)]))) == 70


@pytest.mark.parametrize("name", [name for name in SHARED if name in RANDOM])
def test_the_numpy_law_depends_on_its_generator_alone(name: str) -> None:
    first, same, other = (
        resolve(name).draw(np.random.default_rng(seed), 7, 5) for seed in (1, 1, 2)
    )
    assert first.dtype == np.float64
    assert first.tobytes() == same.tobytes() != other.tobytes()
