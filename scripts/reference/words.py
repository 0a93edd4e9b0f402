"""What cannot be read off the code: the meaning of each slot. A slot without words is an error."""

from __future__ import annotations

#: Class of the declaration -> slot -> meaning.
SLOTS: dict[str, dict[str, str]] = {
    "DatasetFile": {
        "dataset": "name, equal to the file's stem; models and the command line call it so",
        "title": "for readers (名称)",
        "department": "who delivers it (报送部门)",
        "legal_basis": "the law or agreement under which it may be held (依据)",
        "purpose": "what it is held for (用途)",
        "retention": "how long it is kept (保存期限), from the as-of date of each delivery: `10 years`, `6 months`, "
        "`90 days` or `permanent`; then `plumbline purge` can remove it",
        "delivery": "full list or changes; see below (交付方式)",
        "source": "where the rows are found; see below",
        "key": "the columns that tell one row from another (主键). Without: a row is known by its "
        "place in the delivery, and cannot be corrected or withdrawn",
        "subject": "the column that files are sorted by: the person or organisation most looked up",
        "on": "the date column that says when the row's event took place; it decides which line "
        "and settings were in force, unless a model names another date",
        "columns": "name → column; a name is a plain word other than `select`, `not`, `null`, `true` and `false`. Where it is another word of SQL, such as `order`, models write the fact before it, also in `where`; see below",
        "ignore": "headers that are known and not used. A header that is neither declared nor "
        "ignored stops the load",
        "refuse": "sealed rows, refused at the door; see below (封存)",
        "links": "what a row says of two, for `plumbline warnings --ftm`; see below (联系)",
        "expect": "what normal looks like; see below",
    },
    "Column": {
        "from": "the headers it is delivered under (表头), any of them; width, spaces and line "
        "breaks make no difference",
        "type": "semantic type (语义类型); see below",
        "required": "an empty cell sends the row to quarantine, a missing column stops the load",
        "title": "for readers",
        "of": "names, `person.birth`, `person.sex`, `phone`, `address`, `region`: the column of the "
        "`person.id` or `org.code` whose bearer is described; see below",
        "former": "`person.name`, `org.name`: a former name (曾用名) of that bearer; `person.id`: a "
        "former number (曾用证件号)",
        "empty": "`date`: what an empty cell means. `open`: still running",
        "empty_when": "placeholders that mean nothing, such as `-` or `无`",
        "masked": "`person.id`, `org.code`, `phone`: masked values are delivered and may load",
        "unit": "`money`: the unit of bare numbers, such as 元 or 万元. It is taken from here alone, "
        "never from a header or a guess",
        "currency": "`money`: ISO 4217; a cell in another currency is refused",
        "per": "`money`: the measure that a unit price is for",
        "scale": "`decimal`: how many decimals count; more are refused, never rounded",
        "order": "`date`, `moment`, `person.birth`: how 03/04/2012 is read",
        "serial": "`date`, `moment`, `person.birth`: bare numbers are days of a spreadsheet, counted from this year",
        "values": "`category`: word as delivered → code",
        "personal": "overrides the type's own view of whether values are masked",
    },
    "Delivery": {
        "kind": "`full`: each delivery is the complete list (全量); `changes`: only what is new, "
        "corrected or withdrawn (增量)",
        "every": "how often it is due; for readers",
        "per": "`full`: complete only for the values of this column that occur in it, such as a month",
        "change": "`changes`: how withdrawn rows are marked",
    },
    "Change": {
        "from": "the header of the mark",
        "withdrawn": "the marks that withdraw an earlier row of the same key (撤回); all other rows "
        "add or replace",
    },
    "Source": {
        "inbox": "folder under `inbox/`; without: the dataset's name",
        "sheets": "only these sheets; without: every sheet that has the header",
        "table": "table of a package (OCDS: `tenders`, `bids`, `awards`, `contracts`, `parties`) or "
        "of a database (`schema.table`)",
        "database": "environment variable that holds the connection string",
        "delimiter": "of a text file, where it cannot be told; without: found by itself",
    },
    "Refuse": {
        "column": "the column by which sealed rows are known; it must be delivered",
        "values": "the words that seal a row, as delivered",
        "why": "the law that says so",
    },
    "Link": {
        "as": "a link, contract or sanction of FollowTheMoney, such as `Ownership`",
        "when": "column → the codes with which the row says so, such as `kind: [shareholder]`",
        "with": "FollowTheMoney's property → column; both ends are needed, and are people or organisations, or "
        "`Contract` where the row's own contract is meant",
        "among": "between every two rows that agree in this column, such as a household; other columns are not used",
    },
    "Expect": {
        "rows": "band of the number of rows, such as `900..1200`",
        "filled": "column → least share that is not empty, such as `99%`",
        "range": "column → band of values: numbers (money in the major unit) or dates",
        "quarantined": "band of the share of rows that may go to quarantine, such as `0%..2%`",
    },
}

#: Fields of a batch's manifest.
MANIFEST = {
    "id": "dataset, as-of date and the first eight characters of the hash",
    "dataset": "",
    "number": "1, 2, 3, … of the dataset; 0 while it is held",
    "kind": "`full`, `changes`, or `corrections` that came back from quarantine",
    "status": "`loaded` or `held`",
    "source": "name of the file, or of the database table",
    "sha256": "of what was received",
    "size": "in bytes",
    "as_of": "the day the delivery speaks of (截止日)",
    "received_at": "when it was taken in",
    "declared": "SHA-256 of the declaration it was read by",
    "parts": "each table found: `file`, `sheet`, `headers`, `header_line`, `rows`",
    "rows": "rows below the headers",
    "loaded": "rows that became facts",
    "repeated": "rows that only repeat another of the delivery, word for word",
    "withdrawn": "rows that withdraw an earlier one",
    "refused": "sealed rows; kept nowhere",
    "quarantined": "rows that wait to be corrected",
    "reasons": "why, and how many rows: `column`, `reason` (zh, en), `rows`",
    "notes": "words beside the table, titles and remarks: `part`, `line`, `text`",
    "remarks": "what the reader noticed, such as a wrong extension",
    "ignored": "headers left out by declaration",
    "missing": "columns declared, not required, not delivered",
    "unmatched": "sheets without the header",
    "held": "the expectations that it breaks",
    "accepted": "who let it in and why: `reason`, `by`",
    "quarantine": "its waiting rows: file, relative to the store",
    "received": "the kept copy, relative to the store; null where rows are sealed",
    "corrects": "batch → places (part, line) of the quarantined rows that this one settles",
}

#: Columns of a register.
REGISTER = {
    "key": "made from the model and `one_warning_per`; never changes (编号)",
    "model": "the model that found it",
    "version": "the model's version",
    "fingerprint": "of the model's text",
    "level": "`red`, `yellow`, `blue`; null for questions and candidates",
    "tier": "identity tier, the weakest among its rows",
    "subject": "the first of `one_warning_per`: an identifier as the facts hold it",
    "per": "JSON list: all values of `one_warning_per`",
    "figures": "JSON object: what was calculated, such as a sum",
    "evidence": "JSON list of `{fact, row, digest}`; the first row of a fact is the one the "
    "sentence tells",
    "state": "`open` or `withdrawn`",
    "raised_in": "number of the run that first found it",
    "changed_in": "run in which evidence, level or model last changed",
    "seen_in": "last run that found it: what it is explained and reproduced from",
    "change": "JSON object: what changed then, such as `{added, gone, level_before}`",
}

#: Settings of `plumbline.toml`, and what holds where one is left out.
SETTINGS = {
    "workspace": {
        "name": ("name of the office, on exports", "the folder's name"),
        "country": ("YAML file, relative to the workspace, with regions of your own", "none"),
        "region": ("code of the office's region: its places go before namesakes", "none"),
    },
    "limits": {
        "memory": ("what the database engine may use before it spills to disk", '`"2GB"`'),
        "threads": ("how many cores it may use", "all"),
        "spill": (
            "folder for what does not fit, relative to the workspace",
            "the system's folder for temporary files",
        ),
    },
    "engine": {
        "use": ('`"spark"` to have Spark run the models', '`"duckdb"`'),
        "spark": (
            "where Spark is: a Spark Connect server, `sc://host:15002`",
            '`"local"`: in this process',
        ),
        "store": (
            "where that server finds the store, such as `s3a://bucket/store`",
            "under the same path as this machine",
        ),
    },
    "workbench": {
        "database": ("address of a PostgreSQL database", "`workbench.db` in the workspace"),
        "hosts": ("list of names it is reached by", "this machine alone"),
        "secure": ("true where it is reached by https", "false"),
        "time_zone": ("in which days end and nights begin", '`"Asia/Shanghai"`'),
        "demo": ("true where everybody is invented: each page says so", "false"),
        "second_factor": (
            '`"optional"` in an office on trial',
            "obligatory for everybody with a role",
        ),
        "webhooks": (
            "list of addresses that programs may be told at; below each anything goes",
            "nobody is told",
        ),
        "proxies": ("how many proxies of ours stand before it", "1 with https, else 0"),
        "map": ("GeoJSON file of the counties, relative to the workspace", "tiles"),
        "tiles": (
            "table of region codes: where each county's tile stands",
            "by code, four in a row",
        ),
        "night": ("when deliveries are taken in and collide", '`"01:30"`'),
        "digest": ('of the trail: `"sha256"` or `"sm3"`, never changed later', '`"sha256"`'),
        "anchors": (
            "list of files and peers to which heads of the trail go",
            "a file beside the keys",
        ),
        "peers": (
            "section: offices whose heads are kept here, each with its token",
            "none",
        ),
        "ladders": (
            "section: of a kind of deadline, who hears of it and when",
            "the standard ladder",
        ),
        "seal": ('backups and exports are sealed by `"sm4"` or `"aes"`', "they are not"),
        "seal_key": ("file with the key for it", "`PLUMBLINE_SEAL_KEY`, or `--key-file`"),
        "oidc": ("section: sign in by an office's own accounts (OpenID Connect)", "none"),
    },
}

#: Types that their docstring describes for developers.
TYPES = {
    "date": "The day meant lies from `__from` to `__to`, both included. Where there is no end, both "
    "are 9999-12-31. A time of day is dropped, as it was written: an offset such as Z moves no date.",
    "person.id": "The number in its normal form, and its first 17 digits as an integer to join by "
    "(the last character follows from them).\n\n"
    "A number is valid by length, digits, check character, birth date and province. Its region may "
    "be retired or missing from our lists, as regions are those of the first registration. "
    "Residence permits of Hong Kong, Macau and Taiwan (81, 82, 83) follow the same rules.\n\n"
    "Old numbers of 15 digits do not say their century; they are kept as born in the 1900s. Masked "
    "numbers load where the column declares `masked`; such rows are tied by what else they say ([who is who](../explanation/who-is-who.md)).",
    "person.birth": "Read like a `date`, apart from open ends, and kept as stated even where the "
    "number says otherwise. Masked to the year.",
    "person.sex": "M or F, in words or in the codes of GB/T 2261.1; 0 (unknown) and 9 (not stated) "
    "are stored as null.",
    "phone": "Digits only, the extension after a hyphen. Masked ones load where the column declares "
    "`masked`; whatever hides the digits is stored as `*`.",
    "address": "As written, without the spaces of a table's layout. Masked to the county, or to the "
    "first characters where no county is named.",
    "plate": "Number plates after GA 36, with or without the dot.",
    "text": "Kept as delivered but for white space and invisible characters. Citizen numbers in it "
    "are masked on output.",
}
