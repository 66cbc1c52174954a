"""The builder of the set `open`: faces morphed from photographs. `build.build` is its one door."""
