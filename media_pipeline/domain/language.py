"""Languages as players and people see them: one tag for the many spellings that containers use, names for menus."""

import re
from collections.abc import Sequence

UNKNOWN = "und"


def bcp47(tag: str) -> str:
    """A language tag as BCP 47 has it, the shortest code first: `eng` and `EN` are `en`, `pt_br` is `pt-BR`; "und" for
    what is none. A tag of a container is a user's text, so nothing else passes.

    >>> bcp47("ger"), bcp47("zh-hant-tw"), bcp47("<b>")
    ('de', 'zh-Hant-TW', 'und')
    """
    parts = tag.strip().replace("_", "-").split("-")
    primary = parts[0].lower()
    if not re.fullmatch(r"[a-z]{2,3}", primary) or not all(re.fullmatch(r"[A-Za-z0-9]{2,8}", p) for p in parts[1:]):
        return UNKNOWN
    return "-".join([_SHORTEST.get(primary, primary), *map(_subtag, parts[1:4])])


def primary(tag: str) -> str:
    """The language alone, without script and region."""
    return tag.partition("-")[0]


def _subtag(part: str) -> str:
    if len(part) == 2 and part.isalpha():
        return part.upper()
    return part.title() if len(part) == 4 and part.isalpha() else part.lower()


def language_name(tag: str) -> str:
    """What a player's menu shows: the language in itself where we know it, else its tag."""
    return _NAMES.get(bcp47(tag), tag)


def track_labels(tags: Sequence[str], *, unknown: str) -> list[str]:
    """What a player's menu calls each of several tracks: the language, numbered where that is not enough.

    >>> track_labels(["en", "und", "eng"], unknown="Audio")
    ['English', 'Audio', 'English 2']
    """
    names = [unknown if tag == UNKNOWN else language_name(tag) for tag in tags]
    return [name if names.index(name) == i else f"{name} {names[: i + 1].count(name)}" for i, name in enumerate(names)]


_NAMES = {
    "ar": "العربية", "bg": "Български", "ca": "Català", "cs": "Čeština", "da": "Dansk", "de": "Deutsch",
    "el": "Ελληνικά", "en": "English", "es": "Español", "et": "Eesti", "fa": "فارسی", "fi": "Suomi", "fr": "Français",
    "he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar", "id": "Bahasa Indonesia", "it": "Italiano",
    "ja": "日本語", "ko": "한국어", "lt": "Lietuvių", "lv": "Latviešu", "nl": "Nederlands", "no": "Norsk",
    "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский", "sk": "Slovenčina", "sl": "Slovenščina",
    "sr": "Српски", "sv": "Svenska", "th": "ไทย", "tr": "Türkçe", "uk": "Українська", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip
# ISO 639-2, in both of its spellings where it has two, to ISO 639-1; and codes that were renamed.
_SHORTEST = {
    "afr": "af", "alb": "sq", "sqi": "sq", "amh": "am", "ara": "ar", "arm": "hy", "hye": "hy", "aze": "az",
    "baq": "eu", "eus": "eu", "bel": "be", "ben": "bn", "bos": "bs", "bul": "bg", "bur": "my", "mya": "my",
    "cat": "ca", "chi": "zh", "zho": "zh", "cmn": "zh", "hrv": "hr", "cze": "cs", "ces": "cs", "dan": "da",
    "dut": "nl", "nld": "nl", "eng": "en", "epo": "eo", "est": "et", "fin": "fi", "fre": "fr", "fra": "fr",
    "geo": "ka", "kat": "ka", "ger": "de", "deu": "de", "glg": "gl", "gle": "ga", "gre": "el", "ell": "el",
    "guj": "gu", "heb": "he", "iw": "he", "hin": "hi", "hun": "hu", "ice": "is", "isl": "is", "ind": "id",
    "in": "id", "ita": "it", "jpn": "ja", "jav": "jv", "jw": "jv", "kan": "kn", "kaz": "kk", "khm": "km",
    "kor": "ko", "lao": "lo", "lat": "la", "lav": "lv", "lit": "lt", "mac": "mk", "mkd": "mk", "may": "ms",
    "msa": "ms", "mal": "ml", "mlt": "mt", "mar": "mr", "mon": "mn", "nep": "ne", "nor": "no", "nob": "nb",
    "nno": "nn", "per": "fa", "fas": "fa", "pol": "pl", "por": "pt", "pan": "pa", "rum": "ro", "ron": "ro",
    "mo": "ro", "rus": "ru", "srp": "sr", "scr": "hr", "sin": "si", "slo": "sk", "slk": "sk", "slv": "sl",
    "som": "so", "spa": "es", "swa": "sw", "swe": "sv", "tam": "ta", "tel": "te", "tgl": "tl", "tha": "th",
    "tur": "tr", "ukr": "uk", "urd": "ur", "uzb": "uz", "vie": "vi", "wel": "cy", "cym": "cy", "yid": "yi",
    "zul": "zu",
}  # fmt: skip
