"""Loans: a loan's part of a project's reduction, the book of a project, the quarterly disclosure, the portfolio."""
