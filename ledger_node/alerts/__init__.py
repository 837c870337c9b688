"""Alerts of a node: evaluated once a day for each member as jobs, kept as rows, told by e-mail.

jobs   day -> member -> letter: each done once, resumable
mail   a letter over SMTP
"""
