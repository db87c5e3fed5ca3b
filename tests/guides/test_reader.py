"""The reader does what a page shows, and says where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .reader import Reader

_PAGE = """
```sh
export WORD=hello
sleep 60 &
```
```python
# words/saying.py
import os
print(os.environ["WORD"])
```
Then prose.
```python
import asyncio
from words import saying
await asyncio.sleep(0)
n = 1
```
```text
hello
```
```python
print(n + 1, object())
```
```text
2 <object object at …>
```
```console
$ echo $WORD
hello
$ cat words/saying.py; (exit 3)   # exit code 3
…
print(os.environ["WORD"])
```
<!-- fragment: it is a part of somebody's own file -->
```ini
[section]
```
"""


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    folder = tmp_path / "shop"
    folder.mkdir()
    with Reader(folder, {}) as someone:
        yield someone


def _page(reader: Reader, text: str) -> Path:
    path = reader.folder.with_name("page.md")
    path.write_text(text)
    return path


def test_everything_is_done_but_what_cannot_be(reader: Reader) -> None:
    done = reader.follow(_page(reader, _PAGE))
    assert [block.language for block in done] == [
        "sh", "python", "python", "text", "python", "text", "console",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("n + 1,", "n + 2,", "and there was\n3 <object"),
        ("hello\n$ cat", "good day\n$ cat", "and there was\nhello"),
        ("# exit code 3", "", "ended with 3"),
        ("n = 1", "n = 1 / 0", "ZeroDivisionError"),
        ("<!-- fragment: it is a part of somebody's own file -->", "", "'ini'"),
        ("fragment: it is a part of somebody's own file", "fragment", "a fragment says why"),
        ("[section]\n```\n", "[section]\n", "does not end"),
    ],
)
def test_what_is_wrong_is_told(reader: Reader, old: str, new: str, told: str) -> None:
    assert old in _PAGE
    with pytest.raises(AssertionError) as caught:
        reader.follow(_page(reader, _PAGE.replace(old, new)))
    assert told in str(caught.value)
