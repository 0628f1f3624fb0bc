-- Schema version 1: the warehouse of the releases before warehouses said their version.
-- Made by the code of commit be11685 with `python -m ltv_platform_tests.warehouse.old_warehouses`.
CREATE SCHEMA raw;
CREATE SCHEMA core;
CREATE SCHEMA marts;

CREATE TABLE raw.built(asset VARCHAR NOT NULL, "day" DATE, seq BIGINT NOT NULL, code_hash VARCHAR NOT NULL, as_of DATE, watermarks VARCHAR);
INSERT INTO raw.built VALUES
('core.customers', '2026-01-01', '11', '5c81a37a0dc66e3a', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.customers', '2026-01-02', '11', '5c81a37a0dc66e3a', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.customers', '2026-01-03', '11', '5c81a37a0dc66e3a', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.transactions', '2026-01-01', '12', '0b77cee778065b4b', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.transactions', '2026-01-02', '12', '0b77cee778065b4b', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.transactions', '2026-01-03', '12', '0b77cee778065b4b', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.interactions', '2026-01-01', '13', 'af837be9a42d46b2', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.interactions', '2026-01-02', '13', 'af837be9a42d46b2', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.interactions', '2026-01-03', '13', 'af837be9a42d46b2', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.sessions', '2026-01-01', '14', '94732dcbb7098312', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.sessions', '2026-01-02', '14', '94732dcbb7098312', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.sessions', '2026-01-03', '14', '94732dcbb7098312', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.conversions', '2026-01-01', '15', 'dca1f296652f5cf1', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.conversions', '2026-01-02', '15', 'dca1f296652f5cf1', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.conversions', '2026-01-03', '15', 'dca1f296652f5cf1', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.campaign_spend', '2026-01-01', '16', '0bc5b5daf9deebca', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.campaign_spend', '2026-01-02', '16', '0bc5b5daf9deebca', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.campaign_spend', '2026-01-03', '16', '0bc5b5daf9deebca', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.waiting_for_rate', '2026-01-01', '17', 'c298177c999e7552', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.waiting_for_rate', '2026-01-02', '17', 'c298177c999e7552', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.waiting_for_rate', '2026-01-03', '17', 'c298177c999e7552', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.waiting_for_customer', '2026-01-01', '18', '4aa9664aa2bf4e0c', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.waiting_for_customer', '2026-01-02', '18', '4aa9664aa2bf4e0c', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('core.waiting_for_customer', '2026-01-03', '18', '4aa9664aa2bf4e0c', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.user_revenue', '2026-01-01', '19', 'c3e7ece86f523909', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.user_revenue', '2026-01-02', '19', 'c3e7ece86f523909', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.user_revenue', '2026-01-03', '19', 'c3e7ece86f523909', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_ltv', '2026-01-01', '20', 'c92aa7ee768b6247', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_ltv', '2026-01-02', '20', 'c92aa7ee768b6247', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_ltv', '2026-01-03', '20', 'c92aa7ee768b6247', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_cohort_curve', '2026-01-01', '21', '42179163cfab258b', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_cohort_curve', '2026-01-02', '21', '42179163cfab258b', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_cohort_curve', '2026-01-03', '21', '42179163cfab258b', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.revenue_reconciliation', '2026-01-01', '22', '99b46630150a0b34', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.revenue_reconciliation', '2026-01-02', '22', '99b46630150a0b34', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.revenue_reconciliation', '2026-01-03', '22', '99b46630150a0b34', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.customer_journeys', '2026-01-01', '23', 'dd4f99dd8ea9bf56', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.customer_journeys', '2026-01-02', '23', 'dd4f99dd8ea9bf56', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.customer_journeys', '2026-01-03', '23', 'dd4f99dd8ea9bf56', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.customer_ltv', NULL, '24', 'eef72a15ea097892', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.customer_cohort_curve', NULL, '25', '0fbbc6d96dc8f6a2', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.customer_retention', NULL, '26', '0ce700686e3b91ec', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.ltv_influencing_factors', NULL, '27', '968d03268feb4da1', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.purchase_histories', NULL, '28', '09f5009c8e72da6b', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.forecast_backtest', NULL, '29', '300914e8ee9ff9e4', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_roas', '2026-01-01', '30', '4a0e563efde0fd02', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_roas', '2026-01-02', '30', '4a0e563efde0fd02', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_roas', '2026-01-03', '30', '4a0e563efde0fd02', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_forecast_backtest', NULL, '31', 'd819ca45abe243b4', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.ihc_attribution', '2026-01-01', '32', '076df064b855fe2e', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.ihc_attribution', '2026-01-02', '32', '076df064b855fe2e', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.ihc_attribution', '2026-01-03', '32', '076df064b855fe2e', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.markov_channels', NULL, '33', 'eeda15e17b08f094', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.ltv_by_cohort', NULL, '34', '422b70b0bcbdfc7d', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.rfm_segments', NULL, '35', '7b61af2848f9301d', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.forecast_models', NULL, '36', '68ebb93a125a8001', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_summary', NULL, '37', '58081f43bd676f36', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.country_roas', NULL, '38', '017388b1d4ed4ea0', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.campaign_ltv_forecast', NULL, '39', '08ad1fc6e0bf5966', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.development_factors', NULL, '40', '404737e6e173fe65', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.attribution_customer_journey', '2026-01-01', '41', '9961cde7a5f8c1c0', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.attribution_customer_journey', '2026-01-02', '41', '9961cde7a5f8c1c0', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.attribution_customer_journey', '2026-01-03', '41', '9961cde7a5f8c1c0', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.attribution', '2026-01-01', '42', '441e6d96225ed3fe', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.attribution', '2026-01-02', '42', '441e6d96225ed3fe', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.attribution', '2026-01-03', '42', '441e6d96225ed3fe', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.rfm_migration', NULL, '43', '61625eb950a00af6', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.purchase_forecasts', NULL, '44', 'ddeb6ed6b5913edf', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.channel_reporting', '2026-01-01', '45', 'f13c8acb3a4732bb', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.channel_reporting', '2026-01-02', '45', 'f13c8acb3a4732bb', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.channel_reporting', '2026-01-03', '45', 'f13c8acb3a4732bb', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.channel_reporting_by_conversion_date', '2026-01-01', '46', '920d7e4b1be29b12', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.channel_reporting_by_conversion_date', '2026-01-02', '46', '920d7e4b1be29b12', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.channel_reporting_by_conversion_date', '2026-01-03', '46', '920d7e4b1be29b12', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.channel_model_comparison', NULL, '47', 'b1302d651769ef5a', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.ltv_forecast', NULL, '48', '89e4c40461d4f657', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('marts.forecast_totals', NULL, '49', '2760f0e211d05ac7', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}'),
('publish.published_snapshot', NULL, '49', '000001-a1ccc54b', '2026-01-03', '{"revenue": "2026-01-03T12:00:00", "cost": "2026-01-01", "conversions": "2026-01-02"}');

CREATE TABLE raw.campaign_costs(campaign_id VARCHAR NOT NULL, date DATE NOT NULL, country VARCHAR, "cost" DECIMAL(18,6) NOT NULL, currency VARCHAR, impressions BIGINT, clicks BIGINT, load_id VARCHAR NOT NULL, source_file VARCHAR NOT NULL, line BIGINT NOT NULL, received_at TIMESTAMP NOT NULL, load_sequence BIGINT NOT NULL, "version" INTEGER NOT NULL);
INSERT INTO raw.campaign_costs VALUES
('c1', '2026-01-01', 'US', '2.000000', NULL, NULL, NULL, '0af986581d8e84b88852d5c8de41c00503dbb1794b60f0cb5cb04c875c247350', 'campaign_costs_7.csv', '2', '2026-01-04 12:00:00', '8', '1');

CREATE TABLE raw.campaigns(campaign_id VARCHAR NOT NULL, campaign_name VARCHAR, media_source VARCHAR, platform VARCHAR, objective VARCHAR, load_id VARCHAR NOT NULL, source_file VARCHAR NOT NULL, line BIGINT NOT NULL, received_at TIMESTAMP NOT NULL, load_sequence BIGINT NOT NULL, "version" INTEGER NOT NULL);
INSERT INTO raw.campaigns VALUES
('c1', 'Search US', NULL, NULL, NULL, 'c7c71602abdd328bdb7f543d14391c67cd5d06f1f4572872026e3380396f2996', 'campaigns_8.csv', '2', '2026-01-04 12:00:00', '9', '1');

CREATE TABLE raw.conversions(conv_id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, conv_date DATE NOT NULL, conv_time TIME NOT NULL, revenue DECIMAL(18,6) NOT NULL, conversion_ts TIMESTAMP NOT NULL, load_id VARCHAR NOT NULL, source_file VARCHAR NOT NULL, line BIGINT NOT NULL, received_at TIMESTAMP NOT NULL, load_sequence BIGINT NOT NULL, "version" INTEGER NOT NULL);
INSERT INTO raw.conversions VALUES
('o1', 'a', '2026-01-02', '10:00:00', '6.000000', '2026-01-02 10:00:00', '86c787a4bae6d18c2c96737442608c494cf3bbc84207b1de95402fc0c225e876', 'conversions_6.csv', '2', '2026-01-04 12:00:00', '7', '1');

CREATE TABLE raw.customer_interactions(interaction_id VARCHAR NOT NULL, customer_id VARCHAR NOT NULL, interaction_date TIMESTAMP NOT NULL, interaction_type VARCHAR NOT NULL, channel VARCHAR, duration_seconds INTEGER, satisfaction_score INTEGER, updated_at TIMESTAMP, load_id VARCHAR NOT NULL, source_file VARCHAR NOT NULL, line BIGINT NOT NULL, received_at TIMESTAMP NOT NULL, load_sequence BIGINT NOT NULL, "version" INTEGER NOT NULL);
INSERT INTO raw.customer_interactions VALUES
('i1', 'a', '2026-01-03 11:00:00', 'login', NULL, NULL, NULL, NULL, '99a35d6a23e99f8685ec7cb02a791568dd95e229dfeb285fea2e134565fa58fd', 'customer_interactions_3.csv', '2', '2026-01-04 12:00:00', '4', '1');

CREATE TABLE raw.customers(customer_id VARCHAR NOT NULL, registration_date TIMESTAMP NOT NULL, country VARCHAR, city VARCHAR, age INTEGER, gender VARCHAR, acquisition_source VARCHAR, segment VARCHAR, is_active BOOLEAN, campaign_id VARCHAR, platform VARCHAR, updated_at TIMESTAMP, load_id VARCHAR NOT NULL, source_file VARCHAR NOT NULL, line BIGINT NOT NULL, received_at TIMESTAMP NOT NULL, load_sequence BIGINT NOT NULL, "version" INTEGER NOT NULL);
INSERT INTO raw.customers VALUES
('a', '2026-01-01 10:00:00', 'US', NULL, NULL, NULL, 'ads', NULL, NULL, 'c1', NULL, NULL, '044e6116ac33bfb1545f5e93974580e11f5784054479e7aa213e70ae83c697db', 'customers_0.csv', '2', '2026-01-04 12:00:00', '1', '1'),
('b', '2026-01-02 10:00:00', 'DE', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '044e6116ac33bfb1545f5e93974580e11f5784054479e7aa213e70ae83c697db', 'customers_0.csv', '3', '2026-01-04 12:00:00', '1', '1');

CREATE TABLE raw.fx_rates(date DATE NOT NULL, currency VARCHAR NOT NULL, rate DECIMAL(18,8) NOT NULL, load_id VARCHAR NOT NULL, source_file VARCHAR NOT NULL, line BIGINT NOT NULL, received_at TIMESTAMP NOT NULL, load_sequence BIGINT NOT NULL, "version" INTEGER NOT NULL);
INSERT INTO raw.fx_rates VALUES
('2026-01-01', 'EUR', '1.10000000', 'b4787396ddae1dd34b598196f2cbdceaa147c1b1151f05856753ca964cd08afb', 'fx_rates_9.csv', '2', '2026-01-04 12:00:00', '10', '1');

CREATE TABLE raw.ihc_answers(journey_key VARCHAR NOT NULL, conv_id VARCHAR NOT NULL, session_id VARCHAR NOT NULL, initializer DOUBLE NOT NULL, holder DOUBLE NOT NULL, closer DOUBLE NOT NULL, ihc DOUBLE NOT NULL, request_id VARCHAR NOT NULL);

CREATE TABLE raw.ihc_rejections(journey_key VARCHAR NOT NULL, conv_id VARCHAR NOT NULL, reason VARCHAR NOT NULL, request_id VARCHAR NOT NULL, rejected_at TIMESTAMP NOT NULL);

CREATE TABLE raw.ihc_requests(request_id VARCHAR NOT NULL, sent_at TIMESTAMP NOT NULL, journeys INTEGER NOT NULL, sessions INTEGER NOT NULL, status VARCHAR NOT NULL, settled_at TIMESTAMP, reason VARCHAR);

CREATE TABLE raw.loads(load_id VARCHAR NOT NULL, table_name VARCHAR NOT NULL, source_file VARCHAR NOT NULL, adapter VARCHAR, rows_in_file BIGINT NOT NULL, rows_skipped BIGINT NOT NULL, rows_received BIGINT NOT NULL, rows_accepted BIGINT NOT NULL, rows_quarantined BIGINT NOT NULL, rows_repeated BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL);
INSERT INTO raw.loads VALUES
('044e6116ac33bfb1545f5e93974580e11f5784054479e7aa213e70ae83c697db', 'customers', 'customers_0.csv', NULL, '3', '0', '3', '2', '1', '0', '2026-01-04 12:00:00'),
('70b9e5f0e5ae29c47675318b3413a2f2eed43e0ad8cebccaa06dd28da8d01ffc', 'transactions', 'transactions_1.csv', NULL, '3', '0', '3', '3', '0', '0', '2026-01-04 12:00:00'),
('0ce4529e486200f638da7100cd61d47711857cd5288d14af79b0a4b44363291f', 'transactions', 'transactions_2.csv', NULL, '2', '0', '2', '1', '1', '0', '2026-01-04 12:00:00'),
('99a35d6a23e99f8685ec7cb02a791568dd95e229dfeb285fea2e134565fa58fd', 'customer_interactions', 'customer_interactions_3.csv', NULL, '1', '0', '1', '1', '0', '0', '2026-01-04 12:00:00'),
('2d0dc24732c5d7bcae45ada4d17d8b4ce7c45aa191f00d2f0b69eaad7245ff3c', 'session_sources', 'session_sources_4.csv', NULL, '2', '0', '2', '2', '0', '0', '2026-01-04 12:00:00'),
('c36a3fd5893159d80c59bf217a3533fe8a932f938d41c7c6b2a6b203d021f6c8', 'session_costs', 'session_costs_5.csv', NULL, '1', '0', '1', '1', '0', '0', '2026-01-04 12:00:00'),
('86c787a4bae6d18c2c96737442608c494cf3bbc84207b1de95402fc0c225e876', 'conversions', 'conversions_6.csv', NULL, '1', '0', '1', '1', '0', '0', '2026-01-04 12:00:00'),
('0af986581d8e84b88852d5c8de41c00503dbb1794b60f0cb5cb04c875c247350', 'campaign_costs', 'campaign_costs_7.csv', NULL, '1', '0', '1', '1', '0', '0', '2026-01-04 12:00:00'),
('c7c71602abdd328bdb7f543d14391c67cd5d06f1f4572872026e3380396f2996', 'campaigns', 'campaigns_8.csv', NULL, '1', '0', '1', '1', '0', '0', '2026-01-04 12:00:00'),
('b4787396ddae1dd34b598196f2cbdceaa147c1b1151f05856753ca964cd08afb', 'fx_rates', 'fx_rates_9.csv', NULL, '1', '0', '1', '1', '0', '0', '2026-01-04 12:00:00');

CREATE TABLE raw.quarantine(table_name VARCHAR NOT NULL, load_id VARCHAR NOT NULL, source_file VARCHAR NOT NULL, line BIGINT NOT NULL, reasons VARCHAR[], raw VARCHAR, adapter VARCHAR, quarantined_at TIMESTAMP NOT NULL, replayed_at TIMESTAMP);
INSERT INTO raw.quarantine VALUES
('customers', '044e6116ac33bfb1545f5e93974580e11f5784054479e7aa213e70ae83c697db', 'customers_0.csv', '4', '[''registration_date: \''2026-13-01 10:00:00\'' is not a timestamp such as 2023-01-15 10:30:00'']', '{"customer_id":"x","registration_date":"2026-13-01 10:00:00","country":"DE","acquisition_source":null,"campaign_id":null}', NULL, '2026-01-04 12:00:00', NULL),
('transactions', '0ce4529e486200f638da7100cd61d47711857cd5288d14af79b0a4b44363291f', 'transactions_2.csv', '3', '[''amount: \''much\'' is not a number'']', '{"transaction_id":"t9","customer_id":"a","transaction_date":"2026-01-02 11:00:00","amount":"much","is_refund":"0"}', NULL, '2026-01-04 12:00:00', NULL);

CREATE TABLE raw.session_costs(session_id VARCHAR NOT NULL, "cost" DECIMAL(18,6), load_id VARCHAR NOT NULL, source_file VARCHAR NOT NULL, line BIGINT NOT NULL, received_at TIMESTAMP NOT NULL, load_sequence BIGINT NOT NULL, "version" INTEGER NOT NULL);
INSERT INTO raw.session_costs VALUES
('s1', '0.250000', 'c36a3fd5893159d80c59bf217a3533fe8a932f938d41c7c6b2a6b203d021f6c8', 'session_costs_5.csv', '2', '2026-01-04 12:00:00', '6', '1');

CREATE TABLE raw.session_sources(session_id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, channel_name VARCHAR NOT NULL, event_date DATE NOT NULL, event_time TIME NOT NULL, holder_engagement BOOLEAN NOT NULL, closer_engagement BOOLEAN NOT NULL, impression_interaction BOOLEAN, session_ts TIMESTAMP NOT NULL, load_id VARCHAR NOT NULL, source_file VARCHAR NOT NULL, line BIGINT NOT NULL, received_at TIMESTAMP NOT NULL, load_sequence BIGINT NOT NULL, "version" INTEGER NOT NULL);
INSERT INTO raw.session_sources VALUES
('s1', 'a', 'Search', '2026-01-01', '09:00:00', 'true', 'false', 'false', '2026-01-01 09:00:00', '2d0dc24732c5d7bcae45ada4d17d8b4ce7c45aa191f00d2f0b69eaad7245ff3c', 'session_sources_4.csv', '2', '2026-01-04 12:00:00', '5', '1'),
('s2', 'a', 'Direct', '2026-01-02', '09:00:00', 'true', 'true', 'false', '2026-01-02 09:00:00', '2d0dc24732c5d7bcae45ada4d17d8b4ce7c45aa191f00d2f0b69eaad7245ff3c', 'session_sources_4.csv', '3', '2026-01-04 12:00:00', '5', '1');

CREATE TABLE raw.touched(seq BIGINT NOT NULL, table_name VARCHAR NOT NULL, "day" DATE);
INSERT INTO raw.touched VALUES
('1', 'customers', '2026-01-02'),
('1', 'customers', '2026-01-01'),
('2', 'transactions', '2026-01-03'),
('3', 'transactions', '2026-01-01'),
('4', 'customer_interactions', '2026-01-03'),
('5', 'session_sources', '2026-01-02'),
('5', 'session_sources', '2026-01-01'),
('6', 'session_costs', '2026-01-01'),
('7', 'conversions', '2026-01-02'),
('8', 'campaign_costs', '2026-01-01'),
('9', 'campaigns', NULL),
('10', 'fx_rates', '2026-01-01'),
('10', 'fx_rates', '2026-01-05'),
('10', 'fx_rates', '2026-01-06'),
('10', 'fx_rates', '2026-01-07'),
('10', 'fx_rates', '2026-01-08'),
('10', 'fx_rates', '2026-01-02'),
('10', 'fx_rates', '2026-01-03'),
('10', 'fx_rates', '2026-01-04'),
('10', 'loads', NULL),
('10', 'days in UTC', NULL);

CREATE TABLE raw.transactions(transaction_id VARCHAR NOT NULL, customer_id VARCHAR NOT NULL, transaction_date TIMESTAMP NOT NULL, amount DECIMAL(18,6) NOT NULL, is_refund BOOLEAN, order_id VARCHAR, product_category VARCHAR, transaction_type VARCHAR, payment_method VARCHAR, currency VARCHAR, updated_at TIMESTAMP, load_id VARCHAR NOT NULL, source_file VARCHAR NOT NULL, line BIGINT NOT NULL, received_at TIMESTAMP NOT NULL, load_sequence BIGINT NOT NULL, "version" INTEGER NOT NULL);
INSERT INTO raw.transactions VALUES
('t1', 'a', '2026-01-01 11:00:00', '5.000000', 'false', NULL, NULL, 'purchase', NULL, NULL, NULL, '70b9e5f0e5ae29c47675318b3413a2f2eed43e0ad8cebccaa06dd28da8d01ffc', 'transactions_1.csv', '2', '2026-01-04 12:00:00', '2', '1'),
('t2', 'b', '2026-01-03 11:00:00', '3.500000', 'false', NULL, NULL, 'purchase', NULL, NULL, NULL, '70b9e5f0e5ae29c47675318b3413a2f2eed43e0ad8cebccaa06dd28da8d01ffc', 'transactions_1.csv', '3', '2026-01-04 12:00:00', '2', '1'),
('t3', 'b', '2026-01-03 12:00:00', '0.500000', 'true', NULL, NULL, 'purchase', NULL, NULL, NULL, '70b9e5f0e5ae29c47675318b3413a2f2eed43e0ad8cebccaa06dd28da8d01ffc', 'transactions_1.csv', '4', '2026-01-04 12:00:00', '2', '1'),
('t1', 'a', '2026-01-01 11:00:00', '6.000000', 'false', NULL, NULL, 'purchase', NULL, NULL, NULL, '0ce4529e486200f638da7100cd61d47711857cd5288d14af79b0a4b44363291f', 'transactions_2.csv', '2', '2026-01-04 12:00:00', '3', '2');

CREATE TABLE core.campaign_spend(campaign_id VARCHAR NOT NULL, date DATE NOT NULL, country VARCHAR, spend DECIMAL(18,6) NOT NULL, impressions BIGINT, clicks BIGINT);
INSERT INTO core.campaign_spend VALUES
('c1', '2026-01-01', 'US', '2.000000', NULL, NULL);

CREATE TABLE core.conversions(conv_id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, event_ts TIMESTAMP NOT NULL, event_date DATE NOT NULL, revenue DECIMAL(18,6) NOT NULL);
INSERT INTO core.conversions VALUES
('o1', 'a', '2026-01-02 10:00:00', '2026-01-02', '6.000000');

CREATE TABLE core.customers(customer_id VARCHAR NOT NULL, install_ts TIMESTAMP NOT NULL, install_date DATE NOT NULL, campaign_id VARCHAR NOT NULL, country VARCHAR NOT NULL, city VARCHAR, age INTEGER, gender VARCHAR, acquisition_source VARCHAR, segment VARCHAR, is_active BOOLEAN, platform VARCHAR);
INSERT INTO core.customers VALUES
('a', '2026-01-01 10:00:00', '2026-01-01', 'c1', 'US', NULL, NULL, NULL, 'ads', NULL, NULL, NULL),
('b', '2026-01-02 10:00:00', '2026-01-02', '(organic)', 'DE', NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE core.interactions(interaction_id VARCHAR NOT NULL, customer_id VARCHAR NOT NULL, event_ts TIMESTAMP NOT NULL, event_date DATE NOT NULL, interaction_type VARCHAR NOT NULL, channel VARCHAR, duration_seconds INTEGER, satisfaction_score INTEGER);
INSERT INTO core.interactions VALUES
('i1', 'a', '2026-01-03 11:00:00', '2026-01-03', 'login', NULL, NULL, NULL);

CREATE TABLE core.sessions(session_id VARCHAR NOT NULL, user_id VARCHAR NOT NULL, channel_name VARCHAR NOT NULL, event_ts TIMESTAMP NOT NULL, event_date DATE NOT NULL, holder_engagement BOOLEAN NOT NULL, closer_engagement BOOLEAN NOT NULL, impression_interaction BOOLEAN NOT NULL, "cost" DECIMAL(18,6) NOT NULL);
INSERT INTO core.sessions VALUES
('s1', 'a', 'Search', '2026-01-01 09:00:00', '2026-01-01', 'true', 'false', 'false', '0.250000'),
('s2', 'a', 'Direct', '2026-01-02 09:00:00', '2026-01-02', 'true', 'true', 'false', '0.000000');

CREATE TABLE core.transactions(transaction_id VARCHAR NOT NULL, customer_id VARCHAR NOT NULL, event_ts TIMESTAMP NOT NULL, event_date DATE NOT NULL, amount DECIMAL(18,6) NOT NULL, is_refund BOOLEAN NOT NULL, order_id VARCHAR, product_category VARCHAR, transaction_type VARCHAR NOT NULL, payment_method VARCHAR, source_amount DECIMAL(18,6) NOT NULL, source_currency VARCHAR NOT NULL);
INSERT INTO core.transactions VALUES
('t2', 'b', '2026-01-03 11:00:00', '2026-01-03', '3.500000', 'false', NULL, NULL, 'purchase', NULL, '3.500000', 'USD'),
('t3', 'b', '2026-01-03 12:00:00', '2026-01-03', '0.500000', 'true', NULL, NULL, 'purchase', NULL, '0.500000', 'USD'),
('t1', 'a', '2026-01-01 11:00:00', '2026-01-01', '6.000000', 'false', NULL, NULL, 'purchase', NULL, '6.000000', 'USD');

CREATE TABLE core.waiting_for_customer(table_name VARCHAR NOT NULL, event_date DATE NOT NULL, customer_id VARCHAR NOT NULL, waiting_rows BIGINT NOT NULL, gross_amount DECIMAL(18,6), refund_amount DECIMAL(18,6));

CREATE TABLE core.waiting_for_rate(table_name VARCHAR NOT NULL, event_date DATE NOT NULL, currency VARCHAR NOT NULL, waiting_rows BIGINT NOT NULL, gross_amount DECIMAL(18,6) NOT NULL, refund_amount DECIMAL(18,6) NOT NULL);

CREATE TABLE marts.attribution(model VARCHAR NOT NULL, conv_id VARCHAR NOT NULL, session_id VARCHAR, conversion_date DATE NOT NULL, session_date DATE NOT NULL, channel_name VARCHAR NOT NULL, credit DECIMAL(18,12) NOT NULL, revenue DECIMAL(18,6) NOT NULL, engine VARCHAR NOT NULL, params_hash VARCHAR NOT NULL, "position" INTEGER);
INSERT INTO marts.attribution VALUES
('first', 'o1', 's1', '2026-01-02', '2026-01-01', 'Search', '1.000000000000', '6.000000', 'sql', '2f9cef325f637892', '1'),
('last', 'o1', 's2', '2026-01-02', '2026-01-02', 'Direct', '1.000000000000', '6.000000', 'sql', '590bb3175ca17776', '2'),
('last_non_direct', 'o1', 's1', '2026-01-02', '2026-01-01', 'Search', '1.000000000000', '6.000000', 'sql', '89a640d3811cc6ff', '1'),
('linear', 'o1', 's1', '2026-01-02', '2026-01-01', 'Search', '0.500000000000', '3.000000', 'sql', '1894d3c1ae27aa25', '1'),
('linear', 'o1', 's2', '2026-01-02', '2026-01-02', 'Direct', '0.500000000000', '3.000000', 'sql', '1894d3c1ae27aa25', '2'),
('position', 'o1', 's1', '2026-01-02', '2026-01-01', 'Search', '0.500000000000', '3.000000', 'sql', '9618b8dd9bf657bf', '1'),
('position', 'o1', 's2', '2026-01-02', '2026-01-02', 'Direct', '0.500000000000', '3.000000', 'sql', '9618b8dd9bf657bf', '2'),
('time_decay', 'o1', 's1', '2026-01-02', '2026-01-01', 'Search', '0.475264951182', '2.851589', 'sql', 'a5894ae8b713c87d', '1'),
('time_decay', 'o1', 's2', '2026-01-02', '2026-01-02', 'Direct', '0.524735048818', '3.148411', 'sql', 'a5894ae8b713c87d', '2'),
('shapley', 'o1', 's1', '2026-01-02', '2026-01-01', 'Search', '0.500000000000', '3.000000', 'sql', 'c122070b9b5a5545', '1'),
('shapley', 'o1', 's2', '2026-01-02', '2026-01-02', 'Direct', '0.500000000000', '3.000000', 'sql', 'c122070b9b5a5545', '2'),
('ihc', 'o1', 's1', '2026-01-02', '2026-01-01', 'Search', '0.500000000000', '3.000000', 'local', '69043a16129e508b', '1'),
('ihc', 'o1', 's2', '2026-01-02', '2026-01-02', 'Direct', '0.500000000000', '3.000000', 'local', '69043a16129e508b', '2');

CREATE TABLE marts.attribution_customer_journey(conv_id VARCHAR NOT NULL, session_id VARCHAR NOT NULL, conversion_date DATE NOT NULL, ihc DECIMAL(18,12) NOT NULL);
INSERT INTO marts.attribution_customer_journey VALUES
('o1', 's1', '2026-01-02', '0.500000000000'),
('o1', 's2', '2026-01-02', '0.500000000000');

CREATE TABLE marts.campaign_cohort_curve(age_date DATE NOT NULL, install_date DATE NOT NULL, campaign_id VARCHAR NOT NULL, age_day INTEGER NOT NULL, installs BIGINT, spend DECIMAL(18,6), revenue DECIMAL(18,6) NOT NULL, refunds DECIMAL(18,6) NOT NULL, transactions BIGINT NOT NULL, payers BIGINT NOT NULL);
INSERT INTO marts.campaign_cohort_curve VALUES
('2026-01-01', '2026-01-01', 'c1', '0', '1', '2.000000', '6.000000', '0.000000', '1', '1'),
('2026-01-02', '2026-01-02', '(organic)', '0', '1', NULL, '0.000000', '0.000000', '0', '0'),
('2026-01-03', '2026-01-02', '(organic)', '1', NULL, NULL, '3.000000', '0.500000', '1', '1');

CREATE TABLE marts.campaign_forecast_backtest(backtest VARCHAR NOT NULL, campaign_id VARCHAR NOT NULL, start_age_days INTEGER NOT NULL, horizon_days INTEGER NOT NULL, cohorts BIGINT NOT NULL, actual_revenue DECIMAL(18,6) NOT NULL, predicted_revenue DECIMAL(18,6) NOT NULL, bias DOUBLE, mae DOUBLE NOT NULL, rmse DOUBLE NOT NULL, mape DOUBLE, r DOUBLE, interval_coverage DOUBLE NOT NULL, baseline_bias DOUBLE, baseline_mae DOUBLE NOT NULL, baseline_rmse DOUBLE NOT NULL, baseline_mape DOUBLE);

CREATE TABLE marts.campaign_ltv(install_date DATE NOT NULL, campaign_id VARCHAR NOT NULL, country VARCHAR NOT NULL, installs BIGINT NOT NULL, payers_d1 BIGINT NOT NULL, revenue_d1 DECIMAL(18,6) NOT NULL, refunds_d1 DECIMAL(18,6) NOT NULL, retained_d1 BIGINT NOT NULL, payers_d7 BIGINT NOT NULL, revenue_d7 DECIMAL(18,6) NOT NULL, refunds_d7 DECIMAL(18,6) NOT NULL, retained_d7 BIGINT NOT NULL, revenue_to_date DECIMAL(18,6) NOT NULL);
INSERT INTO marts.campaign_ltv VALUES
('2026-01-01', 'c1', 'US', '1', '1', '6.000000', '0.000000', '0', '1', '6.000000', '0.000000', '0', '6.000000'),
('2026-01-02', '(organic)', 'DE', '1', '0', '0.000000', '0.000000', '1', '1', '3.000000', '0.500000', '0', '3.000000');

CREATE TABLE marts.campaign_ltv_forecast(campaign_id VARCHAR NOT NULL, install_week DATE NOT NULL, horizon_days INTEGER NOT NULL, installs BIGINT NOT NULL, payers BIGINT NOT NULL, known_age_days INTEGER NOT NULL, spend DECIMAL(18,6), cost_complete BOOLEAN NOT NULL, state VARCHAR NOT NULL, "method" VARCHAR, status VARCHAR NOT NULL, observed_revenue DECIMAL(18,6) NOT NULL, predicted_revenue DECIMAL(18,6), predicted_revenue_lower DECIMAL(18,6), predicted_revenue_upper DECIMAL(18,6), predicted_ltv_per_user DOUBLE, predicted_roas DOUBLE, predicted_roas_lower DOUBLE, predicted_roas_upper DOUBLE, predicted_payback_day INTEGER, interval_cohorts BIGINT NOT NULL);
INSERT INTO marts.campaign_ltv_forecast VALUES
('(organic)', '2025-12-29', '7', '1', '0', '0', NULL, 'false', 'predicted', NULL, 'too_few_mature_cohorts', '0.000000', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '0'),
('c1', '2025-12-29', '7', '1', '1', '1', '2.000000', 'false', 'partial', NULL, 'too_few_mature_cohorts', '6.000000', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '0');

CREATE TABLE marts.campaign_roas(install_date DATE NOT NULL, campaign_id VARCHAR NOT NULL, country VARCHAR NOT NULL, installs BIGINT NOT NULL, spend DECIMAL(18,6), revenue_d1 DECIMAL(18,6) NOT NULL, revenue_d7 DECIMAL(18,6) NOT NULL, revenue_to_date DECIMAL(18,6) NOT NULL);
INSERT INTO marts.campaign_roas VALUES
('2026-01-01', 'c1', 'US', '1', '2.000000', '6.000000', '6.000000', '6.000000'),
('2026-01-02', '(organic)', 'DE', '1', NULL, '0.000000', '3.000000', '3.000000');

CREATE TABLE marts.campaign_summary(campaign_id VARCHAR NOT NULL, campaign_name VARCHAR, media_source VARCHAR, platform VARCHAR, objective VARCHAR, first_install_date DATE NOT NULL, last_install_date DATE NOT NULL, installs BIGINT NOT NULL, cohort_cost DECIMAL(18,6), cpi DOUBLE, revenue_to_date DECIMAL(18,6) NOT NULL, roas_to_date DOUBLE, installs_d1 BIGINT, payers_d1 BIGINT, total_revenue_d1 DECIMAL(18,6), ltv_d1_per_user DOUBLE, total_cost_d1 DECIMAL(18,6), roas_d1 DOUBLE, cohort_cost_d1 DECIMAL(18,6), cohort_roas_d1 DOUBLE, installs_d7 BIGINT, payers_d7 BIGINT, total_revenue_d7 DECIMAL(18,6), ltv_d7_per_user DOUBLE, total_cost_d7 DECIMAL(18,6), roas_d7 DOUBLE, cohort_cost_d7 DECIMAL(18,6), cohort_roas_d7 DOUBLE, payback_day INTEGER, payback_spend_share DOUBLE);
INSERT INTO marts.campaign_summary VALUES
('c1', 'Search US', NULL, NULL, NULL, '2026-01-01', '2026-01-01', '1', '2.000000', '2.0', '6.000000', '3.0', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
('(organic)', NULL, NULL, NULL, NULL, '2026-01-02', '2026-01-02', '1', NULL, NULL, '3.000000', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE marts.channel_model_comparison(model VARCHAR NOT NULL, channel_name VARCHAR NOT NULL, date DATE NOT NULL, "cost" DECIMAL(18,6) NOT NULL, credit DECIMAL(18,12) NOT NULL, credited_revenue DECIMAL(18,6) NOT NULL, cpo DOUBLE, roas DOUBLE, disagreement DOUBLE, complete BOOLEAN NOT NULL);
INSERT INTO marts.channel_model_comparison VALUES
('first', 'Direct', '2026-01-02', '0.000000', '0.000000000000', '0.000000', NULL, NULL, '2.2361720438325885', 'false'),
('time_decay', 'Direct', '2026-01-02', '0.000000', '0.524735048818', '3.148411', '0.0', NULL, '2.2361720438325885', 'false'),
('ihc', 'Direct', '2026-01-02', '0.000000', '0.500000000000', '3.000000', '0.0', NULL, '2.2361720438325885', 'false'),
('markov_path', 'Direct', '2026-01-02', '0.000000', '0.500000000000', '3.000000', '0.0', NULL, '2.2361720438325885', 'false'),
('last', 'Direct', '2026-01-02', '0.000000', '1.000000000000', '6.000000', '0.0', NULL, '2.2361720438325885', 'false'),
('position', 'Direct', '2026-01-02', '0.000000', '0.500000000000', '3.000000', '0.0', NULL, '2.2361720438325885', 'false'),
('last_non_direct', 'Direct', '2026-01-02', '0.000000', '0.000000000000', '0.000000', NULL, NULL, '2.2361720438325885', 'false'),
('linear', 'Direct', '2026-01-02', '0.000000', '0.500000000000', '3.000000', '0.0', NULL, '2.2361720438325885', 'false'),
('shapley', 'Direct', '2026-01-02', '0.000000', '0.500000000000', '3.000000', '0.0', NULL, '2.2361720438325885', 'false'),
('first', 'Search', '2026-01-01', '0.250000', '1.000000000000', '6.000000', '0.25', '24.0', '1.8089488878098485', 'false'),
('time_decay', 'Search', '2026-01-01', '0.250000', '0.475264951182', '2.851589', '0.5260223784191145', '11.406356', '1.8089488878098485', 'false'),
('ihc', 'Search', '2026-01-01', '0.250000', '0.500000000000', '3.000000', '0.5', '12.0', '1.8089488878098485', 'false'),
('markov_path', 'Search', '2026-01-01', '0.250000', '0.500000000000', '3.000000', '0.5', '12.0', '1.8089488878098485', 'false'),
('last', 'Search', '2026-01-01', '0.250000', '0.000000000000', '0.000000', NULL, '0.0', '1.8089488878098485', 'false'),
('position', 'Search', '2026-01-01', '0.250000', '0.500000000000', '3.000000', '0.5', '12.0', '1.8089488878098485', 'false'),
('last_non_direct', 'Search', '2026-01-01', '0.250000', '1.000000000000', '6.000000', '0.25', '24.0', '1.8089488878098485', 'false'),
('linear', 'Search', '2026-01-01', '0.250000', '0.500000000000', '3.000000', '0.5', '12.0', '1.8089488878098485', 'false'),
('shapley', 'Search', '2026-01-01', '0.250000', '0.500000000000', '3.000000', '0.5', '12.0', '1.8089488878098485', 'false');

CREATE TABLE marts.channel_reporting(channel_name VARCHAR NOT NULL, date DATE NOT NULL, "cost" DECIMAL(18,6) NOT NULL, ihc DECIMAL(18,12) NOT NULL, ihc_revenue DECIMAL(18,6) NOT NULL, conversions_known BOOLEAN NOT NULL);
INSERT INTO marts.channel_reporting VALUES
('Search', '2026-01-01', '0.250000', '0.500000000000', '3.000000', 'false'),
('Direct', '2026-01-02', '0.000000', '0.500000000000', '3.000000', 'true');

CREATE TABLE marts.channel_reporting_by_conversion_date(channel_name VARCHAR NOT NULL, date DATE NOT NULL, "cost" DECIMAL(18,6) NOT NULL, ihc DECIMAL(18,12) NOT NULL, ihc_revenue DECIMAL(18,6) NOT NULL);
INSERT INTO marts.channel_reporting_by_conversion_date VALUES
('Search', '2026-01-02', '0.000000', '0.500000000000', '3.000000'),
('Direct', '2026-01-02', '0.000000', '0.500000000000', '3.000000'),
('Search', '2026-01-01', '0.250000', '0.000000000000', '0.000000');

CREATE TABLE marts.country_roas(country VARCHAR NOT NULL, rank INTEGER NOT NULL, installs BIGINT NOT NULL, small_base BOOLEAN NOT NULL, installs_d1 BIGINT, spend_d1 DECIMAL(18,6), revenue_d1 DECIMAL(18,6), roas_d1 DOUBLE, blended_revenue_d1 DECIMAL(18,6), blended_roas_d1 DOUBLE, installs_d7 BIGINT, spend_d7 DECIMAL(18,6), revenue_d7 DECIMAL(18,6), roas_d7 DOUBLE, blended_revenue_d7 DECIMAL(18,6), blended_roas_d7 DOUBLE);
INSERT INTO marts.country_roas VALUES
('DE', '1', '1', 'true', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
('US', '2', '1', 'true', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE marts.customer_cohort_curve(cohort_month DATE NOT NULL, age_month INTEGER NOT NULL, customers BIGINT NOT NULL, purchasing_customers BIGINT NOT NULL, revenue DECIMAL(18,6) NOT NULL, refunds DECIMAL(18,6) NOT NULL, cumulative_revenue DECIMAL(18,6) NOT NULL, cumulative_ltv_per_customer DOUBLE, mature BOOLEAN NOT NULL);
INSERT INTO marts.customer_cohort_curve VALUES
('2026-01-01', '0', '2', '2', '9.000000', '0.500000', '9.000000', NULL, 'false');

CREATE TABLE marts.customer_journeys(conv_id VARCHAR NOT NULL, session_id VARCHAR NOT NULL, conversion_date DATE NOT NULL, conversion_ts TIMESTAMP NOT NULL, "position" INTEGER NOT NULL, sessions_in_journey INTEGER NOT NULL, session_ts TIMESTAMP NOT NULL, session_date DATE NOT NULL, channel_name VARCHAR NOT NULL, holder_engagement BOOLEAN NOT NULL, closer_engagement BOOLEAN NOT NULL, impression_interaction BOOLEAN NOT NULL, seconds_to_conversion DOUBLE NOT NULL, seconds_to_last DOUBLE NOT NULL, seconds_since_previous DOUBLE, revenue DECIMAL(18,6) NOT NULL);
INSERT INTO marts.customer_journeys VALUES
('o1', 's1', '2026-01-02', '2026-01-02 10:00:00', '1', '2', '2026-01-01 09:00:00', '2026-01-01', 'Search', 'true', 'false', 'false', '90000.0', '86400.0', NULL, '6.000000'),
('o1', 's2', '2026-01-02', '2026-01-02 10:00:00', '2', '2', '2026-01-02 09:00:00', '2026-01-02', 'Direct', 'true', 'true', 'false', '3600.0', '0.0', '86400.0', '6.000000');

CREATE TABLE marts.customer_ltv(customer_id VARCHAR NOT NULL, registration_date TIMESTAMP NOT NULL, country VARCHAR NOT NULL, segment VARCHAR, acquisition_source VARCHAR, is_active BOOLEAN, total_transactions BIGINT NOT NULL, total_orders BIGINT NOT NULL, total_refunds BIGINT NOT NULL, gross_revenue DECIMAL(18,6) NOT NULL, refund_amount DECIMAL(18,6) NOT NULL, ltv DECIMAL(18,6) NOT NULL, avg_order_value DOUBLE, first_transaction_date TIMESTAMP, last_transaction_date TIMESTAMP, tenure_days INTEGER NOT NULL);
INSERT INTO marts.customer_ltv VALUES
('a', '2026-01-01 10:00:00', 'US', NULL, 'ads', NULL, '1', '1', '0', '6.000000', '0.000000', '6.000000', '6.0', '2026-01-01 11:00:00', '2026-01-01 11:00:00', '2'),
('b', '2026-01-02 10:00:00', 'DE', NULL, NULL, NULL, '1', '1', '1', '3.500000', '0.500000', '3.000000', '3.0', '2026-01-03 11:00:00', '2026-01-03 11:00:00', '1');

CREATE TABLE marts.customer_retention(cohort_month DATE NOT NULL, activity VARCHAR NOT NULL, months_since_registration INTEGER NOT NULL, cohort_size BIGINT NOT NULL, active_customers BIGINT NOT NULL, retention_bounded DOUBLE, active_or_later_customers BIGINT NOT NULL, retention_unbounded DOUBLE, censored BOOLEAN NOT NULL);

CREATE TABLE marts.development_factors(campaign_id VARCHAR NOT NULL, age_days INTEGER NOT NULL, factor DOUBLE NOT NULL, factor_raw DOUBLE, factor_pool DOUBLE NOT NULL, weight DOUBLE NOT NULL, cohorts BIGINT NOT NULL, payers BIGINT NOT NULL);

CREATE TABLE marts.forecast_backtest(origin DATE NOT NULL, holdout_end DATE NOT NULL, holdout_days INTEGER NOT NULL, model VARCHAR NOT NULL, measure VARCHAR NOT NULL, customers BIGINT NOT NULL, status VARCHAR NOT NULL, predicted_total DOUBLE, actual_total DOUBLE, bias DOUBLE, mae DOUBLE, rmse DOUBLE, r DOUBLE);

CREATE TABLE marts.forecast_models(model VARCHAR NOT NULL, parameter VARCHAR NOT NULL, "value" DOUBLE, standard_error DOUBLE, log_likelihood DOUBLE, status VARCHAR NOT NULL, reason VARCHAR, customers BIGINT NOT NULL, excluded_customers BIGINT NOT NULL, unit VARCHAR NOT NULL, as_of DATE);
INSERT INTO marts.forecast_models VALUES
('bgnbd', 'r', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '2', '0', 'day', '2026-01-03'),
('bgnbd', 'alpha', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '2', '0', 'day', '2026-01-03'),
('bgnbd', 'a', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '2', '0', 'day', '2026-01-03'),
('bgnbd', 'b', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '2', '0', 'day', '2026-01-03'),
('mbgnbd', 'r', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '2', '0', 'day', '2026-01-03'),
('mbgnbd', 'alpha', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '2', '0', 'day', '2026-01-03'),
('mbgnbd', 'a', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '2', '0', 'day', '2026-01-03'),
('mbgnbd', 'b', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '2', '0', 'day', '2026-01-03'),
('gamma_gamma', 'p', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '0', '0', 'day', '2026-01-03'),
('gamma_gamma', 'q', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '0', '0', 'day', '2026-01-03'),
('gamma_gamma', 'v', NULL, NULL, NULL, 'too_few_customers', '2 customers; a fit takes 100 or more', '0', '0', 'day', '2026-01-03');

CREATE TABLE marts.forecast_totals(measure VARCHAR NOT NULL, horizon_days INTEGER NOT NULL, customers BIGINT NOT NULL, fallbacks BIGINT NOT NULL, predicted_total DECIMAL(18,6), lower_total DECIMAL(18,6), upper_total DECIMAL(18,6), origins BIGINT NOT NULL, lower_factor DOUBLE, upper_factor DOUBLE);
INSERT INTO marts.forecast_totals VALUES
('spend', '30', '2', '2', '8.870637', NULL, NULL, '0', NULL, NULL),
('spend', '90', '2', '2', '26.611910', NULL, NULL, '0', NULL, NULL),
('spend', '180', '2', '2', '53.223819', NULL, NULL, '0', NULL, NULL),
('spend', '365', '2', '2', '107.926078', NULL, NULL, '0', NULL, NULL),
('transactions', '30', '2', '2', '1.971252', NULL, NULL, '0', NULL, NULL),
('transactions', '90', '2', '2', '5.913758', NULL, NULL, '0', NULL, NULL),
('transactions', '180', '2', '2', '11.827516', NULL, NULL, '0', NULL, NULL),
('transactions', '365', '2', '2', '23.983572', NULL, NULL, '0', NULL, NULL);

CREATE TABLE marts.ihc_attribution(conv_id VARCHAR NOT NULL, session_id VARCHAR NOT NULL, conversion_date DATE NOT NULL, initializer DECIMAL(18,12) NOT NULL, holder DECIMAL(18,12) NOT NULL, closer DECIMAL(18,12) NOT NULL, ihc DECIMAL(18,12) NOT NULL, engine VARCHAR NOT NULL, preset VARCHAR, params_hash VARCHAR NOT NULL);
INSERT INTO marts.ihc_attribution VALUES
('o1', 's1', '2026-01-02', '1.000000000000', '0.500000000000', '0.000000000000', '0.500000000000', 'local', 'published', '69043a16129e508b'),
('o1', 's2', '2026-01-02', '0.000000000000', '0.500000000000', '1.000000000000', '0.500000000000', 'local', 'published', '69043a16129e508b');

CREATE TABLE marts.ltv_by_cohort(cohort_month DATE NOT NULL, customers BIGINT NOT NULL, purchasing_customers BIGINT NOT NULL, total_ltv DECIMAL(18,6) NOT NULL, avg_ltv DOUBLE, median_ltv DOUBLE, total_transactions BIGINT NOT NULL, avg_transactions DOUBLE, total_ltv_m1 DECIMAL(18,6), avg_ltv_m1 DOUBLE, total_ltv_m3 DECIMAL(18,6), avg_ltv_m3 DOUBLE, total_ltv_m6 DECIMAL(18,6), avg_ltv_m6 DOUBLE, total_ltv_m12 DECIMAL(18,6), avg_ltv_m12 DOUBLE);
INSERT INTO marts.ltv_by_cohort VALUES
('2026-01-01', '2', '2', '9.000000', '4.5', '4.5', '2', '1.0', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE marts.ltv_forecast(customer_id VARCHAR NOT NULL, country VARCHAR NOT NULL, segment VARCHAR, total_transactions BIGINT NOT NULL, ltv DECIMAL(18,6) NOT NULL, tenure_days INTEGER NOT NULL, purchase_days INTEGER NOT NULL, status VARCHAR NOT NULL, "method" VARCHAR NOT NULL, p_alive DOUBLE, expected_purchases_d30 DOUBLE, expected_revenue_d30 DECIMAL(18,6), lower_revenue_d30 DECIMAL(18,6), upper_revenue_d30 DECIMAL(18,6), naive_revenue_d30 DECIMAL(18,6), expected_purchases_d90 DOUBLE, expected_revenue_d90 DECIMAL(18,6), lower_revenue_d90 DECIMAL(18,6), upper_revenue_d90 DECIMAL(18,6), naive_revenue_d90 DECIMAL(18,6), expected_purchases_d180 DOUBLE, expected_revenue_d180 DECIMAL(18,6), lower_revenue_d180 DECIMAL(18,6), upper_revenue_d180 DECIMAL(18,6), naive_revenue_d180 DECIMAL(18,6), expected_purchases_d365 DOUBLE, expected_revenue_d365 DECIMAL(18,6), lower_revenue_d365 DECIMAL(18,6), upper_revenue_d365 DECIMAL(18,6), naive_revenue_d365 DECIMAL(18,6));
INSERT INTO marts.ltv_forecast VALUES
('a', 'US', NULL, '1', '6.000000', '2', '1', 'too_few_customers', 'naive', NULL, '0.9856262833675564', '5.913758', NULL, NULL, '5.913758', '2.9568788501026693', '17.741273', NULL, NULL, '17.741273', '5.9137577002053385', '35.482546', NULL, NULL, '35.482546', '11.991786447638603', '71.950719', NULL, NULL, '71.950719'),
('b', 'DE', NULL, '1', '3.000000', '1', '1', 'too_few_customers', 'naive', NULL, '0.9856262833675564', '2.956879', NULL, NULL, '2.956879', '2.9568788501026693', '8.870637', NULL, NULL, '8.870637', '5.9137577002053385', '17.741273', NULL, NULL, '17.741273', '11.991786447638603', '35.975359', NULL, NULL, '35.975359');

CREATE TABLE marts.ltv_influencing_factors(factor VARCHAR NOT NULL, "level" VARCHAR NOT NULL, customers BIGINT NOT NULL, payers BIGINT NOT NULL, floored_customers BIGINT NOT NULL, avg_ltv DOUBLE, median_ltv DECIMAL(18,6), avg_transactions DOUBLE, shrunk_avg_ltv DOUBLE, lift DOUBLE, multiplier DOUBLE, multiplier_lower DOUBLE, multiplier_upper DOUBLE, p_value DOUBLE, p_value_adjusted DOUBLE, significant BOOLEAN, status VARCHAR NOT NULL, reason VARCHAR);
INSERT INTO marts.ltv_influencing_factors VALUES
('(all)', '(all)', '0', '0', '0', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'too_few_customers', 'The model takes 100 customers of 180 days and more in levels that are large enough; there are 0.');

CREATE TABLE marts.markov_channels(markov_order INTEGER NOT NULL, channel_name VARCHAR NOT NULL, removal_effect DOUBLE NOT NULL, "share" DOUBLE, conversions DOUBLE, revenue DECIMAL(18,6));
INSERT INTO marts.markov_channels VALUES
('1', 'Direct', '1.0', '0.5', '0.5', '3.000000'),
('1', 'Search', '1.0', '0.5', '0.5', '3.000000'),
('2', 'Direct', '1.0', '0.5', '0.5', '3.000000'),
('2', 'Search', '1.0', '0.5', '0.5', '3.000000'),
('3', 'Direct', '1.0', '0.5', '0.5', '3.000000'),
('3', 'Search', '1.0', '0.5', '0.5', '3.000000');

CREATE TABLE marts.purchase_forecasts(repeat_days INTEGER NOT NULL, span_days INTEGER NOT NULL, age_days INTEGER NOT NULL, horizon_days INTEGER NOT NULL, customers BIGINT NOT NULL, p_alive DOUBLE NOT NULL, expected_purchases DOUBLE NOT NULL, lower_purchases DOUBLE NOT NULL, upper_purchases DOUBLE NOT NULL, lower_factor DOUBLE, upper_factor DOUBLE);

CREATE TABLE marts.purchase_histories(customer_id VARCHAR NOT NULL, purchase_days INTEGER NOT NULL, first_purchase_date DATE, last_purchase_date DATE, repeat_days INTEGER, span_days INTEGER, age_days INTEGER, purchase_value DECIMAL(18,6), repeat_value DECIMAL(18,6), mean_repeat_value DOUBLE, net_revenue DECIMAL(18,6) NOT NULL);
INSERT INTO marts.purchase_histories VALUES
('a', '1', '2026-01-01', '2026-01-01', '0', '0', '2', '6.000000', '0.000000', NULL, '6.000000'),
('b', '1', '2026-01-03', '2026-01-03', '0', '0', '0', '3.000000', '0.000000', NULL, '3.000000');

CREATE TABLE marts.revenue_reconciliation(event_date DATE NOT NULL, bucket VARCHAR NOT NULL, transactions BIGINT NOT NULL, gross_revenue DECIMAL(18,6), refund_amount DECIMAL(18,6), net_revenue DECIMAL(18,6));
INSERT INTO marts.revenue_reconciliation VALUES
('2026-01-03', '(organic)', '2', '3.500000', '0.500000', '3.000000'),
('2026-01-01', 'campaigns', '1', '6.000000', '0.000000', '6.000000');

CREATE TABLE marts.rfm_migration(from_segment VARCHAR NOT NULL, to_segment VARCHAR NOT NULL, from_date DATE NOT NULL, to_date DATE NOT NULL, customers BIGINT NOT NULL, monetary DECIMAL(18,6) NOT NULL, status VARCHAR NOT NULL);
INSERT INTO marts.rfm_migration VALUES
('(new)', 'New Customers', '2025-10-05', '2026-01-03', '1', '3.000000', 'small_base'),
('(new)', 'Hibernating', '2025-10-05', '2026-01-03', '1', '6.000000', 'small_base');

CREATE TABLE marts.rfm_segments(customer_id VARCHAR NOT NULL, recency_days INTEGER, frequency BIGINT NOT NULL, monetary DECIMAL(18,6) NOT NULL, r_score INTEGER, f_score INTEGER, m_score INTEGER, segment VARCHAR NOT NULL, status VARCHAR NOT NULL);
INSERT INTO marts.rfm_segments VALUES
('a', '2', '1', '6.000000', '1', '1', '5', 'Hibernating', 'small_base'),
('b', '0', '1', '3.000000', '5', '1', '1', 'New Customers', 'small_base');

CREATE TABLE marts.user_revenue(customer_id VARCHAR NOT NULL, install_date DATE NOT NULL, campaign_id VARCHAR NOT NULL, country VARCHAR NOT NULL, revenue_d7 DECIMAL(18,6) NOT NULL, transactions_d7 BIGINT NOT NULL);
INSERT INTO marts.user_revenue VALUES
('a', '2026-01-01', 'c1', 'US', '6.000000', '1'),
('b', '2026-01-02', '(organic)', 'DE', '3.000000', '1');
