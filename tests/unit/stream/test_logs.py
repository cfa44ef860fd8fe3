"""What libraries log while a broker is away must not drown what the worker says."""

import logging

from policywire.stream.logs import KINDS_MAX, REPEAT_S, Seldom


def line(text: str, *values: object, name: str = "aiokafka.conn") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, __file__, 1, text, values, None)


def test_a_line_that_repeats_is_written_once_in_a_while_whatever_its_values() -> None:
    now = 0.0
    seldom = Seldom(lambda: now)
    assert seldom.filter(line("no connection to node %s", 1))
    now = REPEAT_S - 0.1
    assert not seldom.filter(line("no connection to node %s", 2))
    now = REPEAT_S
    assert seldom.filter(line("no connection to node %s", 3))


def test_other_lines_and_other_libraries_are_written() -> None:
    seldom = Seldom(lambda: 0.0)
    assert seldom.filter(line("no connection"))
    assert seldom.filter(line("no leader"))
    assert seldom.filter(line("no connection", name="aiokafka.consumer"))


def test_what_is_remembered_does_not_grow_with_values_put_into_the_text() -> None:
    seldom = Seldom(lambda: 0.0)
    for number in range(3 * KINDS_MAX):
        assert seldom.filter(line(f"no connection to node {number}"))
    assert len(seldom._last) <= KINDS_MAX
