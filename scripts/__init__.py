"""Programs around the product: set-up, main job, checks, benchmarks."""
