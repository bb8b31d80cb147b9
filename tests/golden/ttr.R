# Rscript ttr.R BARS OUT: R's TTR on a CSV of open, high, low, close, one row a bar.
# Every estimator over every window, N = 252, and ATR over 14; an empty cell where TTR gives NA.

library(TTR)

paths <- commandArgs(trailingOnly = TRUE)
bars <- read.csv(paths[1])
ohlc <- as.matrix(bars[, c("open", "high", "low", "close")])
windows <- c(5, 10, 21, 42, 63, 126, 252)
estimators <- c(
  close_to_close = "close",
  parkinson = "parkinson",
  garman_klass = "garman.klass",
  garman_klass_yang_zhang = "gk.yz",
  rogers_satchell = "rogers.satchell",
  yang_zhang = "yang.zhang"
)

columns <- list()
for (name in names(estimators)) {
  for (window in windows) {
    # TTR's "close" counts prices: a window of n returns is one of n + 1 of them.
    n <- if (name == "close_to_close") window + 1 else window
    values <- volatility(ohlc, n = n, calc = estimators[[name]], N = 252)
    columns[[sprintf("vol_%s_%dd", name, window)]] <- as.vector(values)
  }
}
columns[["atr_14"]] <- as.vector(ATR(ohlc[, c("high", "low", "close")], n = 14)[, "atr"])

text <- lapply(columns, function(values) ifelse(is.na(values), "", sprintf("%.15g", values)))
write.csv(as.data.frame(text), paths[2], row.names = FALSE, quote = FALSE)
