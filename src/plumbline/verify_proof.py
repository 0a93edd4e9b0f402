"""Checks a proof that `plumbline export-proof` wrote. 核验 plumbline export-proof 写出的证明文件。

    python3 verify_proof.py [--lang zh|en] [--key HEX] [--without-trail] FILE

It needs Python 3.9 or newer and nothing else. It works out the verdict again from the rows in the file,
by the queries in the file: comparisons, cases, sums and joins, where `None` is "unknown". Nothing in a
file is executed. Exit code 0: every check holds; 1: one does not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from calendar import monthrange
from datetime import date
from decimal import Context, Decimal, setcontext
from functools import reduce
from operator import or_
from typing import Any, Iterator, Tuple

Checks = Iterator[Tuple[Any, Tuple[str, ...]]]
FORMAT, ACTION = "plumbline.proof/1", "warning.proof_exported"


class Bad(Exception):
    """What is wrong: (Chinese, English)."""


def canonical(value: Any) -> str:
    """The one way to write a value as JSON (RFC 8785); ValueError for what it cannot write."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(k)}:{canonical(value[k])}" for k in keys) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value)
    if isinstance(value, str):
        value.encode()  # half of a pair of surrogates is refused
    elif value is not None and not isinstance(value, bool):
        raise ValueError(f"{value!r} is no JSON")
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """As ECMAScript writes it."""
    if not abs(value) < float("inf") or float(value) != value:
        raise ValueError(f"{value!r} is no number of JSON")
    _, digits, exponent = Decimal(repr(abs(float(value)))).normalize(Context(prec=20)).as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    if len(text) <= point <= 21:
        text += "0" * (point - len(text))
    elif 0 < point <= 21:
        text = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{text}"
    else:
        text = f"{text[0]}{'.' * (len(text) > 1)}{text[1:]}e{point - 1:+d}"
    return "-" * (value < 0) + text


def sha256(text: str) -> str:
    """The digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


# The trail is a tree by RFC 9162; its heads are signed by Ed25519 (RFC 8032).
_P, _Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P


def _point(data: bytes) -> tuple[int, int]:
    """A point of the curve from its 32 bytes; ValueError if there is no such."""
    sign, y = divmod(int.from_bytes(data, "little"), 1 << 255)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if len(data) != 32 or y >= _P or (x * x - square) % _P or (x == 0 and sign):
        raise ValueError("no point of the curve")
    return (_P - x if x & 1 != sign else x), y


def _added(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
    t = _D * p[0] * q[0] * p[1] * q[1]
    x = (p[0] * q[1] + q[0] * p[1]) * pow(1 + t, -1, _P)
    return x % _P, (p[1] * q[1] + p[0] * q[0]) * pow(1 - t, -1, _P) % _P


def _times(n: int, p: tuple[int, int]) -> tuple[int, int]:
    q = (0, 1)
    while n:
        q, p, n = (_added(q, p) if n & 1 else q), _added(p, p), n >> 1
    return q


def is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether it is the key's Ed25519 signature of the message."""
    s = int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % _Q
    left, base = _added(_point(signature[:32]), _times(h, _point(key))), b"\x58" + b"\x66" * 31
    return len(signature) == 64 and s < _Q and left == _times(s, _point(base))


def root_over(by: str, leaf: bytes, index: int, size: int, path: list[bytes]) -> Any:
    """The root of a tree in which a leaf stands, from the digests beside its way up (2.1.1)."""
    if size <= 1:
        return leaf if (index, size, path) == (0, 1, []) else None
    left = 1 << (size - 1).bit_length() - 1
    if index < left:
        pair = root_over(by, leaf, index, left, path[:-1]) + path[-1]
    else:
        pair = path[-1] + root_over(by, leaf, index - left, size - left, path[:-1])
    return hashlib.new(by, b"\1" + pair).digest()


class Day(tuple):  # type: ignore[type-arg]
    """A date (days, 0), or as `Moment` a time (days, microseconds of the day)."""

    def parts(self) -> tuple[int, int, int]:
        cycles = max(0, self[0] - 1) // 146097  # the calendar repeats every 400 years
        day = date.fromordinal(self[0] - cycles * 146097)
        return day.year + 400 * cycles, day.month, day.day

    def __str__(self) -> str:
        seconds, micros = divmod(self[1], 10**6)
        clock = f" {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        clock += f".{micros:06}".rstrip("0") if micros else ""
        return "{:04}-{:02}-{:02}".format(*self.parts()) + clock * isinstance(self, Moment)


Moment = type("Moment", (Day,), {})


def _day(year: int, month: int, day: int) -> Day:
    cycles = (year - 1) // 400
    return Day((date(year - 400 * cycles, month, day).toordinal() + 146097 * cycles, 0))


def read(kind: str, text: Any) -> Any:
    """A value from its text."""
    if text is None or kind in ("VARCHAR", "BOOLEAN"):
        return text
    if kind == "DATE":
        return _day(*map(int, text.split("-")))
    if kind == "TIMESTAMP":
        hours, minutes, seconds = text[11:].split(":")
        at = Decimal(seconds) + 60 * (int(minutes) + 60 * int(hours))
        return Moment((read("DATE", text[:10])[0], int(at * 10**6)))
    return Decimal(text) if kind.startswith("DECIMAL") else int(text)


def text_of(value: Any) -> str:
    """As DuckDB casts it to text."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value).lower() if isinstance(value, bool) else str(value)


_MICROS = {"DAY": 86400 * 10**6, "HOUR": 3600 * 10**6, "MINUTE": 60 * 10**6}


def _later(day: Day, count: int, unit: str) -> Any:
    """Some units later; the 31st becomes the last day of a shorter month."""
    if unit in _MICROS:
        days, micros = divmod(day[1] + count * _MICROS[unit], _MICROS["DAY"])
        return type(day)((day[0] + days, micros))
    year, month, dom = day.parts()
    month += count * {"YEAR": 12, "MONTH": 1, "END": 0}[unit] - 1
    year, month = year + month // 12, month % 12 + 1
    last = monthrange(2000 + year % 400, month)[1]
    return type(day)((_day(year, month, last if unit == "END" else min(dom, last))[0], day[1]))


def _plus(a: Any, b: Any, sign: int = 1) -> Any:
    if not isinstance(a, Day):
        return a + sign * b
    return _later(a, sign * b[0], b[1]) if isinstance(b, tuple) else _later(a, sign * b, "DAY")


_ANY = {"%": ".*", "_": "."}
#: Functions of known values; where one is unknown, so is the answer.
STRICT: dict[str, Any] = {
    "=": lambda a, b: a == b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    "<>": lambda a, b: a != b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "+": _plus, "-": lambda a, b: _plus(a, b, -1), "*": lambda a, b: a * b, "not": lambda a: not a,
    "//": lambda a, b: a // b, "%": lambda a, b: a % b, "&": lambda a, b: a & b, "length": len,
    "||": lambda a, b: text_of(a) + text_of(b), "contains": lambda a, b: b in a, "abs": abs,
    "part": lambda d, n: d.parts()[int(n)], "month_end": lambda d: _later(d, 0, "END"),
    "interval": lambda n, unit: (int(n), unit), "make_date": _day,
    "cast": lambda a, to: text_of(a) if to == "TEXT" else Day((a[0], 0)) if to == "DATE" else int(a),
    "like": lambda a, b: re.fullmatch("".join(_ANY.get(c, re.escape(c)) for c in b), a, re.DOTALL) is not None,
}  # fmt: skip
TOGETHER: Any = {"sum": sum, "bit_or": lambda values: reduce(or_, values), "min": min, "max": max}


def value_of(tree: Any, row: Any, rows: Any = ()) -> Any:
    """An expression's value for a row {table: {column: value}}; aggregates are taken of `rows`."""
    name, *args = tree
    if name == "value":
        return read(*args)
    if name == "column":
        return row[args[0]][args[1]]
    if name == "aggregate":
        what, distinct, of = args
        found = [True if of is None else value_of(of, each) for each in rows]
        found = [value for value in found if value is not None]
        found = list(dict.fromkeys(found)) if distinct else found
        return len(found) if what == "count" else TOGETHER[what](found) if found else None
    if name == "case":
        *whens, otherwise = args
        holds = (then for when, then in whens if value_of(when, row, rows) is True)
        return value_of(next(holds, otherwise), row, rows)
    values = [each if isinstance(each, str) else value_of(each, row, rows) for each in args]
    if name in ("and", "or"):
        decides = name == "or"
        return decides if decides in values else None if None in values else not decides
    if name == "same":  # IS NOT DISTINCT FROM
        return values[0] == values[1]
    if name == "digest":
        return sha256("␟".join("␀" if value is None else text_of(value) for value in values))
    return None if None in values else STRICT[name](*values)


def select(query: Any, known: dict[str, Any]) -> Any:
    """The rows of a query over known relations."""
    if isinstance(query, str):
        return known[query]
    rows = [{query["from"][1]: row} for row in select(query["from"][0], known)]
    for how, source, alias, on, columns in query.get("join", ()):
        others, joined = select(source, known), []
        for row in rows:
            found = [{**row, alias: other} for other in others]
            found = [both for both in found if value_of(on, both) is True]
            if how == "semi":
                found = [row] if found else []
            elif how == "left" and not found:
                found = [{**row, alias: dict.fromkeys(columns)}]
            joined += found
        rows = joined
    if "where" in query:
        rows = [row for row in rows if value_of(query["where"], row) is True]
    groups = [[row] for row in rows]
    if "group" in query:
        by: dict[Any, Any] = {}
        for row in rows:
            by.setdefault(tuple(value_of(key, row) for key in query["group"]), []).append(row)
        groups = list(by.values()) or ([] if query["group"] else [[]])
    return [
        {name: value_of(tree, (group or [{}])[0], group) for name, tree in query["columns"]}
        for group in groups
    ]


def derive(content: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The warning as the rows in the file give it, and the combination that leads it."""
    setcontext(Context(prec=80))
    known: dict[str, Any] = {}
    for name, given in content["relations"].items():
        kinds = given["columns"]
        known[name] = [{c: read(k, cell) for (c, k), cell in zip(kinds, r)} for r in given["rows"]]
    for name, query in content["queries"]:
        known[name] = select(query, known)
    facts, per = content["facts"], content["warning"]["per"]
    about = {"verdict": "flag", **{f"per_{i}": value for i, value in enumerate(per, 1)}}
    rows = [row for row in known["answer"] if about.items() <= row.items()]
    if not rows:
        raise Bad("文件里的行得不出这条预警", "the rows in the file do not give this warning")
    order = ["tier", "lead", *(f"row_{fact}" for fact in facts)]
    rows.sort(key=lambda row: [(row[name] is None, row[name] or 0) for name in order])
    found: dict[Any, Any] = {}
    for place, row in enumerate(rows):
        for nth, fact in enumerate(facts):
            if (number := row[f"row_{fact}"]) is not None:
                found.setdefault((fact, number, row[f"digest_{fact}"]), (place, nth, number))
    return {
        "level": min(row["level"] for row in rows),
        "tier": min(row["tier"] for row in rows),
        "figures": {name: rows[0][f"figure_{name}"] for name in content["figures"]},
        "evidence": [
            [fact, str(n), digest] for fact, n, digest in sorted(found, key=found.__getitem__)
        ],
    }, rows[0]


#: What no file can show; it is said whatever the file says.
ATTESTED = [
    ("没有别的行会改变判定（应有而没有的、同类的其他行）：由运行所锁定的数据版本作证",
     "no other row changes the verdict (what is lacking, peers): attested by what the run pinned"),
    ("各行说的是谁，是否与送来的相同，上面那句话：由机关作证",
     "whom the rows are about, that they are as delivered, the sentence: attested by the office"),
    ("文件里的查询就是模型文本的意思：由机关作证，两者都可阅读",
     "the queries say what the model's text says: attested by the office; both can be read"),
]  # fmt: skip


def _must(holds: object, zh: str, en: str) -> None:
    if not holds:
        raise Bad(zh, en)


def _bytes(text: str) -> bytes:
    _must(bytes.fromhex(text).hex() == text, "不是规范的十六进制", "not canonical hexadecimal")
    return bytes.fromhex(text)


def _trail(proof: dict[str, Any], key: str | None) -> Checks:
    """That the content is what the trail says was exported, under a signed head."""
    trail, head = proof["trail"], dict(proof["trail"]["head"])
    entry, by = json.loads(trail["content"]), head["algorithm"]
    named = entry["action"] == ACTION and entry["detail"]["sha256"] == proof["sha256"]
    _must(named, "留痕登记的不是这份内容", "what the trail recorded is not this content")
    can = by in ("sha256", "sm3") and by in hashlib.algorithms_available
    _must(can, f"这里的 Python 没有 {by}，不能核验留痕", f"no {by} here to check the trail by")
    leaf = hashlib.new(by, b"\0" + trail["content"].encode()).digest()
    path, size = [_bytes(each) for each in trail["path"]], head["size"]
    under = root_over(by, leaf, trail["position"], size, path) == _bytes(head["root"])
    whole = (len(trail), len(head), type(trail["position"])) == (4, 7, int)
    _must(under and whole, "登记不在树头之下", "the record does not stand under the head")
    signature, message = _bytes(head.pop("signature")), {**head, "head": "plumbline.trail"}
    signed = is_signed(_bytes(head["key"]), signature, canonical(message).encode())
    _must(signed, "树头的签名不对", "the signature of the head is wrong")
    mine = not key or key.replace(" ", "").lower() == head["key"]
    _must(mine, "不是用所给的公钥签名的", "it is not signed by the key that was given")
    place = entry["entry"], entry["at"], head["size"]
    yield True, ("留痕第 {} 条，登记于 {}，在 {} 条的签名树头之下".format(*place),
                 "entry {} of the trail, of {}, under a signed head of {} rows".format(*place))  # fmt: skip
    if not key:
        yield None, (f"公钥 {head['key']} 是否该机关公布的：自行核对，或用 --key",
                     f"whether the office published the key {head['key']}: compare, or use --key")  # fmt: skip


def _checks(data: bytes, key: str | None, without_trail: bool) -> Checks:
    proof = json.loads(data)
    form = canonical(proof).encode() == data and sorted(proof) == ["content", "sha256", "trail"]
    _must(form, "文件不是规范形式（RFC 8785）", "the file is not in canonical form (RFC 8785)")
    content, warning = proof["content"], proof["content"]["warning"]
    fits = sha256(canonical(content)) == proof["sha256"] and content["format"] == FORMAT
    _must(fits, "内容与摘要不符：被改动过", "the content does not fit its digest: it was altered")
    yield True, ("规范形式，内容与摘要相符", "canonical form; the content fits its digest")
    named = sha256("␟".join([warning["model"], *warning["per"]]))[:16]
    fits = (sha256(content["model"]), named) == (warning["fingerprint"], warning["key"])
    _must(fits, "模型文本或编号不符", "the model's text does not fit its fingerprint, or the key")
    yield True, ("模型文本与指纹、编号与对象相符", "the model's text fits its fingerprint, the key")
    found, _ = derive(content)
    for what, now in found.items():
        _must(now == warning[what], f"由各行得出 {what}：{now}", f"the rows give {what}: {now}")
    yield True, (f"由 {len(found['evidence'])} 行重新得出：判定、级别、计算结果、每行摘要都相符",
                 f"derived again from {len(found['evidence'])} rows: verdict, level, figures, digests")  # fmt: skip
    if proof["trail"] is not None:
        yield from _trail(proof, key)
    else:
        may = without_trail and not key
        _must(may, "没有留痕（--without-trail 只查其余）", "no trail (--without-trail: the rest)")
        yield None, ("没有留痕：连摘要一起改的看不出来", "no trail: mended digests go unseen")
    yield from ((None, words) for words in ATTESTED)


def verify(data: bytes, key: str | None = None, without_trail: bool = False) -> Checks:
    """Yields (holds, (Chinese, English)) for each check; None: what the file cannot show."""
    try:
        yield from _checks(data, key, without_trail)
    except Bad as bad:
        yield False, (str(bad.args[0]), str(bad.args[1]))
    except Exception as error:
        yield False, (f"文件读不通：{error!r}", f"the file is not well formed: {error!r}")


def main() -> int:
    """Check a file; what is found goes to standard output."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--lang", choices=["zh", "en"], default="zh")
    parser.add_argument("--key", metavar="HEX", help="机关公布的公钥 · the office's key")
    parser.add_argument("--without-trail", action="store_true", help="没有留痕也可 · need no trail")
    given = parser.parse_args()
    with open(given.file, "rb") as file:
        data = file.read()
    found = list(verify(data, given.key, given.without_trail))
    holds = all(each is not False for each, _ in found)
    if holds:
        content = json.loads(data)["content"]
        print(content["warning"]["key"], content["as_of"], content["words"]["sentence"][given.lang])
        leading = derive(content)[1]
        for text, column in content["conditions"]:
            print({True: "  +", False: "  -", None: "  ?"}[leading[column]], text)
    found.append((holds, ("相符", "it holds") if holds else ("不符", "IT DOES NOT HOLD")))
    for each, words in found:
        print({True: "✓", False: "✗", None: "·"}[each], words[given.lang == "en"])
    if holds:
        print(*content["words"]["note"][given.lang], sep="\n")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
