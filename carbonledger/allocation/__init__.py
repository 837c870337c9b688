"""Allocation of allowances: from a published rule set and an enterprise's figures to whole tonnes (docs/allocation.md).

powers      1.015^x and e^-x, rounded by proof, never by floating point
rule_set    the plans as canonical JSON, and their form on the chain
facts       what an enterprise reports of its units, parsed once
classes     which class a unit is of, and which units the plan leaves out
unit        the allocation of one unit, step by step
entity      top-ups, gap cap, true-up, claw-back, differentiated release
band        the intensity band of steel, cement and aluminium, and its balance value over a sector
allocate    the whole: a document in, a result out
"""
