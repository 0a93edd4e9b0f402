"""In which levels two records agree, as SQL over prepared columns (see `people.prepare`).

Chinese is compared character by character, as numbers: the engine's string distances count bytes, three
to a character. What m and u stand beside a level are the defaults where there is too little to learn from;
u of names is from 1.18 billion people (Bao, ChineseNames: two strangers share a surname with probability
.027, a whole name with 5.3e-6), of numbers and dates from counting; m is our guess of how offices err.
"""

from __future__ import annotations

from itertools import pairwise

from plumbline.engine.linkage.scheme import Feature, Level
from plumbline.errors import Text

#: Characters of a name that are compared one by one; what follows them must be equal as a whole.
POSITIONS = (1, 2, 3, 4)

#: What a record may have several of: the column of the only one, and that of the list.
SETS = {
    "phone": "phones", "part": "parts", "region": "regions", "city": "cities",
    "address": "addresses", "door": "doors", "place": "places",
}  # fmt: skip


def members(one: str, side: str = "") -> str:
    """SQL for a set as a list."""
    return f"coalesce({SETS[one]}{side}, [{one}{side}])"


def _meet(one: str) -> str:
    """The sets have a member in common; lists are slow, and most have one member."""
    several = SETS[one]
    return _any(
        f"{one}_l = {one}_r",
        _all(
            _any(f"{several}_l IS NOT NULL", f"{several}_r IS NOT NULL"),
            f"list_has_any({members(one, '_l')}, {members(one, '_r')})",
        ),
    )


def _all(*conditions: str) -> str:
    return "(" + " AND ".join(conditions) + ")"


def _any(*conditions: str) -> str:
    return "(" + " OR ".join(conditions) + ")"


def _same(at: int) -> str:
    return f"c{at}_l = c{at}_r"


def _sounds_same(at: int) -> str:
    """Some reading of one character is some reading of the other."""
    return _any(f"p{at}_l = p{at}_r", f"p{at}_l = q{at}_r", f"q{at}_l = p{at}_r")


def _looks_same(at: int) -> str:
    return f"s{at}_l = s{at}_r"


def _crosswise(one: int, other: int) -> str:
    return _all(f"c{one}_l = c{other}_r", f"c{other}_l = c{one}_r")


_EQUALS = " + ".join(f"CAST({_same(at)} AS INTEGER)" for at in POSITIONS)
_SAME_LENGTH = "length_l = length_r AND length_l > 1 AND rest_l = rest_r"
#: With absent positions equal (both 0), four equal positions less one are one character that differs.
_ONE_DIFFERS = f"{_SAME_LENGTH} AND {_EQUALS} = 3"


def _one_missing(longer: str, shorter: str) -> str:
    """Taking one character out of the longer name, not its first, gives the shorter one."""
    taken = []
    for out in POSITIONS[1:]:
        kept = [at for at in POSITIONS if at != out]
        pairs = zip(kept, POSITIONS, strict=False)
        taken.append(_all(*(f"c{a}_{longer} = c{b}_{shorter}" for a, b in pairs)))
    return _all(
        f"length_{longer} = length_{shorter} + 1", f"length_{shorter} > 1",
        f"length_{longer} <= {POSITIONS[-1]}", _any(*taken),
    )  # fmt: skip


def _swapped() -> str:
    """Two neighbours stand in each other's place, or the family name stands last."""
    neighbours = []
    for one, other in pairwise(POSITIONS):
        rest = (_same(at) for at in POSITIONS if at not in (one, other))
        neighbours.append(_all(_crosswise(one, other), *rest))
    last = _all("length_l = 3", "c1_l = c3_r", "c2_l = c1_r", "c3_l = c2_r")
    first = _all("length_l = 3", "c1_r = c3_l", "c2_r = c1_l", "c3_r = c2_l")
    return _any(_all(_SAME_LENGTH, _any(*neighbours, last, first)), _other_order())


def _other_order() -> str:
    return _all("latin_l", "latin_r", "words_l = words_r")


def _fits() -> str:
    """One fits the other's pattern; neither engine nor clerk knows better."""
    return _any(
        _all("pattern_r", "NOT pattern_l", "name_l LIKE name_r"),
        _all("pattern_l", "NOT pattern_r", "name_r LIKE name_l"),
        _all("pattern_l", "pattern_r", "name_l = name_r"),
    )


def _cut_short() -> str:
    """A long name (of an ethnic group, a foreigner) of which a form kept only the beginning."""
    long = _all("length_l > 4", "length_r > 4")
    begins = _any("starts_with(plain_l, plain_r)", "starts_with(plain_r, plain_l)")
    latin = _all("latin_l", "latin_r", "jaro_winkler_similarity(plain_l, plain_r) >= 0.92")
    return _any(_all(long, begins), latin)


NAME = Feature(
    "name",
    Text("姓名", "name"),
    "name_l IS NULL OR name_r IS NULL",
    (
        Level(
            "NOT pattern_l AND NOT pattern_r AND name_l = name_r",
            Text("姓名相同", "same name"), 0.85, 5.3e-6, by="name",
        ),
        Level(
            "NOT pattern_l AND NOT pattern_r AND alias_l = alias_r",
            Text("同一姓名的另一写法（间隔号，或阎/闫、傅/付、萧/肖、戴/代一类的姓）",
                 "the same name written otherwise (dots, or surnames such as 阎/闫)"),
            0.005, 2e-7,
        ),
        Level(
            f"shown_l > surname_length_l AND shown_r > surname_length_r AND {_fits()}",
            Text("与遮盖或缺字的姓名相符，且名字中至少一字可见",
                 "fits a masked or incomplete name of which part of the given name can be seen"),
            0.02, 1e-5,
        ),
        Level(
            f"{_SAME_LENGTH} AND {' AND '.join(map(_sounds_same, POSITIONS))}",
            Text("读音相同，用字不同", "sounds the same, written with other characters"),
            0.03, 5e-5, by="sound",
        ),
        Level(
            _swapped(),
            Text("字序或词序不同", "the same characters or words in another order"), 0.005, 5e-6,
        ),
        Level(
            f"{_ONE_DIFFERS} AND {' AND '.join(map(_looks_same, POSITIONS))}",
            Text("有一字形近", "one character looks alike"), 0.01, 5e-6,
        ),
        Level(
            f"{_ONE_DIFFERS} AND length_l > 2",
            Text("有一字不同", "one character differs"), 0.02, 1e-3,
        ),
        Level(
            _any(_one_missing("l", "r"), _one_missing("r", "l")),
            Text("少一字", "one character is missing"), 0.01, 1e-4,
        ),
        Level(
            _cut_short(),
            Text("长姓名开头相同或拼写相近", "a long name with the same beginning or nearly the same spelling"),
            0.005, 1e-6,
        ),
        Level(
            _fits(),
            Text("与只见姓氏的遮盖姓名相符", "fits a masked name that shows the surname alone"),
            0.03, 8e-4, by="surname",
        ),
        Level(
            "surname_l = surname_r",
            Text("只有姓氏相同", "only the surname is the same"), 0.008, 0.025,
        ),
        Level("", Text("姓名不同", "the names differ"), 0.012, 0.973),
    ),
)  # fmt: skip

BIRTH = Feature(
    "birth",
    Text("出生日期", "birth date"),
    "birth_from_l IS NULL OR birth_from_r IS NULL",
    (
        Level("born_l = born_r", Text("出生日期相同", "same day of birth"), 0.85, 4e-5),
        Level(
            "born_l IS NOT NULL AND born_r IS NOT NULL AND (hamming(born_l, born_r) = 1 OR "
            "(left(born_l, 4) = left(born_r, 4) AND substr(born_l, 5, 2) = substr(born_r, 7, 2) "
            "AND substr(born_l, 7, 2) = substr(born_r, 5, 2)))",
            Text("出生日期一位不同或月日颠倒", "one digit of the birth date differs, or day and month are swapped"),
            0.03, 8e-4,
        ),
        Level(
            "(born_l IS NULL OR born_r IS NULL) AND left(month_l, 6) = left(month_r, 6)",
            Text("出生年月相符", "fits the month of birth"), 0.02, 2e-4,
        ),
        Level(
            "(born_l IS NULL OR born_r IS NULL) "
            "AND birth_from_l <= birth_to_r AND birth_from_r <= birth_to_l",
            Text("与出生年份相符", "fits the year of birth"), 0.08, 2e-3,
        ),
        Level(
            "year_l = year_r", Text("只有出生年份相同", "only the year of birth is the same"), 0.01, 0.014,
        ),
        Level("", Text("出生日期不符", "the birth dates contradict each other"), 0.01, 0.983),
    ),
)  # fmt: skip

# `hamming` wants equal lengths, and the engine may look before another condition was asked.
_HEAD = "least(length(head_l), length(head_r))"
_TAIL = "least(length(tail_l), length(tail_r))"
_TAILS = f"right(tail_l, {_TAIL}) = right(tail_r, {_TAIL})"
_HEADS = f"left(head_l, {_HEAD}) = left(head_r, {_HEAD})"

SEX = Feature(
    "sex",
    Text("性别", "sex"),
    # The seventeenth digit says the sex, so a visible tail has told it already; unless the tail fits
    # and the column says the other sex.
    "sex_l IS NULL OR sex_r IS NULL OR (length(tail_l) + length(tail_r) BETWEEN 6 AND 8 "
    f"AND NOT (sex_l <> sex_r AND {_TAILS}))",
    (
        Level("sex_l = sex_r", Text("性别相同", "same sex"), 0.99, 0.5),
        Level("", Text("性别不同", "the sexes differ"), 0.01, 0.5),
    ),
)

HEAD = Feature(
    "head",
    Text("号码前六位（首次登记地）", "the number's first six digits (place of first registration)"),
    "head_l IS NULL OR head_r IS NULL",
    (
        Level(f"{_HEAD} = 6 AND {_HEADS}", Text("前六位相符", "the first six digits agree"), 0.7, 0.02),
        Level(
            f"{_HEAD} BETWEEN 4 AND 5 AND {_HEADS}",
            Text("可见的前四五位相符", "the first four or five digits, as far as visible, agree"), 0.2, 0.02,
        ),
        Level(f"{_HEAD} < 4 AND {_HEADS}", Text("可见的前两三位相符", "the first two or three agree"), 0.08, 0.03),
        Level(
            f"hamming(left(head_l, {_HEAD}), left(head_r, {_HEAD})) = 1",
            Text("前六位中一位不同", "one of the first six digits differs"), 0.01, 0.1,
        ),
        Level("", Text("前几位不符", "the first digits contradict each other"), 0.01, 0.83),
    ),
)  # fmt: skip

TAIL = Feature(
    "tail",
    Text("号码末四位（顺序码和校验码）", "the number's last four digits (order and check)"),
    "tail_l IS NULL OR tail_r IS NULL",
    (
        Level(f"{_TAIL} = 4 AND {_TAILS}", Text("末四位相符", "the last four digits agree"), 0.8, 1e-4),
        Level(
            f"{_TAIL} BETWEEN 2 AND 3 AND {_TAILS}",
            Text("可见的末两三位相符", "the last two or three digits, as far as visible, agree"), 0.1, 1e-3,
        ),
        Level(f"{_TAIL} = 1 AND {_TAILS}", Text("末位相符", "the last digit agrees"), 0.08, 0.01),
        Level(
            f"{_TAIL} = 4 AND hamming(lpad(tail_l, 4, '?'), lpad(tail_r, 4, '?')) = 1",
            Text("末四位中一位不同", "one of the last four digits differs"), 0.01, 3.6e-3,
        ),
        Level("", Text("末几位不符", "the last digits contradict each other"), 0.01, 0.985),
    ),
)  # fmt: skip

PHONE = Feature(
    "phone",
    Text("电话", "telephone"),
    "coalesce(part_l, phone_l) IS NULL OR coalesce(part_r, phone_r) IS NULL",
    (
        Level(_meet("phone"), Text("电话相同", "same telephone number"), 0.5, 1e-6),
        Level(
            _meet("part"),
            Text("与遮盖的电话相符", "fits a masked telephone number"), 0.1, 1e-5,
        ),
        Level("", Text("电话不同", "other telephone numbers"), 0.4, 0.99),
    ),
)  # fmt: skip

ADDRESS = Feature(
    "address",
    Text("地址", "address"),
    "address_l IS NULL OR address_r IS NULL",
    (
        Level(_meet("address"), Text("地址相同", "same address"), 0.4, 1e-6),
        Level(
            _meet("door"),
            Text("去掉省市县乡后地址相同", "the same address, but for province, city, county, township"),
            0.2, 5e-6,
        ),
        Level(_meet("place"), Text("同村、同路或同小区", "same village, road or estate"), 0.15, 1e-3),
        Level("", Text("地址不同", "other addresses"), 0.25, 0.999),
    ),
)  # fmt: skip

REGION = Feature(
    "region",
    Text("地区", "region"),
    # A visible head has told it already.
    "region_l IS NULL OR region_r IS NULL OR coalesce(length(head_r), 0) = 6",
    (
        Level(_meet("region"), Text("同一县（市、区）", "same county"), 0.8, 0.1),
        Level(_meet("city"), Text("同一设区市", "same city"), 0.12, 0.2),
        Level("", Text("不同地区", "other regions"), 0.08, 0.7),
    ),
)
