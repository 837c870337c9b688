"""Forecasts of emissions: seasonal naive and Holt-Winters, with intervals and a back-test beside them.

arithmetic   34 decimal digits, half to even: the same digits on every machine
models       the three methods, their residuals and how an error of one step spreads
search       smoothing parameters in hundredths, found the same way by everybody
backtest     rolling origin: error and coverage of what would have been said
forecast     the document's answer: periods, years, quota
"""
