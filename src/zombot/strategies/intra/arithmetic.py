"""The arithmetic of spot against perpetual: plain functions of floats, the same live and compiled.

All results are in basis points of the price paid, unless their name says otherwise.
"""

from __future__ import annotations


def entry_spread_bps(buy_ask: float, sell_bid: float) -> float:
    """What buying one leg and selling the other earns now, before any cost."""
    return (sell_bid / buy_ask - 1.0) * 10_000.0


def exit_spread_bps(bought_bid: float, sold_ask: float) -> float:
    """What undoing both legs costs now: the spread that is left to converge.

    An arbitrage that was entered at a spread E and left at X has earned E - X before fees.
    """
    return (sold_ask / bought_bid - 1.0) * 10_000.0


def way_out_bps(spot_bid: float, spot_ask: float, perpetual_bid: float, perpetual_ask: float) -> float:
    """What the way out is expected to cost beyond the mid: half of each bid-ask spread.

    When the mids have come back to fair, the executable exit spread is fair plus this.
    """
    return ((spot_ask / spot_bid - 1.0) + (perpetual_ask / perpetual_bid - 1.0)) * 5_000.0


def net_edge_bps(
    gross_bps: float, fair_bps: float, fees_bps: float, exit_cost_bps: float, funding_bps: float
) -> float:
    """What is left when the spread has come back to fair: gross - fair - fees - way out + funding."""
    return gross_bps - fair_bps - fees_bps - exit_cost_bps + funding_bps


def next_mean(mean: float, value: float, elapsed_ns: int, half_life_ns: int) -> float:
    """A time-weighted moving average of the basis or of the funding rate.

    The exact weight is 1 - 2 ** (-t / half-life); t / (t + half-life / ln 2) is its rational form, within 4 %
    of it up to one half-life, needs no transcendental function and so is the same to the bit everywhere.
    """
    weight = elapsed_ns / (elapsed_ns + half_life_ns * 1.4426950408889634)
    return mean + (value - mean) * weight


def worst_prices(buy_ask: float, sell_bid: float, net_bps: float, minimum_bps: float) -> tuple[float, float]:
    """Limits of both legs that share the room between the edge and its minimum equally.

    Filled at both limits the arbitrage still nets ``minimum_bps``. With S the ratio sell / buy and R the
    room, the share r solves S * (1 - r) / (1 + r) = S - R, that is r = R / (2 * S - R).
    """
    room = max(net_bps - minimum_bps, 0.0) / 10_000.0
    share = room / (2.0 * sell_bid / buy_ask - room)
    return buy_ask * (1.0 + share), sell_bid * (1.0 - share)


def worst_sale(bought: float, sell_bid: float, net_bps: float, minimum_bps: float) -> float:
    """The limit of the selling leg when the other one rests at its price: the whole room is here."""
    room = max(net_bps - minimum_bps, 0.0) / 10_000.0
    return sell_bid - room * bought


def worst_purchase(buy_ask: float, sold: float, net_bps: float, minimum_bps: float) -> float:
    """The limit of the buying leg when the other one rests at its price: the whole room is here.

    With S the ratio sold / ask and R the room, the limit earns S - R: it is sold / (S - R).
    """
    room = max(net_bps - minimum_bps, 0.0) / 10_000.0
    return sold / (sold / buy_ask - room)
