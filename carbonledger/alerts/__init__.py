"""Alerts: rules as data, evaluated over what is known of one enterprise on one day. Pure.

rules      the published set: thresholds with their origin, severity, sentences in both languages
snapshot   what is known, parsed once
evaluate   the alerts that hold
"""
