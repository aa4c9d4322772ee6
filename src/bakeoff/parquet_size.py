"""The size of a Parquet file once unpacked, added up from what its pages say, without unpacking.

A few kilobytes can say that there are billions of rows, and a page can unpack to two gigabytes. The
footer names the chunks of each column; each page in a chunk says how long it is, packed and not.

Source: the Parquet format (parquet.thrift) and Thrift's compact protocol.
"""

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from bakeoff.errors import DataError

MOST_FOOTER = 2 * 10**7  # bytes: a thousand columns take some 200,000
MOST_PAGE_HEADER = 10**5  # bytes: it may hold the least and the greatest text of its page
TEXT = 6  # the physical type BYTE_ARRAY
PLAIN_TYPES = (0, 1, 2, 4, 5, TEXT)  # BOOLEAN, INT32, INT64, FLOAT, DOUBLE
REPEATING = (6, 7)  # encodings DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY: texts made of others
WIDTH, TEXT_WIDTH = 8, 16  # bytes of a value in memory; a text is a view into its page

Fields = dict[int, Any]
"""A table of the footer or of a page: field number -> value, as parquet.thrift numbers them."""


class ParquetSize(NamedTuple):
    """What a file says of itself.

    Args:
        rows: Rows.
        columns: Columns.
        unpacked: Bytes in memory: of its values, and of the texts they point at.
    """

    rows: int
    columns: int
    unpacked: int


def parquet_size(file: BinaryIO) -> ParquetSize:
    """Measure an open Parquet file.

    Raises:
        DataError: It is none, or it is damaged, or is of a make that a run never has.
        KeyError, TypeError, IndexError: It lacks a field, or ends too soon.
    """
    footer = read_footer(file)
    groups = footer.get(4, [])
    unpacked = columns = 0
    for group in groups:
        columns = len(group[1])
        for chunk in group[1]:
            unpacked += chunk_size(file, chunk, group[3])
    if sum(group[3] for group in groups) != footer[3]:
        raise DataError("its parts do not have as many rows as the whole.")
    return ParquetSize(rows=footer[3], columns=columns, unpacked=unpacked)


def parquet_values(file: BinaryIO) -> int:
    """Count the values that an open Parquet file says it has, those in lists among them.

    Raises:
        DataError: It is none, or it is damaged.
        KeyError, TypeError, IndexError: It lacks a field, or ends too soon.
    """
    return sum(int(chunk[3][5]) for group in read_footer(file).get(4, []) for chunk in group[1])


def read_footer(file: BinaryIO) -> Fields:
    """Read the footer (FileMetaData)."""
    size = file.seek(0, 2)
    if size < 12:
        raise DataError("it is no Parquet file.")
    file.seek(size - 8)
    length, mark = struct.unpack("<I4s", file.read(8))
    if mark != b"PAR1" or length > size - 12:
        raise DataError("it is no whole Parquet file.")
    if length > MOST_FOOTER:
        raise DataError(f"its footer has {length:,} bytes; a run has {MOST_FOOTER:,} at most.")
    file.seek(size - 8 - length)
    return Thrift(file.read(length)).table()


def chunk_size(file: BinaryIO, chunk: Fields, rows: int) -> int:
    """Return the bytes of one column in a group of rows, unpacked.

    Args:
        file: Of the chunk.
        chunk: Its entry in the footer (ColumnChunk).
        rows: Of the group: a flat column has one value each.
    """
    about = chunk[3]
    if 1 in chunk or about[5] != rows or rows < 0 or about[1] not in PLAIN_TYPES:
        raise DataError("a column does not hold one number or text for each row.")
    text = about[1] == TEXT
    unpacked = rows * (TEXT_WIDTH if text else WIDTH)
    start, length = min(about[9], about.get(11, about[9])), about[7]
    for header in pages(file, start, start + length):
        unpacked += header[2] if text else 0
        if header[2] < 0 or (text and encoding_of(header) in REPEATING):
            raise DataError("a page is written in a way that a run never has.")
    return int(unpacked)


def encoding_of(header: Fields) -> int:
    """Return how the values of a page are written; of a dictionary plainly."""
    return int(header[5][2] if 5 in header else header[8][4] if 8 in header else 0)


def pages(file: BinaryIO, at: int, end: int) -> Iterator[Fields]:
    """Yield the header of every page between two places of a file (PageHeader)."""
    while at < end:
        file.seek(at)
        thrift = Thrift(file.read(MOST_PAGE_HEADER))
        header = thrift.table()
        if header[3] < 0:
            raise DataError("a page has a length below 0.")
        yield header
        at += thrift.at + header[3]


class Thrift:
    """Reads the compact protocol: numbers of seven bits a byte, tables of numbered fields.

    Args:
        raw: The bytes; reading beyond them is an IndexError.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    def byte(self) -> int:
        """Read one byte."""
        self.at += 1
        return self.raw[self.at - 1]

    def count(self) -> int:
        """Read a number without sign."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise DataError("a number in it is longer than 64 bits.")

    def number(self) -> int:
        """Read a number with its sign, which stands in the last bit."""
        value = self.count()
        return (value >> 1) ^ -(value & 1)

    def table(self) -> Fields:
        """Read a table: field number -> value."""
        found: Fields = {}
        name = 0
        while head := self.byte():
            name = name + (head >> 4) if head >> 4 else self.number()
            kind = head & 15
            found[name] = kind == 1 if kind in (1, 2) else self.value(kind)
        return found

    def value(self, kind: int) -> object:
        """Read a value of a kind, as the protocol numbers them."""
        if kind in (1, 2, 3):
            return self.byte()
        if kind in (4, 5, 6):
            return self.number()
        if kind == 7:
            return self.text(8)
        if kind == 8:
            return self.text(self.count())
        if kind in (9, 10):
            head = self.byte()
            length = head >> 4 if head >> 4 < 15 else self.count()
            return [self.value(head & 15) for _ in range(length)]
        if kind == 12:
            return self.table()
        raise DataError(f"it holds a value of the kind {kind}, which no Parquet file has.")

    def text(self, length: int) -> bytes:
        """Read so many bytes."""
        if self.at + length > len(self.raw):
            raise IndexError("it ends too soon")
        self.at += length
        return self.raw[self.at - length : self.at]
