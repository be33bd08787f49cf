"""Personal data, by what columns are called and by what their values look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_NAMES: tuple[tuple[str, str], ...] = (
    (
        "names of people",
        r"(first|last|given|family|sur|full|middle|customer|client|person|contact|borrower|"
        r"applicant|holder)_?name|surname|forename|姓名|客户姓名",
    ),
    ("e-mail addresses", r"e_?mail(_?address)?|邮箱|电子邮件"),
    (
        "phone numbers",
        r"(.*_)?(phone|mobile|telephone|cell_?phone|tel)(_?(no|nr|number))?|手机号?|电话.*|联系电话",
    ),
    ("postal addresses", r"(street|home|postal|mailing|billing)?_?address(_?line_?\d)?|street|地址|.*住址"),
    (
        "national identity numbers",
        r"ssn|social_security.*|national_?id|passport(_?(no|number))?|tax_?id|nino|"
        r"身份证.*|证件号.*",
    ),
    ("card numbers", r"(card|credit_card|pan)_?(no|nr|num|number)|pan|卡号"),
    ("bank account numbers", r"iban|(bank_?)?account_?(no|nr|number)|银行账号|账号"),
    ("dates of birth", r"dob|birth_?(date|day)|date_?of_?birth|出生日期|生日"),
    ("network addresses", r"ip(_?address)?|mac_?address|device_?fingerprint"),
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(\+|00)\d[\d\s().-]{7,16}|\(?\d{2,4}\)?[\s-]\d{3,4}[\s-]?\d{3,4}")
_CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}")
_SSN = re.compile(r"(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
_CHINESE_ID = re.compile(r"\d{17}[\dXx]")
_TAIWAN_ID = re.compile(r"[A-Z][12]\d{8}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"(\d[ -]?){13,19}")
_IP = re.compile(r"(\d{1,3}\.){3}\d{1,3}")


def by_name(word: str) -> str | None:
    """Return what kind of personal data a column of this name (in snake case) holds, or None."""
    return next((what for what, pattern in _NAMES if re.fullmatch(pattern, word)), None)


def by_value(values: Sequence[str]) -> tuple[str, float] | None:
    """Return what kind of personal data most of these values are, and their share, or None."""
    filled = [value.strip() for value in values if value and value.strip()]
    if len(filled) < 3:
        return None
    for what, test, least in _TESTS:
        share = sum(map(test, filled)) / len(filled)
        if share >= least:
            return what, share
    return None


def luhn(number: str) -> bool:
    """Whether the digits pass the check of ISO/IEC 7812-1, as all payment card numbers do."""
    digits = [int(c) for c in number if c.isdigit()]
    doubled = [d * 2 - 9 * (d > 4) for d in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_card(value: str) -> bool:
    digits = re.sub(r"\D", "", value)
    # Card numbers begin with 2 to 6; numbers that merely count up pass the check one time in ten.
    return bool(_CARD.fullmatch(value)) and digits[0] in "23456" and luhn(value)


def _is_iban(value: str) -> bool:
    """Check digits of ISO 13616."""
    text = value.replace(" ", "").upper()
    if not _IBAN.fullmatch(text):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def _is_chinese_id(value: str) -> bool:
    """Check digit of GB 11643."""
    if not _CHINESE_ID.fullmatch(value):
        return False
    total = sum(int(d) * (2 ** (17 - i) % 11) for i, d in enumerate(value[:17]))
    return "10X98765432"[total % 11] == value[-1].upper()


def _is_ip(value: str) -> bool:
    return bool(_IP.fullmatch(value)) and all(int(part) < 256 for part in value.split("."))


_TESTS: tuple[tuple[str, Callable[[str], bool], float], ...] = (
    ("e-mail addresses", lambda v: bool(_EMAIL.fullmatch(v)), 0.5),
    ("national identity numbers", lambda v: bool(_SSN.fullmatch(v) or _TAIWAN_ID.fullmatch(v)), 0.8),
    ("national identity numbers", _is_chinese_id, 0.5),
    ("bank account numbers", _is_iban, 0.5),
    ("card numbers", _is_card, 0.6),
    ("phone numbers", lambda v: bool(_PHONE.fullmatch(v) or _CHINESE_MOBILE.fullmatch(v)), 0.8),
    ("network addresses", _is_ip, 0.8),
)
