"""How the jars come into the cache, against a small repository on the loopback address."""

import hashlib
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from policywire.broker import JarCorrupt, JarsUnavailable, download
from policywire.broker.release import Jar, Release, jar_cache, pinned_release

BODY = bytes(range(256)) * 4096


def jar(path: str = "org/example/a/1/a-1.jar", body: bytes = BODY) -> Jar:
    return Jar(path=path, sha256=hashlib.sha256(body).hexdigest(), size=len(body))


@dataclass
class Repository:
    """What a test's server has, does and was asked.

    ``cut_at`` ends the first answers after so many bytes, one entry each.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_at: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    first_answer_takes_s: float = 0.0
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append((handler.path, wanted))
        if len(self.asked) == 1:
            time.sleep(self.first_answer_takes_s)
        body = self.files.get(handler.path.lstrip("/"))
        status = self.statuses.pop(0) if self.statuses else 200
        if body is None or status != 200:
            handler.send_error(404 if body is None else status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.knows_ranges else 0
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(body) - start))
        handler.end_headers()
        end = self.cut_at.pop(0) if self.cut_at else len(body)
        handler.wfile.write(body[start:end])


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    monkeypatch.setattr(download, "_BACKOFF_S", 0.001)
    served = Repository(files={jar().path: BODY})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            """Quiet: a test's output is its asserts."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield served
        server.shutdown()
        thread.join()


def fetch(cache: Path, address: str, *jars: Jar) -> int:
    """Fetch and give the bytes that progress was told of."""
    counts: list[int] = []
    download.fetch(jars, cache, address, counts.append)
    return sum(counts)


def test_a_jar_comes_whole_and_its_progress_adds_up_to_its_size(repository: Repository, tmp_path: Path) -> None:
    assert fetch(tmp_path, repository.address, jar()) == len(BODY)
    assert jar().within(tmp_path).read_bytes() == BODY
    assert Release(kafka="1", jars=(jar(),)).missing(tmp_path) == ()


def test_many_jars_come_in_one_call(repository: Repository, tmp_path: Path) -> None:
    bodies = {f"org/example/{n}/1/{n}-1.jar": BODY[: n * 1000 + 1] for n in range(20)}
    repository.files = dict(bodies)
    jars = [jar(path, body) for path, body in bodies.items()]
    assert fetch(tmp_path, repository.address, *jars) == sum(map(len, bodies.values()))
    assert [one.within(tmp_path).read_bytes() for one in jars] == list(bodies.values())


def test_a_broken_connection_is_taken_up_where_it_broke_off(repository: Repository, tmp_path: Path) -> None:
    repository.cut_at = [300_000]
    assert fetch(tmp_path, repository.address, jar()) == len(BODY)
    assert [wanted for _, wanted in repository.asked] == [None, "bytes=300000-"]
    assert jar().within(tmp_path).read_bytes() == BODY


def test_what_an_earlier_run_left_is_not_fetched_again(repository: Repository, tmp_path: Path) -> None:
    partial = jar().within(tmp_path).with_name("a-1.jar.part")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(BODY[:500_000])
    assert fetch(tmp_path, repository.address, jar()) == len(BODY)
    assert repository.asked == [("/" + jar().path, "bytes=500000-")]
    assert not partial.exists()


def test_a_server_that_knows_no_ranges_starts_over(repository: Repository, tmp_path: Path) -> None:
    repository.knows_ranges = False
    repository.cut_at = [300_000]
    assert fetch(tmp_path, repository.address, jar()) == len(BODY)
    assert jar().within(tmp_path).read_bytes() == BODY


def test_a_wrong_beginning_left_by_an_earlier_run_is_thrown_away(repository: Repository, tmp_path: Path) -> None:
    partial = jar().within(tmp_path).with_name("a-1.jar.part")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"<html>" * 1000)
    assert fetch(tmp_path, repository.address, jar()) == len(BODY)
    assert jar().within(tmp_path).read_bytes() == BODY


def test_another_jar_under_the_same_name_is_refused_and_nothing_of_it_stays(
    repository: Repository, tmp_path: Path
) -> None:
    repository.files[jar().path] = BODY[::-1]
    with pytest.raises(JarCorrupt, match="is not the pinned jar"):
        fetch(tmp_path, repository.address, jar())
    assert list(tmp_path.rglob("*.jar*")) == []


def test_a_passing_fault_of_the_server_is_tried_again(repository: Repository, tmp_path: Path) -> None:
    repository.statuses = [503, 429]
    assert fetch(tmp_path, repository.address, jar()) == len(BODY)


def test_a_jar_that_the_repository_lacks_is_told_at_once(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(JarsUnavailable, match=r"a-2\.jar: HTTP Error 404"):
        fetch(tmp_path, repository.address, jar("org/example/a/2/a-2.jar"))
    assert len(repository.asked) == 1


def test_the_jars_that_came_before_a_fault_are_kept(repository: Repository, tmp_path: Path) -> None:
    good = jar()
    fetch(tmp_path, repository.address, good)
    with pytest.raises(JarsUnavailable):
        fetch(tmp_path, repository.address, jar("org/example/b/1/b-1.jar"))
    assert good.within(tmp_path).read_bytes() == BODY


def test_offline_the_error_names_every_way_out(repository: Repository, tmp_path: Path) -> None:
    nobody_listens = "http://127.0.0.1:1"
    with pytest.raises(JarsUnavailable) as offline:
        fetch(tmp_path, nobody_listens, jar())
    for way_out in ("POLICYWIRE_BROKER__JAR_REPOSITORY", "POLICYWIRE_CACHE", "--bootstrap-servers"):
        assert way_out in str(offline.value)


def test_a_folder_can_be_the_repository(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror" / jar().path
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes(BODY)
    fetch(tmp_path / "cache", (tmp_path / "mirror").as_uri(), jar())
    assert jar().within(tmp_path / "cache").read_bytes() == BODY


def test_two_that_start_together_fetch_a_jar_once(repository: Repository, tmp_path: Path) -> None:
    repository.first_answer_takes_s = 0.2
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(fetch, tmp_path, repository.address, jar()) for _ in range(2)]
        assert [one.result() for one in both] == [len(BODY)] * 2
    assert len(repository.asked) == 1


def test_a_truncated_jar_counts_as_missing(tmp_path: Path) -> None:
    file = jar().within(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_bytes(BODY[:-1])
    assert Release(kafka="1", jars=(jar(),)).missing(tmp_path) == (jar(),)


def test_the_mirror_in_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(download.REPOSITORY_VARIABLE, "https://mirror.example/maven/")
    assert download.repository_address() == "https://mirror.example/maven"


def test_without_the_extra_the_error_names_it_and_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(download.REPOSITORY_VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "jgo.constants", None)
    with pytest.raises(JarsUnavailable, match=r"policywire\[broker\].*POLICYWIRE_BROKER__JAR_REPOSITORY"):
        download.repository_address()


@pytest.mark.parametrize(
    ("chosen", "xdg", "expected"),
    [
        ("/c", "/x", "/c/jars"),
        ("", "/x", "/x/policywire/jars"),
        ("", "relative/is/invalid", "/home/somebody/.cache/policywire/jars"),
    ],
)
def test_the_cache_is_where_the_environment_says(
    chosen: str, xdg: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICYWIRE_CACHE", chosen)
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert jar_cache() == Path(expected)


def test_every_pinned_jar_has_a_hash_and_kafka_s_own_are_of_one_version() -> None:
    release = pinned_release()
    assert all(len(bytes.fromhex(one.sha256)) == 32 and one.size > 0 for one in release.jars)
    own = [one.path for one in release.jars if one.path.startswith("org/apache/kafka/")]
    assert len(own) >= 10
    assert all(path.endswith(f"-{release.kafka}.jar") for path in own)
