"""CampaignWizard: draft, check, publish and report on Google Ads campaigns. The folders are explained in docs/architecture.md."""
