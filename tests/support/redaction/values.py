"""Random values from a specification such as {hex:32}: the same ones for the same seed."""

import base64
import re
import string
import uuid
from collections.abc import Callable, Iterator, Mapping
from random import Random

_LOWER, _UPPER, _DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALPHABETS: Mapping[str, str] = {
    "alpha": string.ascii_letters,
    "b32": _UPPER + "234567",
    "b32low": _LOWER + "234567",
    "b62": string.ascii_letters + _DIGITS,
    "b64": string.ascii_letters + _DIGITS + "+/",
    "bech": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "dig": _DIGITS,
    "hex": _DIGITS + "abcdef",
    "HEX": _DIGITS + "ABCDEF",
    "int": "123456789",
    "low": _LOWER + _DIGITS,
    "lower": _LOWER,
    "pw": string.ascii_letters + _DIGITS + "!-_.",
    "up": _UPPER + _DIGITS,
    "url": string.ascii_letters + _DIGITS + "-_",
}
_PLAIN_WORDS = """
amber anchor apple basket blue bridge butter candle carbon cedar circle cobalt copper coral cotton crystal desert eagle
ember falcon feather forest garden ginger granite harbor hazel island ivory jasmine juniper lagoon lantern lemon linen
maple marble meadow mirror nectar nickel ocean olive orchid pepper pine planet prairie quartz raven ribbon river saffron
shadow silver spruce stone summit thunder timber topaz tulip valley velvet violet walnut willow winter zephyr
"""
_WORDS = _PLAIN_WORDS.split()
_PART = re.compile(rf"\{{(?:({'|'.join(ALPHABETS)}):(\d+)|(uuid|basic|luhn|ip|word|name|class))\}}")
# The shortest run of a secret's random letters that counts as leaked.
RUN = 4


def seeded(seed: str) -> Random:
    """Return random numbers that are the same for the same seed."""
    return Random(seed)  # noqa: S311


def pieces(specification: str, random: Random) -> Iterator[tuple[str, bool]]:
    """Yield the literals and the random parts of a value, and whether each is random."""
    end = 0
    for part in _PART.finditer(specification):
        if part.start() > end:
            yield specification[end : part.start()], False
        if part[1]:
            yield "".join(random.choices(ALPHABETS[part[1]], k=int(part[2]))), True
        else:
            yield _NAMED[part[3]](random), True
        end = part.end()
    if end < len(specification):
        yield specification[end:], False


def value(specification: str, random: Random) -> str:
    """Return a text with its random parts."""
    return "".join(text for text, _ in pieces(specification, random))


def luhn_digit(digits: str) -> str:
    """Return the digit that makes a number's Luhn sum a multiple of ten."""
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits)))
    return str(-sum(number - 9 if number > 9 else number for number in doubled) % 10)


def _luhn(random: Random) -> str:
    digits = random.choice(("4", "51", "52", "53", "54", "55", "2504", "6011", "35"))
    digits += "".join(random.choices(_DIGITS, k=15 - len(digits)))
    return digits + luhn_digit(digits)


def _basic(random: Random) -> str:
    """Return user:password in base64."""
    user, password = random.choices(_LOWER, k=7), random.choices(ALPHABETS["pw"], k=13)
    return base64.b64encode(f"{''.join(user)}:{''.join(password)}".encode()).decode()


_NAMED: Mapping[str, Callable[[Random], str]] = {
    "uuid": lambda random: str(uuid.UUID(int=random.getrandbits(128), version=4)),
    "basic": _basic,
    "luhn": _luhn,
    "ip": lambda random: f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}",
    "word": lambda random: random.choice(_WORDS),
    "name": lambda random: f"{random.choice(_WORDS)}-{random.choice(_WORDS)}",
    "class": lambda random: f"{random.choice(_WORDS)}{random.choice(_WORDS).title()}".title(),
}
