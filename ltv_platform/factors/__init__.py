"""What customers of high lifetime value have in common: shrunk means and an adjusted model.

Arrays and Arrow tables in and out; no SQL, no warehouse and no Dagster. What a customer's levels
and target are is said by ``sql/customers/ltv_influencing_factors.sql``.
"""
