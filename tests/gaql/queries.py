"""Queries that Google takes: from its documentation and example programs, and in the style of public scripts."""

# ruff: noqa: E501 - one query per line reads better than its pieces

VALID = """
SELECT campaign.id, campaign.name FROM campaign ORDER BY campaign.id
SELECT campaign.id, campaign.name, campaign.status FROM campaign WHERE campaign.status != 'REMOVED' ORDER BY campaign.name
select campaign.id from campaign where campaign.status = ENABLED order by campaign.id desc limit 5
SELECT campaign.id FROM campaign WHERE campaign.missing_eu_political_advertising_declaration = TRUE
SELECT campaign.id, campaign.name, bidding_strategy.id, bidding_strategy.name, segments.device, segments.date, metrics.impressions, metrics.clicks FROM campaign WHERE segments.date DURING LAST_30_DAYS
SELECT campaign.id, campaign.name, segments.device, metrics.clicks FROM campaign WHERE metrics.impressions > 0 AND segments.date DURING LAST_30_DAYS
SELECT campaign.id FROM campaign WHERE campaign.name REGEXP_MATCH "(?i).*test.*"
SELECT campaign.id FROM campaign WHERE campaign.name LIKE '[[]Earth[_]to[_]Mars[]]%'
SELECT campaign.name, campaign.labels FROM campaign WHERE campaign.labels CONTAINS ANY ('customers/1/labels/2', 'customers/1/labels/3')
SELECT campaign.name FROM campaign WHERE campaign.bidding_strategy IS NOT NULL AND campaign.advertising_channel_type IN ('SEARCH', 'DISPLAY')
SELECT campaign.name, metrics.clicks FROM campaign WHERE segments.date BETWEEN '2026-01-01' AND '2026-01-31' PARAMETERS include_drafts=true
SELECT campaign.name, metrics.clicks FROM campaign WHERE segments.date >= '20260101' AND segments.date <= '20260131' PARAMETERS omit_unselected_resource_names = true
SELECT campaign.id, segments.month, metrics.cost_micros FROM campaign WHERE segments.month = '2026-05-01'
SELECT campaign.id, segments.week, metrics.cost_micros FROM campaign WHERE segments.week BETWEEN '2026-05-04' AND '2026-05-25'
SELECT campaign.id, segments.hour, segments.day_of_week, metrics.clicks FROM campaign WHERE segments.date DURING YESTERDAY
SELECT campaign.name, segments.conversion_action_name, metrics.conversions, metrics.all_conversions_value FROM campaign WHERE segments.date DURING LAST_MONTH
SELECT campaign.name, campaign_budget.amount_micros, campaign.optimization_score, metrics.optimization_score_uplift FROM campaign
SELECT campaign.name, metrics.search_impression_share, metrics.search_budget_lost_impression_share FROM campaign WHERE segments.date DURING LAST_7_DAYS AND campaign.advertising_channel_type = 'SEARCH'
SELECT campaign.network_settings.target_google_search, campaign.manual_cpc.enhanced_cpc_enabled, campaign.target_cpa.target_cpa_micros FROM campaign
SELECT ad_group.id, ad_group.name, campaign.id FROM ad_group WHERE campaign.id = 123
SELECT ad_group.id, campaign.id FROM ad_group ORDER BY campaign.name, ad_group.name
SELECT ad_group.id FROM ad_group WHERE campaign.id = '123' AND ad_group.cpc_bid_micros >= 1000000
SELECT ad_group.id, ad_group.status, ad_group_criterion.criterion_id, ad_group_criterion.keyword.text, ad_group_criterion.keyword.match_type FROM ad_group_criterion WHERE ad_group_criterion.type = 'KEYWORD' AND ad_group.status = 'ENABLED' AND ad_group_criterion.status IN ('ENABLED', 'PAUSED')
SELECT ad_group.id, ad_group_criterion.keyword.text FROM ad_group_criterion WHERE ad_group_criterion.negative = true AND campaign.status = 'ENABLED'
SELECT ad_group.id, ad_group_ad.ad.id, ad_group_ad.ad.responsive_search_ad.headlines, ad_group_ad.ad.responsive_search_ad.descriptions, ad_group_ad.status FROM ad_group_ad WHERE ad_group_ad.ad.type = RESPONSIVE_SEARCH_AD AND ad_group_ad.status != "REMOVED"
SELECT ad_group_ad.ad.id, ad_group_ad.ad.type, ad_group_ad.policy_summary.approval_status, ad_group_ad.policy_summary.policy_topic_entries FROM ad_group_ad WHERE campaign.id = 5 AND ad_group_ad.policy_summary.approval_status = DISAPPROVED
SELECT ad_group_ad.ad.final_urls, ad_group_ad.ad.expanded_text_ad.headline_part1, metrics.ctr, metrics.average_cpc FROM ad_group_ad WHERE segments.date DURING THIS_MONTH AND ad_group_ad.ad.type IN ('EXPANDED_TEXT_AD', 'RESPONSIVE_SEARCH_AD') ORDER BY metrics.ctr DESC
SELECT ad_group_ad.ad.responsive_display_ad.marketing_images, ad_group_ad.ad.responsive_display_ad.marketing_images.asset FROM ad_group_ad
SELECT ad_group_ad.ad.video_ad.video.asset, ad_group_ad.ad.image_ad.image_asset.asset FROM ad_group_ad
SELECT ad_group_ad.ad.id, segments.keyword.info.text, metrics.clicks FROM ad_group_ad WHERE segments.date DURING LAST_7_DAYS
SELECT ad_group_ad_asset_view.field_type, ad_group_ad_asset_view.performance_label, ad_group_ad_asset_view.pinned_field, asset.text_asset.text, ad_group_ad.ad.id, metrics.impressions FROM ad_group_ad_asset_view WHERE ad_group_ad_asset_view.enabled = TRUE AND segments.date DURING LAST_30_DAYS
SELECT ad_group_ad_label.label, label.name, ad_group_ad.ad.id FROM ad_group_ad_label
SELECT campaign.id, campaign.name, ad_group.id, ad_group.name, ad_group_criterion.criterion_id, ad_group_criterion.keyword.text, ad_group_criterion.keyword.match_type, metrics.impressions, metrics.clicks, metrics.cost_micros FROM keyword_view WHERE segments.date DURING LAST_7_DAYS AND campaign.advertising_channel_type = 'SEARCH' AND ad_group.status = 'ENABLED' AND ad_group_criterion.status IN ('ENABLED', 'PAUSED') ORDER BY metrics.impressions DESC LIMIT 50
SELECT ad_group_criterion.keyword.text, ad_group_criterion.quality_info.quality_score, metrics.historical_quality_score, segments.date FROM keyword_view WHERE segments.date DURING LAST_14_DAYS
SELECT search_term_view.search_term, search_term_view.status, segments.search_term_match_type, segments.keyword.info.text, segments.keyword.info.match_type, ad_group.name, metrics.clicks, metrics.cost_micros FROM search_term_view WHERE segments.date DURING LAST_30_DAYS AND metrics.clicks > 0 AND search_term_view.status = 'NONE' ORDER BY metrics.cost_micros DESC LIMIT 100
SELECT search_term_view.search_term FROM search_term_view WHERE campaign.id = 3
SELECT campaign_search_term_view.search_term, campaign.name, metrics.impressions FROM campaign_search_term_view WHERE segments.date DURING LAST_7_DAYS
SELECT campaign_search_term_insight.category_label, campaign_search_term_insight.id, metrics.clicks FROM campaign_search_term_insight WHERE segments.date DURING LAST_30_DAYS AND campaign_search_term_insight.campaign_id = 1
SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone, customer.tracking_url_template, customer.auto_tagging_enabled FROM customer LIMIT 1
SELECT customer.id, metrics.cost_micros, segments.date FROM customer WHERE segments.date DURING LAST_7_DAYS
SELECT customer_client.client_customer, customer_client.level, customer_client.manager, customer_client.descriptive_name, customer_client.currency_code, customer_client.time_zone, customer_client.id FROM customer_client WHERE customer_client.level <= 1
SELECT customer_client.id FROM customer_client WHERE customer_client.status = 'ENABLED' AND customer_client.manager = FALSE AND customer_client.hidden = FALSE
SELECT customer_client_link.manager_link_id FROM customer_client_link WHERE customer_client_link.resource_name = "customers/1/customerClientLinks/2~3"
SELECT customer_manager_link.manager_customer, customer_manager_link.status FROM customer_manager_link
SELECT customer_user_access.user_id, customer_user_access.email_address, customer_user_access.access_role, customer_user_access.access_creation_date_time FROM customer_user_access WHERE customer_user_access.email_address LIKE 'someone@example.com'
SELECT customer_user_access_invitation.invitation_id, customer_user_access_invitation.email_address FROM customer_user_access_invitation WHERE customer_user_access_invitation.invitation_status = PENDING
SELECT change_event.resource_name, change_event.change_date_time, change_event.change_resource_name, change_event.user_email, change_event.client_type, change_event.change_resource_type, change_event.old_resource, change_event.new_resource, change_event.resource_change_operation, change_event.changed_fields FROM change_event WHERE change_event.change_date_time <= '2026-11-22' AND change_event.change_date_time >= '2026-11-08' ORDER BY change_event.change_date_time DESC LIMIT 5
SELECT change_event.user_email, campaign.name FROM change_event WHERE change_event.change_date_time DURING LAST_14_DAYS AND change_event.change_resource_type = 'CAMPAIGN' LIMIT 10000
SELECT change_status.resource_name, change_status.last_change_date_time, change_status.resource_type, change_status.campaign, change_status.ad_group, change_status.resource_status, change_status.ad_group_ad, change_status.ad_group_criterion, change_status.campaign_criterion FROM change_status WHERE change_status.last_change_date_time DURING LAST_14_DAYS ORDER BY change_status.last_change_date_time LIMIT 10000
SELECT change_status.resource_type FROM change_status WHERE change_status.last_change_date_time BETWEEN '2026-11-18 10:00:00' AND '2026-11-20 10:00:00.123456' LIMIT 100
SELECT click_view.gclid, click_view.keyword_info.text, campaign.id, ad_group.id, segments.date, segments.click_type FROM click_view WHERE segments.date = '2026-11-01'
SELECT asset.id, asset.name, asset.type, asset.youtube_video_asset.youtube_video_id FROM asset WHERE asset.type IN ('YOUTUBE_VIDEO', 'IMAGE')
SELECT asset.id, asset.image_asset.full_size.url, asset.image_asset.full_size.width_pixels, asset.sitelink_asset.link_text, asset.callout_asset.callout_text FROM asset
SELECT asset_group.id, asset_group.name, asset_group.ad_strength, campaign.name, metrics.conversions_value FROM asset_group WHERE segments.date DURING LAST_30_DAYS AND campaign.status = 'ENABLED'
SELECT asset_group_asset.field_type, asset_group_asset.status, asset.text_asset.text, asset_group.name, campaign.id FROM asset_group_asset WHERE asset_group_asset.asset_group = 'customers/1/assetGroups/2' AND campaign.advertising_channel_type = 'PERFORMANCE_MAX'
SELECT asset_group_signal.search_theme.text, asset_group_signal.audience.audience, asset_group.name FROM asset_group_signal
SELECT asset_group_listing_group_filter.resource_name, asset_group_listing_group_filter.type, asset_group_listing_group_filter.parent_listing_group_filter FROM asset_group_listing_group_filter WHERE asset_group_listing_group_filter.asset_group = 'customers/1/assetGroups/2'
SELECT asset_group_product_group_view.asset_group_listing_group_filter, asset_group.name, metrics.clicks FROM asset_group_product_group_view WHERE segments.date DURING LAST_30_DAYS
SELECT asset_group_top_combination_view.asset_group_top_combinations, asset_group.id FROM asset_group_top_combination_view
SELECT campaign.id, campaign_asset.field_type, campaign_asset.status, asset.sitelink_asset.link_text, metrics.clicks FROM campaign_asset WHERE campaign.id = 7 AND campaign_asset.field_type = 'SITELINK' AND segments.date DURING LAST_7_DAYS
SELECT customer_asset.field_type, customer_asset.asset, asset.name FROM customer_asset WHERE customer_asset.status = 'ENABLED'
SELECT ad_group_asset.ad_group, asset.name, ad_group_asset.field_type FROM ad_group_asset
SELECT asset_field_type_view.field_type, metrics.impressions FROM asset_field_type_view WHERE segments.date DURING LAST_7_DAYS
SELECT asset_set.id, asset_set.type, asset_set_asset.asset FROM asset_set_asset
SELECT campaign_budget.id, campaign_budget.name, campaign_budget.amount_micros, campaign_budget.explicitly_shared FROM campaign_budget WHERE campaign_budget.status = 'ENABLED'
SELECT campaign_budget.amount_micros, campaign.id, campaign.name FROM campaign_budget WHERE campaign.id = 4
SELECT campaign_criterion.campaign, campaign_criterion.criterion_id, campaign_criterion.negative, campaign_criterion.type, campaign_criterion.keyword.text, campaign_criterion.keyword.match_type FROM campaign_criterion WHERE campaign.id = 12 AND campaign_criterion.type IN (KEYWORD, LOCATION)
SELECT campaign_criterion.location.geo_target_constant, campaign_criterion.bid_modifier, campaign_criterion.device.type FROM campaign_criterion WHERE campaign_criterion.status != 'REMOVED'
SELECT campaign.id, campaign.name, label.id, label.name FROM campaign_label WHERE label.id = "123" ORDER BY campaign.id
SELECT ad_group.name, label.name FROM ad_group_label WHERE label.name IN ('A', "B's")
SELECT ad_group_criterion_label.label, ad_group_criterion.keyword.text FROM ad_group_criterion_label
SELECT label.id, label.name, label.text_label.background_color FROM label WHERE label.status = 'ENABLED'
SELECT shared_set.id, shared_set.name, campaign.name FROM campaign_shared_set WHERE campaign.id = 2
SELECT shared_criterion.type, shared_criterion.keyword.text, shared_criterion.keyword.match_type, shared_set.id FROM shared_criterion WHERE shared_set.id IN (1, 2)
SELECT shared_set.member_count, shared_set.type FROM shared_set WHERE shared_set.type = 'NEGATIVE_KEYWORDS'
SELECT customer_negative_criterion.id, customer_negative_criterion.placement.url FROM customer_negative_criterion
SELECT conversion_action.id, conversion_action.name, conversion_action.category, conversion_action.tag_snippets FROM conversion_action WHERE conversion_action.status = 'ENABLED'
SELECT conversion_action.name, metrics.all_conversions, segments.date FROM conversion_action WHERE segments.date DURING LAST_30_DAYS
SELECT customer_conversion_goal.category, customer_conversion_goal.origin, customer_conversion_goal.biddable FROM customer_conversion_goal
SELECT campaign_conversion_goal.category, campaign_conversion_goal.biddable, campaign.id FROM campaign_conversion_goal WHERE campaign.id = 1
SELECT bidding_strategy.id, bidding_strategy.name, bidding_strategy.type, bidding_strategy.target_cpa.target_cpa_micros FROM bidding_strategy WHERE bidding_strategy.type = 'TARGET_CPA'
SELECT accessible_bidding_strategy.id, accessible_bidding_strategy.owner_customer_id FROM accessible_bidding_strategy
SELECT geographic_view.country_criterion_id, geographic_view.location_type, campaign.name, segments.geo_target_city, metrics.clicks FROM geographic_view WHERE geographic_view.location_type = 'LOCATION_OF_PRESENCE' AND segments.date DURING LAST_30_DAYS
SELECT user_location_view.country_criterion_id, user_location_view.targeting_location, segments.geo_target_region, metrics.impressions FROM user_location_view WHERE segments.date DURING LAST_7_DAYS
SELECT location_view.resource_name, campaign_criterion.location.geo_target_constant, campaign.name, metrics.clicks FROM location_view WHERE segments.date DURING LAST_7_DAYS
SELECT geo_target_constant.canonical_name, geo_target_constant.country_code FROM geo_target_constant WHERE geo_target_constant.country_code = 'DE' AND geo_target_constant.target_type = 'City' LIMIT 10
SELECT language_constant.id, language_constant.code FROM language_constant WHERE language_constant.targetable = TRUE
SELECT currency_constant.code, currency_constant.billable_unit_micros FROM currency_constant
SELECT topic_constant.id, topic_constant.path FROM topic_constant
SELECT user_interest.name, user_interest.taxonomy_type FROM user_interest WHERE user_interest.taxonomy_type = 'AFFINITY'
SELECT mobile_app_category_constant.name FROM mobile_app_category_constant
SELECT carrier_constant.name, carrier_constant.country_code FROM carrier_constant
SELECT gender_view.resource_name, ad_group_criterion.gender.type, metrics.clicks FROM gender_view WHERE segments.date DURING LAST_30_DAYS
SELECT ad_group_criterion.age_range.type, campaign.name, metrics.conversions FROM age_range_view WHERE segments.date DURING LAST_30_DAYS
SELECT ad_group_criterion.income_range.type, metrics.clicks FROM income_range_view
SELECT ad_group_criterion.topic.path, metrics.impressions FROM topic_view WHERE segments.date DURING TODAY
SELECT ad_group_audience_view.resource_name, ad_group_criterion.user_list.user_list, metrics.clicks FROM ad_group_audience_view
SELECT campaign_audience_view.resource_name, campaign_criterion.bid_modifier, metrics.impressions FROM campaign_audience_view
SELECT group_placement_view.display_name, group_placement_view.placement_type, group_placement_view.target_url, metrics.impressions FROM group_placement_view WHERE segments.date DURING LAST_30_DAYS
SELECT detail_placement_view.group_placement_target_url, campaign.name, metrics.clicks FROM detail_placement_view WHERE segments.date DURING LAST_30_DAYS
SELECT managed_placement_view.resource_name, ad_group_criterion.placement.url, metrics.clicks FROM managed_placement_view
SELECT performance_max_placement_view.display_name, performance_max_placement_view.placement, metrics.impressions FROM performance_max_placement_view WHERE segments.date DURING LAST_30_DAYS
SELECT landing_page_view.unexpanded_final_url, metrics.clicks, metrics.mobile_friendly_clicks_percentage FROM landing_page_view WHERE segments.date DURING LAST_30_DAYS
SELECT expanded_landing_page_view.expanded_final_url, metrics.clicks FROM expanded_landing_page_view WHERE segments.date DURING LAST_30_DAYS
SELECT campaign.id, ad_group.id, ad_group.status, metrics.impressions, metrics.hotel_average_lead_value_micros, segments.hotel_check_in_day_of_week, segments.hotel_length_of_stay FROM hotel_performance_view WHERE segments.date DURING LAST_7_DAYS AND ad_group.status = 'ENABLED' ORDER BY metrics.impressions DESC LIMIT 50
SELECT segments.product_item_id, segments.product_title, campaign.name, metrics.clicks, metrics.cost_micros FROM shopping_performance_view WHERE segments.date DURING LAST_30_DAYS ORDER BY metrics.clicks DESC
SELECT ad_group_criterion.listing_group.type, metrics.clicks FROM product_group_view
SELECT ad_schedule_view.resource_name, campaign_criterion.ad_schedule.day_of_week, metrics.clicks FROM ad_schedule_view
SELECT ad_group_bid_modifier.criterion_id, ad_group_bid_modifier.bid_modifier, ad_group_bid_modifier.device.type, ad_group.id, campaign.id FROM ad_group_bid_modifier
SELECT ad_group_simulation.type, ad_group_simulation.cpc_bid_point_list.points FROM ad_group_simulation WHERE ad_group_simulation.type = CPC_BID
SELECT recommendation.campaign, recommendation.keyword_recommendation FROM recommendation WHERE recommendation.type = KEYWORD
SELECT recommendation.type, recommendation.impact, recommendation.campaign_budget_recommendation, campaign.name FROM recommendation
SELECT user_list.size_for_display, user_list.size_for_search FROM user_list WHERE user_list.resource_name = 'customers/1/userLists/2'
SELECT offline_user_data_job.id, offline_user_data_job.status, offline_user_data_job.type, offline_user_data_job.failure_reason, offline_user_data_job.customer_match_user_list_metadata.user_list FROM offline_user_data_job LIMIT 1
SELECT offline_conversion_upload_client_summary.client, offline_conversion_upload_client_summary.daily_summaries FROM offline_conversion_upload_client_summary
SELECT remarketing_action.id, remarketing_action.tag_snippets FROM remarketing_action
SELECT custom_audience.id, custom_audience.members, custom_audience.type FROM custom_audience
SELECT audience.id, audience.dimensions FROM audience
SELECT experiment.experiment_id, experiment.status, experiment.type FROM experiment
SELECT experiment_arm.name, experiment_arm.in_design_campaigns, experiment_arm.traffic_split FROM experiment_arm WHERE experiment_arm.experiment = 'customers/1/experiments/2'
SELECT account_budget.status, account_budget.billing_setup, account_budget.approved_spending_limit_micros, account_budget.approved_end_date_time FROM account_budget
SELECT billing_setup.id, billing_setup.status, billing_setup.payments_account_info.payments_account_name FROM billing_setup
SELECT batch_job.id, batch_job.status, batch_job.metadata.operation_count FROM batch_job
SELECT ad_parameter.parameter_index, ad_parameter.insertion_text FROM ad_parameter
SELECT customizer_attribute.name, customer_customizer.value.string_value FROM customer_customizer
SELECT smart_campaign_search_term_view.search_term, metrics.cost_micros FROM smart_campaign_search_term_view WHERE segments.date DURING LAST_30_DAYS AND campaign.id = 1
SELECT video.id, video.title, video.channel_id, metrics.video_trueview_views FROM video WHERE segments.date DURING LAST_30_DAYS
SELECT call_view.call_duration_seconds, call_view.start_call_date_time, campaign.name FROM call_view
SELECT paid_organic_search_term_view.search_term, metrics.organic_clicks, metrics.clicks FROM paid_organic_search_term_view
SELECT dynamic_search_ads_search_term_view.search_term, dynamic_search_ads_search_term_view.landing_page, metrics.clicks FROM dynamic_search_ads_search_term_view
SELECT distance_view.distance_bucket, metrics.clicks FROM distance_view
SELECT local_services_lead.lead_type, local_services_lead.creation_date_time FROM local_services_lead
SELECT lead_form_submission_data.id, lead_form_submission_data.submission_date_time, campaign.name FROM lead_form_submission_data
SELECT campaign.id FROM campaign WHERE campaign.name REGEXP_MATCH '.*(?i)brand.*' AND campaign.name NOT REGEXP_MATCH '\\pL+[[:digit:]]*\\z'
SELECT segments.date FROM customer WHERE segments.date >= '2026-11-01' AND segments.date <= '9999-12-31'
SELECT metrics.clicks FROM customer WHERE segments.date > '0001-01-01' AND segments.date < '9999-12-31'
SELECT segments.month FROM customer WHERE segments.month = '9999-12-01'
SELECT segments.week FROM customer WHERE segments.week = '9999-12-27'
SELECT segments.year FROM customer WHERE segments.year = 9999
SELECT segments.year, metrics.clicks FROM customer WHERE segments.year IN (2025, 2026)
SELECT ad_group_ad_asset_view.policy_summary, ad_group_ad_asset_view.source FROM ad_group_ad_asset_view
SELECT asset_group_listing_group_filter.path, asset_group_listing_group_filter.case_value.product_item_id.value FROM asset_group_listing_group_filter
SELECT ad_group_criterion.listing_group.path, ad_group_criterion.listing_group.type FROM ad_group_criterion WHERE ad_group_criterion.type = LISTING_GROUP
SELECT metrics.historical_quality_score, segments.device, segments.date FROM keyword_view WHERE segments.date DURING LAST_7_DAYS
""".strip().splitlines()
