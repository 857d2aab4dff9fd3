"""Languages as players and people see them: tags for playlists, names for menus."""

from collections.abc import Sequence

UNKNOWN = "und"


def language_tag(code: str) -> str:
    """The shortest code of a language, as BCP 47 wants it: "en" for "eng". What we do not know stays as it is.

    >>> language_tag("ger"), language_tag("pt-BR"), language_tag("tlh")
    ('de', 'pt-BR', 'tlh')
    """
    return _SHORT.get(code.lower(), code)


def language_name(code: str) -> str:
    """What a player's menu shows: the language in itself where we know it, else its code."""
    return _NAMES.get(language_tag(code), code)


def track_labels(codes: Sequence[str], *, unknown: str) -> list[str]:
    """What a player's menu calls each of several tracks: the language, numbered where that is not enough.

    >>> track_labels(["en", "und", "eng"], unknown="Audio")
    ['English', 'Audio', 'English 2']
    """
    names = [unknown if code == UNKNOWN else language_name(code) for code in codes]
    return [name if names.index(name) == i else f"{name} {names[: i + 1].count(name)}" for i, name in enumerate(names)]


_NAMES = {
    "ar": "العربية", "bg": "Български", "ca": "Català", "cs": "Čeština", "da": "Dansk", "de": "Deutsch",
    "el": "Ελληνικά", "en": "English", "es": "Español", "et": "Eesti", "fa": "فارسی", "fi": "Suomi", "fr": "Français",
    "he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar", "id": "Bahasa Indonesia", "it": "Italiano",
    "ja": "日本語", "ko": "한국어", "lt": "Lietuvių", "lv": "Latviešu", "nl": "Nederlands", "no": "Norsk",
    "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский", "sk": "Slovenčina", "sl": "Slovenščina",
    "sr": "Српски", "sv": "Svenska", "th": "ไทย", "tr": "Türkçe", "uk": "Українська", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip
_SHORT = {
    "ara": "ar", "bul": "bg", "cat": "ca", "ces": "cs", "cze": "cs", "dan": "da", "deu": "de", "ger": "de",
    "ell": "el", "gre": "el", "eng": "en", "spa": "es", "est": "et", "fas": "fa", "per": "fa", "fin": "fi",
    "fra": "fr", "fre": "fr", "heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu", "ind": "id", "ita": "it",
    "jpn": "ja", "kor": "ko", "lit": "lt", "lav": "lv", "nld": "nl", "dut": "nl", "nor": "no", "pol": "pl",
    "por": "pt", "ron": "ro", "rum": "ro", "rus": "ru", "slk": "sk", "slo": "sk", "slv": "sl", "srp": "sr",
    "swe": "sv", "tha": "th", "tur": "tr", "ukr": "uk", "vie": "vi", "zho": "zh", "chi": "zh",
}  # fmt: skip
"""ISO 639-2, as containers spell languages, both for use in terminology and in bibliography"""
