"""Known answers of keyed hashes: against splitmix64 in Python integers, and numbers that results on disk depend on."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from core_toys import MOST, mixed

from hpo_gym.base import seeding


def keys(*values: int) -> np.ndarray:
    return np.array(values, np.uint64)


@pytest.mark.parametrize(
    ("seed", "salt", "expected"),
    [
        (0, 0, 4723828388691666090),
        (1, 2, 14327363238520235125),
        (2, 1, 1557434308761940798),
        (3, 4, 4254727587775465320),
        (12345, 678910, 4171820908907115826),
        (MOST, MOST, 1879617736142696001),
    ],
)
def test_a_pair_is_mixed_by_two_rounds(seed: int, salt: int, expected: int) -> None:
    assert mixed(seed, salt) == expected
    assert seeding.mix_int(seed, salt) == expected
    assert seeding.mix(keys(seed), salt).tolist() == [expected]
    assert seeding.mix(keys(seed), keys(salt)).tolist() == [expected]


def test_integers_of_any_size_and_sign_count_by_their_low_64_bits() -> None:
    assert seeding.mix_int(-1, 2) == seeding.mix_int(MOST, 2) == mixed(MOST, 2)
    assert seeding.mix_int(2, -1) == seeding.mix_int(2, MOST) == mixed(2, MOST)
    assert seeding.mix_int(2**64 + 5, 2**65 + 6) == mixed(5, 6)


def test_seeds_and_salts_broadcast() -> None:
    got = seeding.mix(keys(3, 4)[:, None], keys(5, 6, 7)[None])
    assert got.dtype == np.uint64
    assert got.tolist() == [[mixed(a, b) for b in (5, 6, 7)] for a in (3, 4)]
    assert seeding.mix(np.uint64(3), keys(5, 6)).tolist() == [mixed(3, 5), mixed(3, 6)]


def test_the_53_high_bits_of_a_key_give_the_middle_of_its_cell() -> None:
    assert seeding.uniform(keys(0, 2047)).tolist() == [2.0**-54, 2.0**-54]
    assert seeding.uniform(keys(2048, 3 * 2048)).tolist() == [1.5 * 2.0**-53, 3.5 * 2.0**-53]
    assert seeding.uniform(keys(1 << 63, 3 << 62)).tolist() == [0.5, 0.75]


def test_integers_below_a_number_are_equal_shares_of_the_keys() -> None:
    quarter = 1 << 62
    near = 3 * quarter - 4096
    assert seeding.below(keys(0, quarter - 1, quarter, near, 3 * quarter, MOST), 4).tolist() == [0, 0, 1, 2, 3, 3]
    several = seeding.below(keys(MOST, MOST, quarter, 3 * quarter), np.array([1, 10, 10, 2]))
    assert several.tolist() == [0, 9, 2, 1]
    assert several.dtype == np.int64


def test_a_normal_draw_is_box_and_mullers_of_a_key_and_of_its_hash() -> None:
    key = 11512171904681372121
    u, v = 0.6240760894541066, seeding.uniform(keys(mixed(key, 1)))[0]
    assert seeding.uniform(keys(key))[0] == pytest.approx(u, abs=1e-15)
    expected = math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)
    assert seeding.normal(keys(key))[0] == pytest.approx(expected, abs=1e-12)
    assert expected == pytest.approx(0.8517565436, abs=1e-10)


@pytest.mark.parametrize(
    ("parts", "text", "expected"),
    [
        (("a", 1), b'["a",1]', 6122212360037925922),
        (
            ("a", 1.5, None, True, [1, "é"], {"b": 2, "a": 1}),
            b'["a",1.5,null,true,[1,"\\u00e9"],{"a":1,"b":2}]',
            10294947372445484876,
        ),
    ],
)
def test_a_key_is_blake2b_of_compact_json_read_as_a_little_endian_integer(
    parts: tuple[object, ...], text: bytes, expected: int
) -> None:
    digest = hashlib.blake2b(text, digest_size=8).digest()
    assert sum(byte << (8 * i) for i, byte in enumerate(digest)) == expected
    assert seeding.key(*parts) == expected


def test_seeds_of_worlds_and_optimizers_are_commitments_of_stored_results() -> None:
    assert seeding.instance_seed("Suite", "task", "protocol", 3) == 11175554056351544232
    assert seeding.instance_seed("Suite", "task", "protocol", 3) == seeding.key("world", "Suite", "task", "protocol", 3)
    assert seeding.optimizer_seed(5, "ga", {"b": 1, "a": 2}) == 2294011997834034839
    assert seeding.optimizer_seed(5, "ga", {"a": 2, "b": 1}) == seeding.key("optimizer", 5, "ga", {"a": 2, "b": 1})


def test_a_generator_is_pcg64_of_the_low_64_bits_of_its_seed() -> None:
    first = [0.8050029237453802, 0.8079407897364937, 0.515325561042142]
    assert seeding.generator(5).random(3).tolist() == first
    assert seeding.generator(2**64 + 5).random(3).tolist() == first
    assert seeding.generator(-1).random() == seeding.generator(MOST).random() == 0.6800266789616931


def test_canonical_json_is_sorted_and_has_no_spaces() -> None:
    assert seeding.canonical({"b": [1.5, None], "a": True}) == '{"a":true,"b":[1.5,null]}'
    assert seeding.canonical(math.nan) == "NaN"
    with pytest.raises(ValueError, match="JSON"):
        seeding.canonical(math.nan, allow_nan=False)


def test_a_digest_is_blake2b_of_16_bytes_in_hex() -> None:
    assert seeding.digest([1, "a"]) == hashlib.blake2b(b'[1,"a"]', digest_size=16).hexdigest()
    assert len(seeding.digest({})) == 32 and seeding.digest({}) != seeding.digest([])
    with pytest.raises(ValueError, match="JSON"):
        seeding.digest(math.inf)
