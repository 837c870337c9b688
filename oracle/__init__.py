"""The oracle node beside the meters: intake, store, log, checkpoints, anchoring and filing."""
