-- Terms of disputes, in days: negotiation, mediation, an arbitrator's answer, the court's word after a
-- failed mediation, correction of an award; and the years an adjudicator's ties to a party count.
INSERT INTO rules (name, scope, valid_from, value, source, confirmed) VALUES
('dispute_policy', '*', '2025-05-01',
 '{"negotiationDays": 7, "mediationDays": 30, "acceptanceDays": 5, "courtDays": 90, "correctionDays": 30, "conflictYears": 2}',
 '最高人民法院关于人民法院在线调解的规定；仲裁法；待公证处确认 [C]', false);

--> statement-breakpoint
-- Money by the age of its deposit (Civil Code 574: five years): what is held of contracts nothing is
-- going on with, refunds that surely failed at their channel, and what is payable and in no
-- settlement. It is the owner's view, so that the bureau can add it up without any right to
-- contracts or refunds; it shows ids and sums, of the office of the running transaction.
CREATE VIEW unclaimed_candidates WITH (security_barrier = true) AS
SELECT c.office_id, d.kind, d.subject, c.id AS contract_id, c.merchant_id, d.amount_fen,
  coalesce(d.since, c.deposited_at, c.paid_at) + interval '5 years' AS lapses_at
FROM contracts c
CROSS JOIN LATERAL (
  SELECT 'held' AS kind, c.id AS subject, c.held_fen AS amount_fen, NULL::timestamptz AS since
  WHERE c.held_fen > 0 AND c.frozen IS NULL AND c.dispute_id IS NULL AND c.disputed_fen = 0
    AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.office_id = c.office_id AND r.contract_id = c.id
      AND r.status IN ('awaiting_consent', 'awaiting_approval'))
  UNION ALL
  SELECT 'refund', r.id, r.refund_fen, CASE WHEN r.purpose = 'stray' THEN r.created_at END
  FROM refunds r WHERE r.office_id = c.office_id AND r.contract_id = c.id AND r.status = 'failed' AND NOT r.by_bank
  UNION ALL
  SELECT 'payable', c.id, sum(r.amount_fen)::bigint, NULL
  FROM releases r WHERE r.office_id = c.office_id AND r.contract_id = c.id AND r.state = 'payable' AND r.item_id IS NULL
  HAVING sum(r.amount_fen) > 0
) d
WHERE c.office_id = nullif(current_setting('ticun.office', true), '')::int AND c.paid_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM unclaimed_items u WHERE u.office_id = c.office_id AND u.subject = d.subject AND u.status = 'proposed');
--> statement-breakpoint
GRANT SELECT ON unclaimed_candidates TO ticun_bureau, ticun_notary;
--> statement-breakpoint
CREATE VIEW unclaimed_sums WITH (security_barrier = true) AS
SELECT office_id, amount_fen FROM unclaimed_items
WHERE office_id = nullif(current_setting('ticun.office', true), '')::int AND status IN ('set_aside', 'claim_proposed');
--> statement-breakpoint
GRANT SELECT ON unclaimed_sums TO ticun_bureau, ticun_notary;

--> statement-breakpoint
-- How an office's bank writes its statements: of CSV files the encoding and the columns; the words by which the bank's own
-- charges and interest are known; the office's own accounts; the names under which payment channels pay.
INSERT INTO rules (name, scope, valid_from, value, source, confirmed) VALUES
('bank_statement', '*', '2025-01-01', '{
  "csv": {
    "encoding": "GB18030",
    "columns": {
      "reference": "交易流水号", "date": "交易日期", "credit": "贷方发生额", "debit": "借方发生额", "balance": "余额",
      "orderReference": "凭证号", "counterparty": "对方户名", "counterpartyAccount": "对方账号", "remittance": "摘要"
    }
  },
  "matchDays": 3,
  "chargeWords": ["手续费", "账户管理费", "工本费"],
  "interestWords": ["结息", "利息"],
  "ownAccountNumbers": [],
  "channelNames": {
    "sandbox": ["沙箱支付渠道"],
    "wechatpay": ["财付通支付科技有限公司"],
    "alipay": ["支付宝(中国)网络技术有限公司", "支付宝(杭州)信息技术有限公司"]
  }
}', '公证处与开户银行的约定，待公证处确认 [C]', false);

--> statement-breakpoint
-- What does not agree on the special account, as notary and bureau see it: no names, no texts.
CREATE VIEW unmatched_bank_lines WITH (security_barrier = true) AS
SELECT office_id, account_number, 'statement'::text AS source, id AS entry_id, NULL::uuid AS transfer_id, entry_reference AS reference, side, amount_fen, booked_on AS day, status
FROM bank_entries
WHERE status IN ('new', 'answers', 'suspense') AND office_id = nullif(current_setting('ticun.office', true), '')::int
UNION ALL
SELECT e.office_id, a.of, 'books', NULL, t.id, t.reference, CASE e.side WHEN 'D' THEN 'C' ELSE 'D' END, e.amount_fen,
  (t.occurred_at AT TIME ZONE 'Asia/Shanghai')::date, t.event
FROM accounts a
JOIN entries e ON e.office_id = a.office_id AND e.account_id = a.id
JOIN transfers t ON t.office_id = e.office_id AND t.id = e.transfer_id
WHERE a.kind = 'bank' AND a.office_id = nullif(current_setting('ticun.office', true), '')::int
  AND t.event IN ('channel-settled', 'payout-confirmed', 'fee-taken', 'payout-returned', 'refund-confirmed')
  AND NOT EXISTS (SELECT FROM bank_entries b WHERE b.office_id = t.office_id AND b.transfer_id = t.id);
--> statement-breakpoint
GRANT SELECT ON unmatched_bank_lines TO ticun_notary, ticun_bureau, ticun_worker;
--> statement-breakpoint
-- What payment channels have reported, from the reports themselves and not from the books they are compared with.
CREATE VIEW channel_movements WITH (security_barrier = true) AS
SELECT office_id, channel, paid_at AS at, amount_fen FROM receipts
WHERE channel <> 'bank_transfer' AND office_id = nullif(current_setting('ticun.office', true), '')::int
UNION ALL
SELECT office_id, channel, value_date, -gross_fen FROM channel_settlements WHERE office_id = nullif(current_setting('ticun.office', true), '')::int
UNION ALL
SELECT office_id, channel, paid_at, -refund_fen FROM refunds
WHERE status = 'paid' AND refund_fen > 0 AND NOT by_bank AND channel <> 'bank_transfer' AND office_id = nullif(current_setting('ticun.office', true), '')::int;
--> statement-breakpoint
GRANT SELECT ON channel_movements TO ticun_notary, ticun_bureau, ticun_worker;

--> statement-breakpoint
-- The journal as notary and bureau export it. For the bureau nobody who acted is named, and of the special account's number
-- only the end: masked here, whatever is asked for.
CREATE VIEW journal_lines WITH (security_barrier = true) AS
SELECT e.office_id, e.transfer_id, e.line, t.event, t.reference, t.contract_id, t.merchant_id,
  CASE WHEN current_user = 'ticun_bureau' THEN NULL ELSE t.person_id END AS person_id,
  e.kind, CASE WHEN a.kind = 'bank' AND current_user = 'ticun_bureau' THEN '****' || right(a.of, 4) ELSE a.of END AS of,
  e.contract_id AS line_contract_id, e.side, e.amount_fen, e.balance_after_fen, t.occurred_at, e.booked_at
FROM entries e
JOIN transfers t ON t.office_id = e.office_id AND t.id = e.transfer_id
LEFT JOIN accounts a ON a.office_id = e.office_id AND a.id = e.account_id
WHERE e.office_id = nullif(current_setting('ticun.office', true), '')::int;
--> statement-breakpoint
GRANT SELECT ON journal_lines TO ticun_notary, ticun_bureau;
--> statement-breakpoint
-- Every movement with the merchant it concerns, without people: sums of any past moment are made of it.
CREATE VIEW merchant_movements WITH (security_barrier = true) AS
SELECT e.office_id, coalesce(c.merchant_id, a.merchant_id, t.merchant_id) AS merchant_id, e.contract_id, e.kind, t.event,
  CASE e.side WHEN 'C' THEN e.amount_fen ELSE -e.amount_fen END AS credit_fen, t.occurred_at, e.booked_at
FROM entries e
JOIN transfers t ON t.office_id = e.office_id AND t.id = e.transfer_id
LEFT JOIN accounts a ON a.office_id = e.office_id AND a.id = e.account_id
LEFT JOIN contracts c ON c.office_id = e.office_id AND c.id = e.contract_id
WHERE e.office_id = nullif(current_setting('ticun.office', true), '')::int;
--> statement-breakpoint
GRANT SELECT ON merchant_movements TO ticun_notary, ticun_bureau;
--> statement-breakpoint
-- From which balance on the card rules ask for protection, and by when the quarterly report is due.
INSERT INTO rules (name, scope, valid_from, value, source, confirmed) VALUES
('quarterly_balance_report', '*', '2019-01-01', '{"lineFen": 20000000, "protectedBasisPoints": 4000, "dueDay": 25}', '上海市单用途预付消费卡管理规定及实施办法（2018、2019）[C]', false);

--> statement-breakpoint
SELECT grant_by_policies();
