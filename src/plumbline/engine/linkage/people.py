"""People: those whose full number is known, and rows about somebody without one."""

from __future__ import annotations

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.types.cn.han import COMPOUND
from plumbline.engine.linkage import likeness
from plumbline.engine.linkage.characters import ALIASES, characters
from plumbline.engine.linkage.persons import COUNTY
from plumbline.engine.linkage.scheme import Rule, Scheme

#: In front of the door: province, city, county, township; 小区, 社区 and the like are no districts.
_ADMINISTRATIVE = (
    "^(.{2,7}?(省|自治区))?(.{1,6}?(市|州|盟|地区))?(.{1,6}?[^小社园库片]区|.{1,6}?[县市旗])?"
    "(.{1,8}?(镇|乡|街道|办事处))?"
)
_PLACE = "^(.{1,12}?(村|社区|小区|花园|公寓|新苑|家园|路|街|巷|弄|大道))"
_LATIN = "[A-Z][A-Z .''·-]+"


def prepare(duck: Duck, relation: str, into: str) -> None:
    """Make the columns that `likeness` compares, one row for each of `relation`.

    Args:
        relation: rows with claim, number, name, birth_from, birth_to, sex, phones, regions, addresses,
            and, for the population, key; see `weighing.weigh`.
        into: name of the table that is made.
    """
    _spell(duck, relation, f"{into}_names")
    has_key = any(column == "key" for column, _ in duck.columns(f"SELECT * FROM {relation}"))
    duck.run(f"""
        CREATE OR REPLACE TEMP TABLE {into} AS
        WITH numbers AS (
            SELECT *, nullif(regexp_extract(number, '^[0-9]*'), '') AS before,
                nullif(regexp_extract(number, '[0-9]*[0-9X]$'), '') AS after,
                {_list("addresses", _PLAIN_ADDRESS, "length(x) > 3")} AS all_addresses,
                {_list("all_addresses", _DOOR, "length(x) > 2")} AS in_the_place,
                {_list("in_the_place", "x", "regexp_matches(x, '^.{3,}[0-9]')")} AS all_doors,
                {_list("in_the_place", _AT, "length(x) > 2")} AS all_places,
                {_list("phones", "x", "NOT contains(x, '*') AND length(x) > 6")} AS all_phones,
                {_list("phones", _PHONE_PARTS, "length(x) = 7")} AS all_parts,
                {_list("regions", "x", "length(x) >= 6")} AS all_regions,
                {_list("regions", "left(x, 4)", "length(x) = 4")} AS all_cities
            FROM {relation}
        ), told AS (
            SELECT * EXCLUDE (birth_from, birth_to, sex), {_birth_in_number()} AS day,
                try_strptime(substr(before, 7, 4) || '0101', '%Y%m%d')::DATE AS new_year,
                coalesce(day, birth_from, new_year) AS birth_from,
                coalesce(day, birth_to, birth_from, new_year + INTERVAL 1 YEAR - INTERVAL 1 DAY)::DATE
                    AS birth_to,
                nullif(upper(sex), '') AS sex
            FROM numbers
        )
        SELECT told.claim, {"told.key" if has_key else "NULL::BIGINT"} AS key, spelled.*,
            birth_from, birth_to, sex,
            CASE WHEN birth_from = birth_to THEN strftime(birth_from, '%Y%m%d') END AS born,
            CASE WHEN date_trunc('month', birth_from) = date_trunc('month', birth_to)
                THEN strftime(birth_from, '%Y%m') END AS month,
            CASE WHEN year(birth_from) = year(birth_to) THEN year(birth_from) END AS year,
            CASE WHEN length(before) > 1 THEN left(before, 6) END AS head,
            right(after, 4) AS tail,
            {", ".join(_one_or_several(one, several) for one, several in likeness.SETS.items())}
        FROM told LEFT JOIN {into}_names AS spelled ON spelled.name = told.name""")
    duck.run(f"DROP TABLE {into}_names")


_PLAIN_ADDRESS = "regexp_replace(upper(x), '[\\s,，.。;；、()（）#_—-]', '', 'g')"
_DOOR = f"regexp_replace(x, '{_ADMINISTRATIVE}', '')"
_AT = f"regexp_extract(x, '{_PLACE}', 1)"
_PHONE_PARTS = (
    "CASE WHEN regexp_full_match(x, '[0-9]{3}.*[0-9]{4}') THEN left(x, 3) || right(x, 4) END"
)


def _birth_in_number() -> str:
    """The eight digits of birth where the number shows them, from the front or from behind."""
    digits = (
        "CASE WHEN length(before) >= 14 THEN substr(before, 7, 8) "
        "WHEN length(after) BETWEEN 12 AND 18 THEN left(right(after, 12), 8) END"
    )
    return f"try_strptime({digits}, '%Y%m%d')::DATE"


def _list(column: str, made: str, where: str) -> str:
    """The column's values made anew, without those that say nothing; null instead of an empty list."""
    values = column if made == "x" else f"list_transform({column}, lambda x: {made})"
    return f"nullif(list_sort(list_distinct(list_filter({values}, lambda x: {where}))), [])"


def _one_or_several(one: str, several: str) -> str:
    """A set as the number of its only member, and as a list only where it has several."""
    found = f"all_{several}"
    return (
        f"CASE WHEN {found} IS NOT NULL THEN hash({found}[1]) END AS {one}, "
        f"CASE WHEN len({found}) > 1 THEN list_transform({found}, lambda x: hash(x)) END AS {several}"
    )


def _spell(duck: Duck, relation: str, into: str) -> None:
    """Every name once, taken apart into characters, syllables and looks, all as numbers.

    A name that is a pattern has no length and no characters to be compared one by one.
    """
    duck.register("plumbline_characters", characters())
    compound = ", ".join(map(sql.literal, sorted(COMPOUND)))
    aliases = "".join(f" WHEN {sql.literal(a)} THEN {sql.literal(b)}" for a, b in ALIASES.items())
    at = likeness.POSITIONS
    duck.run(f"""
        CREATE OR REPLACE TEMP TABLE {into} AS
        WITH names AS (
            SELECT DISTINCT name FROM {relation} WHERE name <> ''
        ), cut AS (
            SELECT name, contains(name, '%') OR contains(name, '_') AS pattern,
                replace(name, '·', '') AS plain,
                length(plain) - length(regexp_replace(plain, '[^%_]', '', 'g')) AS shown,
                regexp_full_match(name, '{_LATIN}') AS latin,
                CASE WHEN latin THEN array_to_string(list_sort(regexp_split_to_array(name, '[ ·]+')), ' ')
                END AS words,
                CASE WHEN length(plain) > 2 AND left(plain, 2) IN ({compound}) THEN 2 ELSE 1 END
                    AS surname_length,
                CASE WHEN latin OR left(plain, 1) IN ('_', '%') THEN NULL
                ELSE left(plain, surname_length) END AS surname,
                (CASE surname{aliases} ELSE surname END) || substr(plain, surname_length + 1) AS alias,
                CASE WHEN pattern OR latin THEN 0 ELSE length(plain) END AS length,
                CASE WHEN pattern OR latin THEN '' ELSE substr(plain, {at[-1] + 1}) END AS rest,
                {", ".join(f"CASE WHEN length >= {n} THEN unicode(substr(plain, {n}, 1)) ELSE 0 END AS c{n}" for n in at)}
            FROM names
        )
        SELECT cut.*,
            {", ".join(f"coalesce(t{n}.{'family' if n == 1 else 'reading'}, c{n}) AS p{n}" for n in at)},
            {", ".join(f"coalesce(t{n}.{'reading' if n == 1 else 'other'}, c{n}) AS q{n}" for n in at)},
            {", ".join(f"coalesce(t{n}.look, c{n}) AS s{n}" for n in at)},
            CASE WHEN length BETWEEN 2 AND {at[-1]} THEN concat_ws('.', p1, p2, p3, p4) END AS sound,
            CASE WHEN length > 0 THEN p1 END AS family_sound
        FROM cut
        {" ".join(f"LEFT JOIN plumbline_characters AS t{n} ON t{n}.code = c{n}" for n in at)}""")
    duck.unregister("plumbline_characters")


#: Blocks as large as these arise where a name, a day or a village is very common; who shares no more than
#: that cannot be told apart by it anyway.
PEOPLE = Scheme(
    name="people",
    prepare=prepare,
    weigh=(
        likeness.NAME, likeness.BIRTH, likeness.SEX, likeness.HEAD, likeness.TAIL, likeness.PHONE,
        likeness.ADDRESS, likeness.REGION,
    ),
    find=(
        Rule("name", ("name",), 50),
        Rule("name and year", ("name", "year"), 200),
        Rule("sound", ("sound",), 20),
        Rule("sound and year", ("sound", "year"), 100),
        Rule("name and region", ("name", "x"), 100, each=likeness.members("region")),
        Rule("surname and birth", ("surname", "born"), 200),
        Rule("surname sound and birth", ("family_sound", "born"), 200),
        Rule("birth and last digits", ("born", "tail"), 200),
        Rule("birth and first digits", ("born", "head"), 50),
        Rule("last digits and surname", ("tail", "surname"), 50),
        Rule("last digits, surname and year", ("tail", "surname", "year"), 100),
        Rule("last digits, beginning of the name", ("tail", "c1", "nullif(c2, 0)"), 100),
        Rule("first and last digits, surname", ("head", "tail", "surname"), 50),
        Rule("last digits, surname and region", ("tail", "surname", "x"), 50, each=likeness.members("region")),
        Rule("telephone", ("x",), 50, each=likeness.members("phone")),
        Rule("part of a telephone, surname", ("x", "surname"), 50, each=likeness.members("part")),
        Rule("address, surname", ("x", "surname"), 50, each=likeness.members("door")),
        Rule("place and birth", ("x", "born"), 50, each=likeness.members("place")),
    ),
    learn=(("name",), ("born",)),
    sure=(("name", "born"),),
    sure_share=0.5,  # a birthday is told in two rows of three, and seven of eight are right, as names are
    keep=("key", "name"),
    strangers=COUNTY,
)  # fmt: skip
