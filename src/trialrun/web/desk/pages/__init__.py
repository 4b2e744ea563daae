"""The pages of the desk; every module lists its routes in `ROUTES`."""
