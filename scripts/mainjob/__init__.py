"""The main job: a year of meter readings all the way to bundles that verify.

It plays every member of a small demonstration consortium, and therefore holds all their keys: a thing no real
installation does. What it runs are the product's own parts, through their own doors.
"""
