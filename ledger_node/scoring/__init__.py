"""Scores of models: in which order an inspector looks. They come after the codes and touch none.

features   numbers of a judged document: deviations from peers, own history, papers, deadlines
groups     of whom a subject is compared with whom
forest     the model itself, by scikit-learn (optional, `carbonledger[models]`): the only place that imports it
scoring    a quarter's documents to scores with their reasons
quarter    the same from what the assessor's runs kept, and kept beside it

What files codes may not import this package; this package may not import what files codes. An import contract says so.
"""
