"""The figures of the simulated hospital: records of the simulator's `data/parameters.toml`, and what reads it.

Door: `hospital_parameters.Parameters`, `parameter_file.load_parameters`.
"""
