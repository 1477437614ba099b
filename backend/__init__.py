"""CampaignWizard: draft, check, publish, report on Google Ads campaigns. docs/architecture.md explains the folders."""
