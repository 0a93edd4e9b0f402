"""Where the table stands on a sheet: its header row under the titles, its width, its notes.

Departments send tables under title rows, with headers merged over two or three rows and notes
below. Headers are compared without regard to spaces, full or half width and style of brackets.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from plumbline.engine.fact.readers.base import Merge, Row, Sheet
from plumbline.errors import DeliveryError, Text

_TOP_LINES = 50  # a header stands within these
_SAMPLE_ROWS = 200  # rows looked at to see which columns hold data
_DEEPEST = 3  # rows that a header may be merged over

_SPACE = re.compile(r"\s+")
_BRACKETS = str.maketrans("【】〔〕〖〗［］｛｝", "()()()()()")
_DIGIT = re.compile(r"\d")
_NOTE = re.compile(
    r"\s*[\(（【\[]?\s*(?:"
    r"(?:附?注|说明|备注|附|填表说明|编制说明|数据来源|资料来源|来源|单位|口径)\s*\d*\s*[\)）】\]]?\s*[:：、.．]"
    r"|注\s*\d"
    r"|(?:制表|填表|填报|审核|复核|经办|负责|联系|报送|签发|主管|校对|编制)"
    r"(?:人|单位|部门|日期|时间|领导|电话)?(?:员|人)?\s*(?:[\(（][^\)）]*[\)）])?\s*(?:[:：]|$)"
    r"|(?:本页|累)?(?:合\s*计|总\s*计|小\s*计)(?!划)"
    r"|(?:notes?|remarks?|source|prepared by|checked by)\s*\d*\s*[:：.]"
    r"|(?:grand |sub-?)?totals?\s*(?:[:：]|$)"
    r")",
    re.IGNORECASE,
)


def clean_header(text: str) -> str:
    """A header as a person would write it: one line, single spaces, none at the ends."""
    return _SPACE.sub(" ", text.replace("\ufeff", "")).strip()


@lru_cache(maxsize=4096)
def header_key(header: str) -> str:
    """What two spellings of the same header have in common."""
    folded = unicodedata.normalize("NFKC", header).translate(_BRACKETS)
    folded = folded.replace("[", "(").replace("]", ")").replace("\ufeff", "").replace("\u200b", "")
    return _SPACE.sub("", folded).casefold()


def same_header(one: str, other: str) -> bool:
    return header_key(one) == header_key(other)


def column_letter(index: int) -> str:
    """The name a spreadsheet gives to column `index` (from 0): A, ..., Z, AA, ..., XFD."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def is_note(cells: Sequence[str], width: int) -> bool:
    """Whether a row stands below the table rather than in it: a note, a total, a signature.

    Only rows that are nearly empty and begin with a word that notes begin with; anything else
    that does not fit is for quarantine, where a person sees it.
    """
    filled = [cell for cell in cells if cell.strip()]
    if not filled or _NOTE.match(filled[0]) is None:
        return False
    totals = re.match(
        r"\W*(?:本页|累)?[合总小]\s*计|\W*(?:grand |sub-?)?total", filled[0], re.IGNORECASE
    )
    if totals and len(filled) > 1:
        # a total row has figures, but nothing that names a thing
        figures = sum(
            re.fullmatch(r"[-+¥￥$]?[\d,.\s]+[%元]?", cell) is not None for cell in filled
        )
        return figures >= len(filled) - 1 and len(filled) <= max(2, width * 2 // 3)
    return len(filled) <= max(1, min(3, width // 2))


@dataclass(frozen=True)
class Layout:
    """A table found on a sheet; its rows are those below line `header_lines[1]`."""

    header: tuple[str, ...]  # cleaned; "上级/下级" where merged over rows; "" where empty
    header_lines: tuple[int, int]  # lines of the first and the last row of the header
    width: int
    titles: tuple[Row, ...] = ()  # what stands above
    duplicates: tuple[str, ...] = ()  # headers that stand over more than one column
    unnamed: tuple[int, ...] = ()  # columns without a header that hold data
    notes: tuple[Row, ...] = ()  # notes among the first rows; look further with is_note
    confidence: float = 1.0

    def position(self, header: str) -> int | None:
        """The column that stands under `header`."""
        key = header_key(header)
        return next((i for i, own in enumerate(self.header) if header_key(own) == key), None)


def find_header(sheet: Sheet, wanted: Collection[str | Sequence[str]] | None) -> Layout | None:
    """Where the table stands on `sheet`, or None where it holds no such table.

    Args:
        wanted: the declared headers; a list among them names alternatives for one column. The
            header is the row, or two or three rows together, that holds most of them, and at
            least half. None: guess, and say how sure that is.

    Raises:
        DeliveryError: a wanted header stands over more than one column.
    """
    rows = list(itertools.islice(sheet.rows(), _TOP_LINES + _SAMPLE_ROWS))
    if not rows:
        return None
    merged = _spread(rows, sheet.merges)
    if rows[0].line == 0:
        candidates = [_Candidate(0, 1, [clean_header(cell) for cell in rows[0].cells])]
    else:
        candidates = list(_candidates(merged, sheet.merges))
    if wanted is None:
        found, confidence = _likeliest(candidates, merged)
    else:
        groups = [_keys(item) for item in wanted]
        chosen = _fullest(candidates, groups)
        if chosen is None:
            return None
        _refuse_duplicates(sheet, chosen, set().union(*groups))
        found, confidence = chosen, 1.0
    return _layout(found, rows, confidence)


@dataclass
class _Candidate:
    """Row `at` of the sample and the `depth - 1` rows below it, read as one header."""

    at: int
    depth: int
    header: list[str]
    stacked: bool = True  # whether it looks like one header

    def keys(self) -> Counter[str]:
        return Counter(header_key(header) for header in self.header if header)


def _keys(item: str | Sequence[str]) -> set[str]:
    return {header_key(h) for h in ([item] if isinstance(item, str) else item)}


def _spread(rows: list[Row], merges: Sequence[Merge]) -> list[Row]:
    """The top rows with what is merged over several columns repeated in each of them."""
    wide: dict[int, list[Merge]] = {}
    for merge in merges:
        if merge.right > merge.left:
            wide.setdefault(merge.top, []).append(merge)
    spread = []
    for row in rows:
        cells = list(row.cells)
        for merge in wide.get(row.line, ()):
            if merge.left < len(cells):
                end = min(merge.right + 1, len(cells))
                cells[merge.left : end] = [cells[merge.left]] * (end - merge.left)
        spread.append(Row(row.line, cells))
    return spread


def _candidates(rows: list[Row], merges: Sequence[Merge]) -> Iterator[_Candidate]:
    tall = {m.top: m.bottom for m in sorted(merges) if m.bottom > m.top}
    for at, row in enumerate(rows[:_TOP_LINES]):
        least = 1
        if row.line in tall:  # a header cell reaches down: the header does, too
            least = sum(row.line <= r.line <= tall[row.line] for r in rows[at : at + _DEEPEST])
        elif at + 1 < len(rows) and _is_under(row.cells, rows[at + 1].cells):
            least = 2
        for depth in range(1, min(_DEEPEST, len(rows) - at) + 1):
            stacked = rows[at : at + depth]
            if depth > 1 and not _adjoin(*stacked[-2:]):
                break
            if depth >= least:
                parts = [r.cells for r in stacked]
                yield _Candidate(at, depth, _join(parts), _is_stacked(parts, forced=depth == least))


def _is_stacked(rows: list[list[str]], *, forced: bool) -> bool:
    """Whether rows look like one header, to someone who does not know it.

    No row of it is a mere title, and the last row alone would not do: cells reach down into it
    (`forced`), or it says the same thing twice.
    """
    if len(rows) == 1:
        return True
    texts = [[clean_header(cell) for cell in cells if cell.strip()] for cells in rows]
    if any(len(set(row)) < 2 or is_note(row, len(row) + 2) for row in texts):
        return False
    return forced or len(set(texts[-1])) < len(texts[-1])


def _adjoin(upper: Row, lower: Row) -> bool:
    """Whether `lower` is the very next row; a cell may hold line ends of its own."""
    return lower.line - upper.line <= 1 + sum(
        len(cell.splitlines()) - 1 for cell in upper.cells if cell
    )


def _is_under(upper: list[str], lower: list[str]) -> bool:
    """Whether `lower` is the second row of a header: it stands only under the gaps of `upper`.

    "姓名,合同,,合计" over ",编号,金额,": every run of cells begins under a heading and goes on
    where the upper row is empty.
    """
    upper = upper + [""] * (len(lower) - len(upper))
    runs, run = [], list[int]()
    for i, cell in enumerate([*lower, ""]):
        if cell.strip():
            run.append(i)
        elif run:
            runs.append(run)
            run = []
    return (
        any(len(run) > 1 for run in runs)
        and any(upper[i].strip() and not cell.strip() for i, cell in enumerate(lower))
        and all(
            upper[run[0]].strip() and not any(upper[i].strip() for i in run[1:]) for run in runs
        )
    )


def _join(rows: list[list[str]]) -> list[str]:
    """One header from several rows, the parts of each joined by "/"."""
    width = max(map(len, rows))
    parts: list[list[str]] = [[] for _ in range(width)]
    for depth, cells in enumerate(rows):
        heading = ""
        for i in range(width):
            text = clean_header(cells[i]) if i < len(cells) else ""
            below = rows[depth + 1] if depth + 1 < len(rows) else []
            if text:
                heading = text
            elif not (heading and i < len(below) and below[i].strip() and below[i - 1].strip()):
                heading = ""
            if heading and parts[i][-1:] != [heading]:
                parts[i].append(heading)
    return ["/".join(p) for p in parts]


def _fullest(candidates: list[_Candidate], groups: list[set[str]]) -> _Candidate | None:
    """The candidate that holds most of the wanted headers, if it holds half of them."""
    best, best_score = None, (0, 0, 0, 0)
    for candidate in candidates:
        candidate.header = _shortened(candidate.header, groups)
        keys = candidate.keys()
        held = sum(any(key in keys for key in group) for group in groups)
        twice = sum(keys[key] > 1 for group in groups for key in group)
        score = (held, -twice, -candidate.depth, -candidate.at)
        if 2 * held >= len(groups) and held and (best is None or score > best_score):
            best, best_score = candidate, score
    return best


def _shortened(header: list[str], groups: list[set[str]]) -> list[str]:
    """Takes the last part of a joined header where that alone is wanted and unmistakable."""
    wanted = set().union(*groups)
    last = Counter(header_key(h.rpartition("/")[2]) for h in header)
    return [
        h.rpartition("/")[2]
        if "/" in h
        and header_key(h) not in wanted
        and (key := header_key(h.rpartition("/")[2])) in wanted
        and last[key] == 1
        else h
        for h in header
    ]


def _refuse_duplicates(sheet: Sheet, found: _Candidate, wanted: set[str]) -> None:
    for key, count in found.keys().items():
        if count > 1 and key in wanted:
            at = [i for i, h in enumerate(found.header) if header_key(h) == key]
            letters = [column_letter(i) for i in at]
            header = found.header[at[0]]
            raise DeliveryError(
                Text(
                    f"表头“{header}”重复，出现在第 {'、'.join(letters)} 列",
                    f"the header '{header}' stands over columns {', '.join(letters)}",
                ),
                where=f"{sheet.file} {sheet.name}".rstrip(),
                hint=Text(
                    "请报送单位给这些列起不同的名称，或删去多余的列",
                    "ask the department to name these columns differently, or to drop the extra",
                ),
            )


def _likeliest(candidates: list[_Candidate], rows: list[Row]) -> tuple[_Candidate, float]:
    """The candidate that looks most like a header, and how much it does."""
    best, best_score = candidates[0], -1.0
    if rows[0].line == 0:
        return best, 1.0
    for candidate in candidates:
        if not candidate.stacked:
            continue
        score = _likeness(candidate, rows[candidate.at + candidate.depth :])
        if score > best_score + 1e-9:
            best, best_score = candidate, score
    return best, round(max(best_score, 0.0), 2)


def _likeness(candidate: _Candidate, body: list[Row]) -> float:
    named = [h for h in candidate.header if h]
    if not named:
        return 0.0
    spans = Counter(_span(row.cells) for row in body if not is_note(row.cells, len(row.cells)))
    usual = max(spans, key=lambda span: (spans[span], span), default=len(named))
    covered = min(1.0, len(named) / max(usual, 1))
    distinct = len(candidate.keys()) / len(named)
    textual = sum(map(_is_words, named)) / len(named)
    agreeing = sum(n for span, n in spans.items() if span <= len(candidate.header))
    followed = agreeing / max(sum(spans.values()), 1) if spans else 0.6
    contrast = 1.0 if _differs(candidate.header, body) else 0.75
    return covered * distinct * textual**2 * followed * contrast


def _span(cells: list[str]) -> int:
    return max((i for i, cell in enumerate(cells, 1) if cell.strip()), default=0)


def _is_words(text: str) -> bool:
    return re.fullmatch(r"[\d\W_]+", text) is None and re.search(r"\d{5}", text) is None


def _differs(header: list[str], body: list[Row]) -> bool:
    """Whether some column holds figures under a heading without any."""
    sample = body[:_TOP_LINES]
    for i, heading in enumerate(header):
        values = [r.cells[i] for r in sample if i < len(r.cells) and r.cells[i].strip()]
        figures = sum(_DIGIT.search(value) is not None for value in values)
        if heading and not _DIGIT.search(heading) and 2 * figures > len(values):
            return True
    return False


def _layout(found: _Candidate, rows: list[Row], confidence: float) -> Layout:
    first, last = found.at, found.at + found.depth - 1
    body = [row.cells for row in rows[last + 1 :]]
    header = list(found.header)
    while header and not header[-1]:
        header.pop()
    width = len(header)
    for i in range(width, max(map(len, body), default=0)):
        if 2 * sum(i < len(cells) and bool(cells[i].strip()) for cells in body) >= len(body):
            width = i + 1
    header += [""] * (width - len(header))
    keys = Counter(header_key(h) for h in header if h)
    return Layout(
        header=tuple(header),
        header_lines=(rows[first].line, rows[last].line),
        width=width,
        titles=tuple(rows[:first]),
        duplicates=tuple(dict.fromkeys(h for h in header if h and keys[header_key(h)] > 1)),
        unnamed=tuple(
            i
            for i, h in enumerate(header)
            if not h and any(i < len(cells) and cells[i].strip() for cells in body)
        ),
        notes=tuple(row for row in rows[last + 1 :] if is_note(row.cells, width)),
        confidence=confidence,
    )
