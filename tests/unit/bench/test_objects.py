"""The benchmark's objects are sound, and it reads configuration as any operator writes it."""

import base64
import gzip

from bench.objects import scrape, texts
from vmoperator.api.selected import selected


def test_each_object_is_one_that_the_operator_takes() -> None:
    assert selected(scrape(7, "bench")).metadata.name == "bench-00007"


def test_compressed_files_are_read_like_plain_ones() -> None:
    files = {"plain": b"a", "packed": gzip.compress(b"b")}
    data = {name: base64.b64encode(content).decode() for name, content in files.items()}
    assert list(texts({"data": data})) == ["a", "b"]
