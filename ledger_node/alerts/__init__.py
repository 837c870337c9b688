"""Alerts of a node: evaluated once a day for each member as jobs, kept as rows, told by e-mail.

known  what a node knows of a member on a day: disclosed, and on the chain
jobs   day -> member -> letter: each done once, resumable
mail   a letter over SMTP
"""
