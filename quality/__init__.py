"""Statistics over many calls: sample sizes, the queue draw, balance, estimates, raters, rule health, error scope.

Pure functions on arrays and frozen values. Nothing here knows a database, a clock or a setting: whoever calls gives
values and gets new ones, so that every number can be computed again from what was logged.
"""
