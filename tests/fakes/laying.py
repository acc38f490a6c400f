"""How a consumer lays a fresher top of book over the depth it keeps."""

from __future__ import annotations

from bisect import bisect_left

from zombot.domain.orderbook import OrderBook


def lay_top(book: OrderBook, bid: float, bid_quantity: float, ask: float, ask_quantity: float) -> None:
    """Set the best bid and ask: what stands in front of them is gone."""
    prices = book.bid_prices
    while prices and prices[-1] > bid:
        del book.bids[prices.pop()]
    if bid not in book.bids:
        prices.append(bid)
    book.bids[bid] = bid_quantity
    prices = book.ask_prices
    cut = bisect_left(prices, ask)
    for price in prices[:cut]:
        del book.asks[price]
    del prices[:cut]
    if ask not in book.asks:
        prices.insert(0, ask)
    book.asks[ask] = ask_quantity
