"""Certificates as Verifiable Credentials, issued from the records of the chain (docs/credentials.md).

claims      which record is certified, what its certificate says, how long
standing    whether it still stands, by the records alone
issuer      the key, the addresses, and how a certificate or a list is signed
"""
