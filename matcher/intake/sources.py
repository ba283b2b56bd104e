"""Files looked over (查看文件): what kind a file is, its digest and encoding, which all of it decides, before any row is read."""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import io
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from matcher.corpora import Corpora
from matcher.errors import InputError
from matcher.intake import delimited, parquet, workbooks
from matcher.intake.delimited import CHINESE, UNDECODED
from matcher.intake.tables import EMPTY, gunzipped, no_other_kind, not_too_large, unpacked

_CHUNK = 1024**2
_HEAD = 65_536
_WHOLE = 48 * 1024**2  # bytes up to which a text is kept: several times that are in memory while it is read


@dataclass(frozen=True)
class Source:
    """A file that was looked over and can be read in blocks (待读文件).

    Attributes:
        path: Where it is.
        file: As the user named it.
        digest: SHA-256 of the unpacked file.
        encoding: Of a text that is not in memory, anything of one that is; empty for Parquet; None for what is read whole.
        damaged: Some of a text could not be decoded.
        seen: Its size and time of change when it was looked over.
        dated: The day that its rows are of, where they do not say so.
        text: A text that is not large, with the line ends of Unix: it is not read twice.
    """

    path: Path
    file: str
    digest: str
    encoding: str | None
    damaged: bool = False
    seen: tuple[int, int] = (0, 0)
    dated: date | None = None
    text: str | None = field(default=None, repr=False)

    def head(self) -> list[str]:
        """The first lines of a text, among which its header stands (开头几行)."""
        if self.text is not None:
            return self.text.split("\n", delimited.HEAD_LINES)[: delimited.HEAD_LINES]
        with self.lines() as lines:
            return list(itertools.islice(lines, delimited.HEAD_LINES))

    @contextlib.contextmanager
    def lines(self) -> Iterator[Iterator[str]]:
        """The lines of a text without their ends (逐行); what cannot be decoded is marked."""
        if self.text is not None:
            yield iter(self.text.split("\n"))
        else:
            with _decoded(self.path, self.file, self.encoding or "") as stream:
                yield _lines_of(stream)


def look_over(path: str | Path, corpora: Corpora, dated: date | None = None) -> Source:
    """What kind of file it is, its digest and encoding (查看文件); its first rows are tried.

    Args:
        path: The file.
        corpora: Column names.
        dated: The day that its rows are of, where they do not say so; said to be of another day it is another source.

    Raises:
        InputError: As ``read_table`` does, as far as it can be told before the rows are read.
    """
    source = _looked_over(path, corpora)
    if dated is None:
        return source
    return replace(source, digest=hashlib.sha256(f"{source.digest} {dated}".encode()).hexdigest(), dated=dated)


def _looked_over(path: str | Path, corpora: Corpora) -> Source:
    file = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with unpacked(Path(path), file) as (stream, _):
        start = stream.read(_HEAD)
        packed = not isinstance(stream, io.BufferedReader)
        seen = seen_of(Path(path))
    if start[:4] in (b"PAR1", b"PARE") and not packed:
        if start[:4] == b"PARE":
            parquet.open_parquet(start, file, corpora)
        parquet.open_parquet(Path(path), file, corpora)
        return Source(Path(path), file, _digest(Path(path), file), "", False, seen)
    if start[:4] in (b"PAR1", b"PARE", *workbooks.STARTS):
        return Source(Path(path), file, _digest(Path(path), file), None, False, seen)
    content = _content(Path(path), file)
    source = _text_source(Path(path), file, start) if content is None else _small_text(Path(path), file, content)
    source = replace(source, seen=seen)
    delimited.find_columns(source.head(), file, corpora)
    return source


@contextlib.contextmanager
def _decoded(path: Path, file: str, encoding: str) -> Iterator[io.TextIOWrapper]:
    """The text of a file, line ends as on Unix; what cannot be decoded is marked."""
    with unpacked(path, file) as (stream, _), io.TextIOWrapper(stream, encoding, "replace", newline=None) as text:
        yield text


def seen_of(path: Path) -> tuple[int, int]:
    """Size and time of change: what is kept of a file must be what its digest is of."""
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


def _digest(path: Path, file: str) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(path, file):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(path: Path, file: str) -> Iterator[bytes]:
    """The unpacked file, bit by bit."""
    size = 0
    with unpacked(path, file) as (stream, most):
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            not_too_large(size, most, file)
            yield chunk


def _content(path: Path, file: str) -> bytes | None:
    """The unpacked file, if it is not large."""
    with unpacked(path, file) as (stream, _):
        if seen_of(path)[0] > _WHOLE:
            return None
        plain = isinstance(stream, io.BufferedReader)
        content = stream.read(_WHOLE + 1) if plain else gunzipped(path.read_bytes(), _WHOLE + 1)
    return content if len(content) <= _WHOLE else None


def _small_text(path: Path, file: str, content: bytes) -> Source:
    """A text that is in memory."""
    if not content or content.isspace():
        raise InputError(file, EMPTY)
    no_other_kind(content, file)
    text = delimited.decoded(content, file)
    return Source(path, file, hashlib.sha256(content).hexdigest(), "utf-8-sig", UNDECODED in text, text=text)


def _text_source(path: Path, file: str, start: bytes) -> Source:
    """Goes through a text for its digest, and for the encoding that ``delimited`` would read it with."""
    wide = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    encoding = "utf-16" if wide else "utf-8-sig"
    digest, blank, undecoded = hashlib.sha256(), True, False
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    valid = True
    for chunk in _chunks(path, file):
        digest.update(chunk)
        blank = blank and not chunk.strip()
        valid, undecoded = _decodes(decoder, chunk, valid=valid, undecoded=undecoded)
    valid, undecoded = _decodes(decoder, b"", valid=valid, undecoded=undecoded)
    if blank:
        raise InputError(file, EMPTY)
    no_other_kind(start, file)
    if wide and not valid:
        raise InputError(file, "不是文本文件，应为 CSV")
    if not wide:
        delimited.no_binary(start, file)
    if not valid:
        encoding, undecoded = _likeliest(path, file), True
    return Source(path, file, digest.hexdigest(), encoding, undecoded)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, valid: bool, undecoded: bool) -> tuple[bool, bool]:
    if not valid:
        return False, undecoded
    try:
        return True, UNDECODED in decoder.decode(chunk, not chunk) or undecoded
    except UnicodeDecodeError:
        return False, undecoded


def _likeliest(path: Path, file: str) -> str:
    """The encoding of a text that is not clean UTF-8: what is not decoded is rejected row by row."""
    chinese, lost = _counts(path, file, "utf-8-sig")
    if chinese > lost:
        return "utf-8-sig"
    chinese, lost = _counts(path, file, "gb18030")
    if lost > chinese:
        raise InputError(file, "认不出编码，应为 UTF-8 或 GB18030")
    return "gb18030"


def _counts(path: Path, file: str, encoding: str) -> tuple[int, int]:
    """Chinese characters, and places that cannot be decoded."""
    chinese = lost = 0
    with _decoded(path, file, encoding) as text:
        for line in text:
            chinese += len(CHINESE.findall(line))
            lost += line.count(UNDECODED)
    return chinese, lost


def _lines_of(stream: Iterable[str]) -> Iterator[str]:
    """The lines without their ends, as ``str.split`` gives them: behind the last line feed there is one more."""
    ended = True
    for line in stream:
        ended = line.endswith("\n")
        yield line[:-1] if ended else line
    if ended:
        yield ""
