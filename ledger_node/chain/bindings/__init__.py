"""Typed bindings of the contracts: calldata, answers, events and errors, generated from the committed ABIs."""
