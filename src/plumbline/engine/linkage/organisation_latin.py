"""Names of firms in letters: the legal form in one spelling, at the end or at the beginning.

Spaces are not relied on, since the form for comparison has none. So ACME CO., LTD and ACMECO.,LTD are
read alike, at the price that a short form can be taken from a word (MIMOSA as MIMO S.A.): it is then
taken from every spelling of that name.
"""

from __future__ import annotations

import re
import unicodedata

_FORMS = {
    "LTD": "COLTD COMPANYLTD COLIMITED COMPANYLIMITED LTDCO LTD LIMITED LTDBYSHARES LTDSTI "
    "LIMITEDSIRKETI",
    "PVT LTD": "PVTLTD PVTLIMITED PRIVATELIMITED PRIVATELTD PLTD COPVTLTD",
    "PTE LTD": "PTELTD PTELIMITED",
    "PTY LTD": "PTYLTD PTYLIMITED",
    "SDN BHD": "SDNBHD SENDIRIANBERHAD",
    "BHD": "BHD BERHAD",
    "LLC": "LLC LIMITEDLIABILITYCOMPANY LIMITEDLIABILITYCO MAHDUDMASULIYYATLICEMIYYETI "
    "MAHDUDMASULIYYATLICEMIYYATI MMC",
    "LLP": "LLP LIMITEDLIABILITYPARTNERSHIP",
    "INC": "INC INCORPORATED COINC",
    "CORP": "CORP CORPORATION COCORP",
    "PLC": "PLC PUBLICLIMITEDCOMPANY",
    "JSC": "JSC JOINTSTOCKCOMPANY CJSC OJSC PJSC CLOSEDJOINTSTOCKCOMPANY OPENJOINTSTOCKCOMPANY",
    "GMBH": "GMBH GESELLSCHAFTMITBESCHRANKTERHAFTUNG MBH",
    "GMBH CO KG": "GMBHANDCOKG GMBHCOKG",
    "AG": "AKTIENGESELLSCHAFT",
    "SARL": "SARL SARLAU",
    "SAC": "SAC",
    "SAS": "SAS SASU",
    "SRL": "SRL SDERLDECV SRLDECV SDERL",
    "SPA": "SPA",
    "SA DE CV": "SADECV SAPIDECV",
    "SA": "SOCIEDADANONIMA SOCIETEANONYME ANONIMSIRKETI SIRKETI",
    "LTDA": "LTDA LIMITADA LDA EIRELI LTDAME LTDAEPP",
    "EIRL": "EIRL",
    "DOO": "DOO",
    "SP ZOO": "SPZOO",
    "SRO": "SRO",
    "EOOD": "EOOD OOD",
    "KFT": "KFT",
    "TBK": "TBK",
    "CO": "COMPANY",
}
_SHORT = {
    "SA": "SA", "AS": "AS", "AG": "AG", "KG": "KG", "SL": "SL", "BV": "BV", "NV": "NV", "AB": "AB",
    "OY": "OY", "CO": "CO", "AD": "AD", "LP": "LP", "SC": "SC",
}  # fmt: skip
_FORM_OF = {spelling: form for form, spellings in _FORMS.items() for spelling in spellings.split()}
_END = re.compile(f"(.{{2,}}?)({'|'.join(sorted(_FORM_OF, key=len, reverse=True))})")
_SHORT_END = re.compile(f"(.{{4,}})({'|'.join(_SHORT)})")
_BEGIN = {
    "LIMITEDLIABILITYCOMPANY": "LLC", "LLC": "LLC", "OOO": "LLC", "TOO": "LLC", "ZAO": "JSC",
    "OAO": "JSC", "PAO": "JSC", "JSC": "JSC", "CJSC": "JSC", "OJSC": "JSC",
    "JOINTSTOCKCOMPANY": "JSC",
}  # fmt: skip
_WORDS_TOO = ("TOO", "ZAO", "PAO", "PT")  # a word may begin with these
_BEGINNING = re.compile(
    rf"({'|'.join(sorted(_BEGIN.keys() - {*_WORDS_TOO}, key=len, reverse=True))})"
    rf"|({'|'.join(_WORDS_TOO)})(?=\W)"
)
_NOT_PLAIN = re.compile(r"[^0-9A-Z]+")
_BRANCH_OF = re.compile("(.*)BRANCH(?:OFFICE)?OF(?:THE)?(.{3,})")
_BRANCH = re.compile(
    "(.{2,}(?:LIMITED|LTD|LLC|CORPORATION|CORP|INC|COMPANY|GMBH|SA|BANK|GROUP))(.*?)BRANCH(?:OFFICE)?"
)
_SUCURSAL = re.compile("(.{2,}?)(SUCURSAL.*)")
_LETTERS = str.maketrans({"ı": "i", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l", "ß": "ss", "Ə": "E",
                          "ə": "e", "Đ": "D", "đ": "d", "Æ": "AE", "æ": "ae", "&": " AND "})  # fmt: skip


def latin_parts(name: str) -> tuple[str, str, str]:
    """What tells the firm apart, its legal form, and what a branch adds: without spaces and accents."""
    text = _capitals(name)
    form = ""
    if begin := _BEGINNING.match(text.lstrip("\"'“«( ")):
        form = _BEGIN.get(begin[0], begin[0])
        text = text.lstrip("\"'“«( ")[begin.end() :]
    core, branch = _NOT_PLAIN.sub("", text), ""
    if "BRANCH" in core:
        if found := _BRANCH_OF.fullmatch(core):
            branch, core = f"{found[1]}BRANCH", found[2]
        elif found := _BRANCH.fullmatch(core):
            core, branch = found[1], f"{found[2]}BRANCH"
    elif found := _SUCURSAL.fullmatch(core):
        core, branch = found[1], found[2]
    if found := _END.fullmatch(core):
        core, form = found[1], _FORM_OF[found[2]]
    elif not form and (found := _SHORT_END.fullmatch(core)):
        core, form = found[1], _SHORT[found[2]]
    return core or _NOT_PLAIN.sub("", _capitals(name)) or name, form, branch


def _capitals(name: str) -> str:
    if name.isascii():
        return name.replace("&", " AND ").upper()
    plain = unicodedata.normalize("NFKD", name.translate(_LETTERS)).upper()
    return "".join(char for char in plain if not unicodedata.combining(char))
