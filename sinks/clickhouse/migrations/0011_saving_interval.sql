-- The money saved a year has its 95 % interval in columns, as every other figure.
ALTER TABLE opportunities
    ADD COLUMN IF NOT EXISTS yearly_saving_low Float64,
    ADD COLUMN IF NOT EXISTS yearly_saving_high Float64;

-- One row is one opportunity in its newest version, unless withdrawn. Best first: ORDER BY rank. The interval of the
-- money of rows that were stored without one is that of the hours saved, at the cost of an hour.
CREATE OR REPLACE VIEW v_opportunities AS
SELECT
    rank, name, verdict, preliminary, hours_saved_per_year, hours_saved_per_year_low, hours_saved_per_year_high,
    hours_per_week, hours_per_week_low, hours_per_week_high,
    hours_spent_per_year, hours_spent_per_year_low, hours_spent_per_year_high,
    executions, executions_per_week, people, people_known, first_ms, last_ms, working_days,
    active_median_ms, active_p90_ms, active_low_ms, active_high_ms, active_total_ms,
    steps, apps, pattern, variants, transferred_values, transfer_share, determinism, exceptions,
    currency, build_cost, yearly_saving,
    if(has_interval, opportunities.yearly_saving_low,
        yearly_saving + assumptions['hourly_cost'] * (hours_saved_per_year_low - hours_saved_per_year)
    ) AS yearly_saving_low,
    if(has_interval, opportunities.yearly_saving_high,
        yearly_saving + assumptions['hourly_cost'] * (hours_saved_per_year_high - hours_saved_per_year)
    ) AS yearly_saving_high,
    net_saving_low, net_saving, net_saving_high,
    payback_months_low, payback_months, payback_months_high,
    why, assumptions, covers, id, tenant, version, updated_ms
FROM
(
    SELECT *, yearly_saving_low != 0 OR yearly_saving_high != 0 AS has_interval FROM opportunities
    ORDER BY version DESC, stored_ms DESC
    LIMIT 1 BY tenant, id
) AS opportunities
WHERE NOT withdrawn AND people >= (SELECT k FROM v_floor);
