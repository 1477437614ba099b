"""`GET /api/performance`: any level over any period, in one statement, exact to the micro."""
