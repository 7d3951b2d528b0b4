"""AWS's prices for S3 Standard: a small table with its date, for a first estimate of a bucket's cost."""

from dataclasses import dataclass

# AWS's list prices in US dollars without tax, first 50 TB, as public price lists and infracost's output gave them.
AS_OF = "2025-10"
_DAYS_A_MONTH = 30
_GB = 10**9
_FIRST_TIER_GB = 50_000


@dataclass(frozen=True)
class Price:
    """One region."""

    gb_month: float
    thousand_puts: float
    thousand_gets: float


_COMMON = Price(0.023, 0.005, 0.0004)
PRICES = {
    "us-east-1": _COMMON,
    "us-east-2": _COMMON,
    "us-west-2": _COMMON,
    "eu-west-1": _COMMON,
    "eu-central-1": Price(0.0245, 0.0054, 0.00043),
    "ap-northeast-1": Price(0.025, 0.0047, 0.00037),
}


@dataclass(frozen=True)
class Cost:
    """US dollars a month, once Loki deletes lines as fast as they arrive."""

    region: str
    storage: float
    puts: float
    above_first_tier: bool
    """Whether a part of the storage is cheaper than this estimate."""
    as_of: str = AS_OF


def monthly_cost(region: str, stored_bytes: float, puts_a_day: float) -> Cost | None:
    """Estimate the cost in a region; None where the table has no price."""
    price = PRICES.get(region)
    if price is None:
        return None
    puts = puts_a_day * _DAYS_A_MONTH / 1000 * price.thousand_puts
    gigabytes = stored_bytes / _GB
    return Cost(region, gigabytes * price.gb_month, puts, gigabytes > _FIRST_TIER_GB)
