"""Trees as the kernel needs them: flat arrays, checked, with what each split's contributions and pairs take.

Door: `forest.grow`, `forest.Forest`, `pair_factors.pair_factors`.
"""
