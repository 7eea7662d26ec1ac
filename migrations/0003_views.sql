-- What may be known of a merchant's contracts without seeing one: sums. It is the owner's view, so
-- that the bureau reads it without any right to contracts, people or documents; whose rows it shows
-- is decided here, by the role and the context of the running transaction.
CREATE VIEW merchant_totals WITH (security_barrier = true) AS
SELECT
  m.office_id, m.id AS merchant_id, m.name, m.category, m.district, m.status,
  c.contracts, c.open_contracts,
  c.paid_fen, c.held_fen, c.disputed_fen, c.pending_fen, c.released_fen, c.refunded_fen,
  coalesce(a.payable_fen, 0) AS payable_fen, coalesce(a.in_transit_fen, 0) AS in_transit_fen, coalesce(a.unclaimed_fen, 0) AS unclaimed_fen,
  s.paid_out_fen, s.fee_fen
FROM merchants m
CROSS JOIN LATERAL (
  SELECT count(*)::int AS contracts,
    (count(*) FILTER (WHERE held_fen + disputed_fen + pending_fen > 0))::int AS open_contracts,
    coalesce(sum(paid_fen), 0)::bigint AS paid_fen,
    coalesce(sum(held_fen), 0)::bigint AS held_fen,
    coalesce(sum(disputed_fen), 0)::bigint AS disputed_fen,
    coalesce(sum(pending_fen), 0)::bigint AS pending_fen,
    coalesce(sum(released_fen), 0)::bigint AS released_fen,
    coalesce(sum(refunded_fen), 0)::bigint AS refunded_fen
  FROM contracts WHERE contracts.office_id = m.office_id AND contracts.merchant_id = m.id
) c
LEFT JOIN (
  SELECT office_id, merchant_id,
    coalesce(sum(balance_fen) FILTER (WHERE kind = 'payable'), 0)::bigint AS payable_fen,
    coalesce(sum(balance_fen) FILTER (WHERE kind = 'in_transit'), 0)::bigint AS in_transit_fen,
    coalesce(sum(balance_fen) FILTER (WHERE kind = 'unclaimed'), 0)::bigint AS unclaimed_fen
  FROM accounts WHERE merchant_id IS NOT NULL GROUP BY office_id, merchant_id
) a ON a.office_id = m.office_id AND a.merchant_id = m.id
CROSS JOIN LATERAL (
  SELECT coalesce(sum(gross_fen - fee_fen), 0)::bigint AS paid_out_fen, coalesce(sum(i.fee_fen), 0)::bigint AS fee_fen
  FROM settlement_items i WHERE i.office_id = m.office_id AND i.merchant_id = m.id AND i.status = 'paid'
) s
WHERE m.office_id = nullif(current_setting('ticun.office', true), '')::int
  AND (current_user <> 'ticun_merchant' OR m.id = nullif(current_setting('ticun.merchant', true), '')::uuid);
--> statement-breakpoint
GRANT SELECT ON merchant_totals TO ticun_bureau, ticun_notary, ticun_merchant;
--> statement-breakpoint
-- Refunds as the bureau sees them: no people, and nothing that people wrote.
CREATE VIEW masked_refunds WITH (security_barrier = true) AS
SELECT office_id, id, purpose, contract_id, merchant_id, reason, status, quote_id, payment_id, channel, refund_fen, merchant_fen, contested_fen,
  NULL::uuid AS requested_by, requested_end, NULL::text AS note, deadline_at, consent_by, consumer_agreed, created_at, ends_at, NULL::uuid AS approved_by,
  approved_at, attempts, NULL::text AS last_error, NULL::text AS channel_reference, paid_at,
  by_bank, NULL::text AS account_sealed
FROM refunds
WHERE office_id = nullif(current_setting('ticun.office', true), '')::int;
--> statement-breakpoint
GRANT SELECT ON masked_refunds TO ticun_bureau;
