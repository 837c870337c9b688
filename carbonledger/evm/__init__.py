"""Chain evidence checked offline: headers, state proofs and the seals of the engines that make blocks."""
