-- Money by the age of its deposit, as before, but each kind of it from its own tables by the number of
-- the office: a cluster takes no union with a part that reads no table, nor one that looks out of itself.
CREATE OR REPLACE VIEW unclaimed_candidates WITH (security_barrier = true) AS
SELECT m.office_id, m.kind, m.subject, m.contract_id, m.merchant_id, m.amount_fen, m.since + interval '5 years' AS lapses_at
FROM (
  SELECT c.office_id, 'held' AS kind, c.id AS subject, c.id AS contract_id, c.merchant_id, c.held_fen AS amount_fen,
    coalesce(c.deposited_at, c.paid_at) AS since
  FROM contracts c
  WHERE c.paid_at IS NOT NULL AND c.held_fen > 0 AND c.frozen IS NULL AND c.dispute_id IS NULL AND c.disputed_fen = 0
    AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.office_id = c.office_id AND r.contract_id = c.id
      AND r.status IN ('awaiting_consent', 'awaiting_approval'))
  UNION ALL
  SELECT c.office_id, 'refund', r.id, c.id, c.merchant_id, r.refund_fen,
    CASE WHEN r.purpose = 'stray' THEN r.created_at ELSE coalesce(c.deposited_at, c.paid_at) END
  FROM refunds r JOIN contracts c ON c.office_id = r.office_id AND c.id = r.contract_id
  WHERE c.paid_at IS NOT NULL AND r.status = 'failed' AND NOT r.by_bank
  UNION ALL
  SELECT c.office_id, 'payable', c.id, c.id, c.merchant_id, sum(r.amount_fen)::bigint, coalesce(c.deposited_at, c.paid_at)
  FROM releases r JOIN contracts c ON c.office_id = r.office_id AND c.id = r.contract_id
  WHERE c.paid_at IS NOT NULL AND r.state = 'payable' AND r.item_id IS NULL
  GROUP BY c.office_id, c.id, c.merchant_id, c.deposited_at, c.paid_at
  HAVING sum(r.amount_fen) > 0
) m
WHERE m.office_id = nullif(current_setting('ticun.office', true), '')::int
  AND NOT EXISTS (SELECT 1 FROM unclaimed_items u WHERE u.office_id = m.office_id AND u.subject = m.subject AND u.status = 'proposed');
