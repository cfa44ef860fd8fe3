from itertools import pairwise

import pytest

from policywire.model.json_text import duplicate_keys, nests_deeper, read


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ('{"a":1,"b":{"a":1}}', []),
        ('{"a":1,"a":1}', ["/a"]),
        ('{"a":1,"\\u0061":2,"a":3}', ["/a"]),
        ('{"a":[{"b":1},{"b":1,"b":2}],"a":0}', ["/a", "/a/1/b"]),
        ('{"x/y~z":1,"x/y~z":2}', ["/x~1y~0z"]),
        ('[[{"a":1,"a":1}]]', ["/0/0/a"]),
    ],
)
def test_repeated_keys_are_found_where_they_are(text: str, pointers: list[str]) -> None:
    assert duplicate_keys(text.encode()) == pointers


@pytest.mark.parametrize("depth", [1, 2, 31, 32, 33, 34, 500])
@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ("[1,[],", ",{}]"), ('["]",', "]")]
)
def test_depth_is_that_of_the_deepest_place(depth: int, opening: str, closing: str) -> None:
    each = 2 if opening.startswith("[{") else 1
    text = (opening * depth + "1" + closing * depth).encode()
    deepest = each * depth + (1 if opening.startswith("[1") else 0)
    assert not nests_deeper(text, deepest)
    assert deepest == 1 or nests_deeper(text, deepest - 1)


def test_width_is_no_depth() -> None:
    assert not nests_deeper(b"[" + b",".join([b'{"a":[]}'] * 5_000) + b"]", 3)


def test_numbers_keep_their_order_however_long_they_are() -> None:
    texts = ["-1e400", "-" + "9" * 5_000, "-12", "-1.5", "0", "1.0", "1.5", "999999999999999999", "9" * 5_000]
    numbers = [read(text.encode()) for text in texts]
    assert all(one <= other for one, other in pairwise(numbers))
    assert [type(number) for number in numbers[2:7]] == [int, float, int, int, float]
