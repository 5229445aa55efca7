"""What a hospital is: table contracts, mapping files, calendar, features, baselines, simulator."""
