"""Features of shares: equal to R's TTR without events, to their definitions in plain NumPy with events."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chalicelib.market.refinery import refine
from chalicelib.refine import parquet
from chalicelib.refine import volatility as volatility_module
from chalicelib.refine.features import add_features
from chalicelib.schema import WINDOWS
from chalicelib.shares import SHARES
from tests.support import history as plain
from tests.support import market
from tests.unit.test_volatility import random_bars

PRICE_LEVELS = ["preco_abertura", "preco_maximo", "preco_minimo", "preco_fechamento", "fechamento_oficial"]
LEVELS = [*PRICE_LEVELS, "variacao_diaria", "amplitude", "media_movel_3d", "atr_14"]
"""The columns in the unit of the price. After a split they are on another level."""

SCALE_FREE = [column.name for column in SHARES if column.name not in {*LEVELS, "linha"}]

ROWS = 330
EVENTS = [40, 41, 100, 130, 260]
"""The number of sessions of the history with events, and the positions of its events."""


@pytest.fixture(scope="module")
def stocks(shared_data: Path) -> dict[str, pd.DataFrame]:
    return market.stocks(shared_data, 12)


def generated(rows: int = 330, seed: int = 1, level: float = 3000.0) -> pd.DataFrame:
    """Return bars in whole multiples of ten cents, on sessions."""
    bars = random_bars(rows, seed)
    bars = np.maximum(np.rint(bars / bars["close"].iloc[0] * level / 10), 1) * 10
    bars["high"] = bars.max(axis=1)
    bars["low"] = bars.min(axis=1)
    sessions = market.market_sessions()
    return bars.assign(date=sessions[sessions >= pd.Timestamp("2020-01-02")][:rows])


def distributions(rows: int, events: list[int]) -> np.ndarray:
    """Return DISMES: one more from each event on."""
    return 200 + np.isin(np.arange(rows), events).cumsum()


def rows_of(*records: bytes) -> pd.DataFrame:
    file = market.parsed(*records, generated=date(2026, 12, 31))
    result = refine(parquet.to_frame(file.bars), market.market_sessions())
    assert (file.refused.num_rows, len(result.refused)) == (0, 0)
    return result.rows


def assert_close(result: pd.Series, expected: np.ndarray | pd.Series, absolute: float = 0.0) -> None:
    np.testing.assert_allclose(
        result.to_numpy(float), np.asarray(expected, float), rtol=1e-9, atol=absolute, err_msg=str(result.name)
    )


class TestWithoutEvents:
    def test_real_histories_give_the_values_of_ttr(self, stocks: dict[str, pd.DataFrame]):
        rows = rows_of(*(market.history(frame, ticker) for ticker, frame in stocks.items()))
        tickers = dict(list(rows.groupby("ticker")))

        assert tickers.keys() == stocks.keys()
        assert not rows["evento"].any()
        for ticker, frame in stocks.items():
            result = tickers[ticker]
            sides = [frame[side] / 100 for side in ("open", "high", "low", "close")]
            close, before = sides[3], sides[3].shift()
            for name, expected in plain.volatilities(*sides).items():
                # pandas' rolling variance keeps rounding errors of what has left the window.
                assert_close(result[name], expected, absolute=1e-9)
            returns = plain.log(close / before)
            true_range = sides[1].where(sides[1] > before, before) - sides[2].where(sides[2] < before, before)
            assert_close(result["retorno_log"], returns, absolute=1e-12)
            assert_close(result["vol_ewma"], plain.ewma(returns))
            assert_close(result["atr_14"], plain.smoothed(true_range, 13 / 14, 14))
            assert_close(result["drawdown"], close / close.cummax() - 1, absolute=1e-12)
            assert_close(result["media_movel_3d"], close.rolling(3).mean())

    def test_events_that_are_all_false_change_no_bit(self):
        bars = generated()
        prices = {"open": "preco_abertura", "high": "preco_maximo", "low": "preco_minimo", "close": "preco_fechamento"}
        frame = bars.rename(columns={**prices, "date": "data"}).assign(ticker="IBOV", volume_negociado=1)

        without, with_events = add_features(frame), add_features(frame.assign(evento=False))

        # A table with events has no forecasts.
        common = [name for name in without if not str(name).startswith("prev_")]
        pd.testing.assert_frame_equal(with_events[common], without[common], check_exact=True)
        for window in WINDOWS:
            assert with_events[f"noites_{window}"].dropna().unique().tolist() == [window]
            assert with_events[f"noites_{window}"].isna().sum() == window


def nights(prices: pd.DataFrame, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return o and r of each session, NaN on events and on the first."""
    close = prices["close"].to_numpy(float)
    before = np.concatenate([[math.nan], close[:-1]])
    before[events] = math.nan
    return np.log(prices["open"].to_numpy(float) / before), np.log(close / before)


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    return generated(ROWS)


@pytest.fixture(scope="module")
def rows(bars: pd.DataFrame) -> pd.DataFrame:
    return rows_of(market.history(bars, DISMES=distributions(ROWS, EVENTS)))


class TestWithEvents:
    def test_the_events_are_flagged_and_have_no_return(self, rows: pd.DataFrame):
        assert np.flatnonzero(rows["evento"]).tolist() == EVENTS
        assert np.flatnonzero(rows["retorno_log"].isna()).tolist() == [0, *EVENTS]
        for window in WINDOWS:
            for t, count in enumerate(rows[f"noites_{window}"]):
                inside = sum(t - window < event <= t for event in EVENTS)
                assert count is pd.NA if t < window else count == window - inside

    @pytest.mark.parametrize("n", WINDOWS)
    def test_close_to_close_is_that_of_ttr_on_prices_chained_from_the_other_returns(
        self, bars: pd.DataFrame, rows: pd.DataFrame, n: int
    ):
        _, r = nights(bars, np.array(EVENTS))
        for t in range(ROWS):
            result = rows[f"vol_close_to_close_{n}d"].iloc[t]
            remaining = r[max(t - n + 1, 0) : t + 1]
            remaining = remaining[~np.isnan(remaining)]
            if t < n or len(remaining) < max(2, math.ceil(n / 2)):
                assert math.isnan(result)
                continue
            # TTR::volatility(prices, n = V + 1, calc = "close", N = 252): the deviation of the returns of the prices.
            prices = np.exp(np.concatenate([[0], np.cumsum(remaining)]))
            assert result == pytest.approx(math.sqrt(252) * np.std(np.diff(np.log(prices)), ddof=1), rel=1e-9)

    @pytest.mark.parametrize("n", WINDOWS)
    def test_the_estimators_with_the_night_are_their_definitions(self, bars: pd.DataFrame, rows: pd.DataFrame, n: int):
        o, _ = nights(bars, np.array(EVENTS))
        opened, high, low, close = (bars[side].to_numpy(float) for side in ("open", "high", "low", "close"))
        c = np.log(close / opened)
        gk = 0.5 * np.log(high / low) ** 2 - (2 * math.log(2) - 1) * c**2
        rs = np.log(high / close) * np.log(high / opened) + np.log(low / close) * np.log(low / opened)
        k = 0.34 / (1.34 + (n + 1) / (n - 1))
        for t in range(n, ROWS):
            window = slice(t - n + 1, t + 1)
            used = o[window][~np.isnan(o[window])]
            results = [rows[f"vol_{name}_{n}d"].iloc[t] for name in ("garman_klass_yang_zhang", "yang_zhang")]
            if len(used) < max(2, math.ceil(n / 2)):
                assert all(math.isnan(result) for result in results)
                continue
            variances = [
                np.mean(used**2) + np.mean(gk[window]),
                np.var(used, ddof=1) + k * np.var(c[window], ddof=1) + (1 - k) * np.mean(rs[window]),
            ]
            np.testing.assert_allclose(results, np.sqrt(252 * np.array(variances)), rtol=1e-9)

    @pytest.mark.parametrize("name", ["parkinson", "garman_klass", "rogers_satchell"])
    def test_the_estimators_without_the_night_ignore_events(self, bars: pd.DataFrame, rows: pd.DataFrame, name: str):
        without = rows_of(market.history(bars))

        for window in WINDOWS:
            column = f"vol_{name}_{window}d"
            pd.testing.assert_series_equal(rows[column], without[column], check_exact=True)

    def test_what_needs_a_level_is_of_the_chained_index(self, bars: pd.DataFrame, rows: pd.DataFrame):
        opened, high, low, close = (bars[side].to_numpy(float) / 100 for side in ("open", "high", "low", "close"))
        events = np.isin(np.arange(ROWS), EVENTS)
        index = [close[0]]
        for t in range(1, ROWS):
            index.append(index[-1] * math.exp(math.log(close[t] / (opened[t] if events[t] else close[t - 1]))))
        level = close / np.array(index)
        chained = pd.Series(index)
        before = chained.shift().to_numpy()
        ranges = np.where(
            events, (high - low) / level, np.maximum(high / level, before) - np.minimum(low / level, before)
        )
        ranges[0] = math.nan

        assert_close(rows["drawdown"], chained / chained.cummax() - 1, absolute=1e-12)
        assert_close(rows["media_movel_3d"], chained.rolling(3).mean() * level)
        assert_close(rows["atr_14"], plain.smoothed(pd.Series(ranges), 13 / 14, 14) * level)

    def test_ewma_carries_over_events(self, bars: pd.DataFrame, rows: pd.DataFrame):
        _, r = nights(bars, np.array(EVENTS))
        known = r[~np.isnan(r)] ** 2
        daily, seen, expected = math.nan, 0, []
        for t in range(ROWS):
            if not math.isnan(r[t]):
                seen += 1
                if seen == 21:
                    daily = float(np.mean(known[:21]))
                elif seen > 21:
                    daily = 0.94 * daily + 0.06 * r[t] ** 2
            expected.append(math.sqrt(252 * daily))

        assert_close(rows["vol_ewma"], np.array(expected))
        assert rows["vol_ewma"].iloc[40] == rows["vol_ewma"].iloc[39]


def assert_same_bits(result: pd.DataFrame, expected: pd.DataFrame, columns: list[str]) -> None:
    pd.testing.assert_frame_equal(result[columns], expected[columns], check_exact=True)


@pytest.mark.parametrize("at", [1, 5, 39, 252, 329])
def test_a_split_of_10_for_1_equals_the_unsplit_history_without_that_night(at: int):
    bars = generated()
    number = distributions(len(bars), [at])
    split = bars.copy()
    split.loc[at:, ["open", "high", "low", "close"]] /= 10

    result, expected = (rows_of(market.history(frame, DISMES=number)) for frame in (split, bars))

    assert_same_bits(result, expected, SCALE_FREE)
    factor = np.where(np.arange(len(bars)) < at, 1, 10)
    for name in LEVELS:
        np.testing.assert_allclose(result[name] * factor, expected[name], rtol=1e-13)
    assert result["drawdown"].min() > -0.9


@pytest.mark.parametrize("at", [1, 100, 329])
def test_a_change_of_the_quoted_shares_equals_the_history_without_that_night(at: int):
    bars = generated()
    before = np.arange(len(bars)) < at
    quoted = bars.copy()
    quoted.loc[before, ["open", "high", "low", "close"]] *= 1000

    result = rows_of(market.history(quoted, FATCOT=np.where(before, 1000, 1)))
    expected = rows_of(market.history(bars, DISMES=distributions(len(bars), [at])))

    assert np.flatnonzero(result["evento"]).tolist() == [at]
    assert_same_bits(result, expected, [*SCALE_FREE, *LEVELS])


def test_the_real_histories_with_a_split(stocks: dict[str, pd.DataFrame]):
    for ticker, frame in list(stocks.items())[:3]:
        unsplit = frame.copy()
        unsplit[["open", "high", "low", "close"]] *= 10
        split = unsplit.copy()
        split.loc[120:, ["open", "high", "low", "close"]] /= 10
        number = distributions(len(frame), [120])

        result, expected = (rows_of(market.history(each, ticker, DISMES=number)) for each in (split, unsplit))

        assert_same_bits(result, expected, SCALE_FREE)


@pytest.mark.parametrize("block", [7, 300])
def test_no_row_depends_on_another_ticker_or_on_the_size_of_a_block(block: int, monkeypatch: pytest.MonkeyPatch):
    histories = {
        "AAAA3": (generated(200, 1), [3, 150]),
        "BBBB3": (generated(1, 2), []),
        "CCCC3": (generated(330, 3), [1, 2, 3, 4, 200]),
        "DDDD3": (generated(60, 4), []),
    }
    files = {
        ticker: market.history(frame, ticker, DISMES=distributions(len(frame), events))
        for ticker, (frame, events) in histories.items()
    }
    apart = pd.concat([rows_of(body) for body in files.values()], ignore_index=True)
    monkeypatch.setattr(volatility_module, "BLOCK", block)

    together = rows_of(*reversed(files.values()))

    # The line of a record in its file differs, and is no column of the table.
    pd.testing.assert_frame_equal(together, apart, check_exact=True)


@pytest.mark.parametrize("rows", [1, 30, 99, 100, 101, 260])
def test_later_sessions_change_no_earlier_value(rows: int):
    bars, number = generated(), distributions(330, EVENTS)

    whole = rows_of(market.history(bars, DISMES=number))
    part = rows_of(market.history(bars.head(rows), DISMES=number[:rows]))

    pd.testing.assert_frame_equal(part, whole.head(rows), check_exact=True)


def test_equal_prices_between_events_have_no_volatility():
    flat = generated().assign(open=1230, high=1230, low=1230, close=1230)
    flat.loc[100:, ["open", "high", "low", "close"]] = 470

    rows = rows_of(market.history(flat, DISMES=distributions(len(flat), [100])))

    for name in rows.filter(like="vol_").filter(regex=r"_\d+d$"):
        assert set(rows[name].dropna()) <= {0.0}, name
    assert set(rows["drawdown"]) == {0.0}


def test_equal_returns_have_no_variance_around_an_event():
    """The sum of squares and the square of the sum cancel, also in windows with an event."""
    close = np.rint(1e8 * 1.01 ** np.arange(300))
    close[100:] = np.rint(close[100:] / 7)
    steady = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), close)).assign(date=generated(300)["date"])

    rows = rows_of(market.history(steady, DISMES=distributions(300, [100])))

    for window in WINDOWS:
        assert (rows[f"vol_close_to_close_{window}d"].dropna() < 1e-6).all()


@pytest.mark.parametrize(("window", "fewest"), [(5, 3), (10, 5), (21, 11)])
def test_a_window_needs_half_of_its_nights(window: int, fewest: int):
    bars = generated(60)
    events = [*range(30, 60)]

    rows = rows_of(market.history(bars, DISMES=distributions(60, events)))

    last = 29 + window - fewest
    assert rows[f"noites_{window}"].iloc[last] == fewest
    for name in ("close_to_close", "garman_klass_yang_zhang", "yang_zhang"):
        values = rows[f"vol_{name}_{window}d"]
        assert values.iloc[window : last + 1].notna().all()
        assert values.iloc[last + 1 :].isna().all()
    assert rows[f"vol_parkinson_{window}d"].iloc[window:].notna().all()
