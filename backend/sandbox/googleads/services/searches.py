"""GoogleAdsService.Search and SearchStream, and GoogleAdsFieldService: doors to the GAQL executor."""
