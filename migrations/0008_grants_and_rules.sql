-- Since when consumers' money is in custody for a merchant: its acceptance, which later words of the notary (suspend,
-- resume) do not change. Of those accepted before, as the evidence has it.
UPDATE merchants m SET approved_at = e.at
FROM (SELECT office_id, merchant_id, min(created_at) AS at FROM evidence_entries WHERE fact = 'merchant-approved' GROUP BY office_id, merchant_id) e
WHERE e.office_id = m.office_id AND e.merchant_id = m.id;
--> statement-breakpoint
-- What early warning counts. The job that counts and whoever traces a figure read the same views, so that no figure has
-- rows of its own. People are pseudonyms, the same within a merchant and different between merchants. They are the
-- owner's views: whose rows they show is decided here, by the role and the context of the running transaction.
CREATE VIEW warning_check_ins WITH (security_barrier = true) AS
SELECT r.office_id, r.merchant_id, r.id, r.created_at AS at, r.contract_id, r.venue_id, r.amount_fen, r.state,
  encode(substr(sha256(uuid_send(r.merchant_id) || uuid_send(r.cashier_id)), 1, 6), 'hex') AS cashier,
  encode(substr(sha256(uuid_send(r.merchant_id) || uuid_send(c.consumer_id)), 1, 6), 'hex') AS phone
FROM releases r
JOIN contracts c ON c.office_id = r.office_id AND c.id = r.contract_id
WHERE r.kind = 'check_in' AND r.office_id = nullif(current_setting('ticun.office', true), '')::int
  AND (current_user <> 'ticun_merchant' OR r.merchant_id = nullif(current_setting('ticun.merchant', true), '')::uuid);
--> statement-breakpoint
CREATE VIEW warning_sales WITH (security_barrier = true) AS
SELECT c.office_id, c.merchant_id, c.id, c.paid_at AS at, c.id AS contract_id, NULL::uuid AS venue_id, c.price_fen AS amount_fen, c.status AS state,
  NULL::text AS cashier, encode(substr(sha256(uuid_send(c.merchant_id) || uuid_send(c.consumer_id)), 1, 6), 'hex') AS phone
FROM contracts c
WHERE c.paid_at IS NOT NULL AND c.office_id = nullif(current_setting('ticun.office', true), '')::int
  AND (current_user <> 'ticun_merchant' OR c.merchant_id = nullif(current_setting('ticun.merchant', true), '')::uuid);
--> statement-breakpoint
-- Those that a party asked for: not a closure's, of force majeure, of a decision, or of money that never was the price.
CREATE VIEW warning_refunds WITH (security_barrier = true) AS
SELECT r.office_id, r.merchant_id, r.id, r.created_at AS at, r.contract_id, NULL::uuid AS venue_id, r.refund_fen AS amount_fen, r.status AS state,
  NULL::text AS cashier, NULL::text AS phone
FROM refunds r
WHERE r.reason IN ('cooling_off', 'consumer_choice', 'merchant_breach', 'mutual') AND r.office_id = nullif(current_setting('ticun.office', true), '')::int
  AND (current_user <> 'ticun_merchant' OR r.merchant_id = nullif(current_setting('ticun.merchant', true), '')::uuid);
--> statement-breakpoint
CREATE VIEW warning_disputes WITH (security_barrier = true) AS
SELECT d.office_id, d.merchant_id, d.id, d.opened_at AS at, d.contract_id, NULL::uuid AS venue_id, d.claim_fen AS amount_fen, d.stage AS state,
  NULL::text AS cashier, NULL::text AS phone
FROM disputes d
WHERE d.claimant = 'consumer' AND d.office_id = nullif(current_setting('ticun.office', true), '')::int
  AND (current_user <> 'ticun_merchant' OR d.merchant_id = nullif(current_setting('ticun.merchant', true), '')::uuid);
--> statement-breakpoint
CREATE VIEW warning_payout_returns WITH (security_barrier = true) AS
SELECT i.office_id, i.merchant_id, i.id, i.answered_at AS at, NULL::uuid AS contract_id, NULL::uuid AS venue_id, i.gross_fen AS amount_fen, i.status AS state,
  NULL::text AS cashier, NULL::text AS phone
FROM settlement_items i
WHERE i.status = 'returned' AND i.office_id = nullif(current_setting('ticun.office', true), '')::int
  AND (current_user <> 'ticun_merchant' OR i.merchant_id = nullif(current_setting('ticun.merchant', true), '')::uuid);
--> statement-breakpoint
-- Contracts that were ever paid, with their balances as they stand and a pseudonym of the person the caps are counted by.
CREATE VIEW warning_contracts WITH (security_barrier = true) AS
SELECT c.office_id, c.merchant_id, c.id, c.paid_at, c.ended_at, c.status AS state,
  c.held_fen + c.disputed_fen AS capped_fen, c.held_fen + c.disputed_fen + c.pending_fen AS balance_fen,
  encode(substr(sha256(uuid_send(c.merchant_id) || t.id_number_index), 1, 6), 'hex') AS person
FROM contracts c
LEFT JOIN contract_terms t ON t.office_id = c.office_id AND t.contract_id = c.id
WHERE c.paid_at IS NOT NULL AND c.office_id = nullif(current_setting('ticun.office', true), '')::int
  AND (current_user <> 'ticun_merchant' OR c.merchant_id = nullif(current_setting('ticun.merchant', true), '')::uuid);
--> statement-breakpoint
-- Movements of contracts' balances: a balance as it stands less what moved since is what it was.
CREATE VIEW warning_movements WITH (security_barrier = true) AS
SELECT e.office_id, c.merchant_id, e.contract_id, e.kind, CASE e.side WHEN 'C' THEN e.amount_fen ELSE -e.amount_fen END AS credit_fen, e.booked_at
FROM entries e
JOIN contracts c ON c.office_id = e.office_id AND c.id = e.contract_id
WHERE e.kind IN ('held', 'disputed', 'pending') AND e.office_id = nullif(current_setting('ticun.office', true), '')::int
  AND (current_user <> 'ticun_merchant' OR c.merchant_id = nullif(current_setting('ticun.merchant', true), '')::uuid);
--> statement-breakpoint
GRANT SELECT ON warning_check_ins, warning_sales, warning_refunds, warning_disputes, warning_payout_returns, warning_contracts, warning_movements
  TO ticun_worker, ticun_bureau, ticun_notary, ticun_merchant;
--> statement-breakpoint
-- How many active contracts a merchant has, as anyone may know it: a band, never the number. Counting stops where the highest band begins.
CREATE VIEW merchant_contract_bands WITH (security_barrier = true) AS
SELECT m.office_id, m.id AS merchant_id, CASE
    WHEN n.contracts = 0 THEN '0' WHEN n.contracts < 10 THEN '1-9' WHEN n.contracts < 50 THEN '10-49' WHEN n.contracts < 100 THEN '50-99'
    WHEN n.contracts < 500 THEN '100-499' WHEN n.contracts < 1000 THEN '500-999' ELSE '1000+' END AS band
FROM merchants m
CROSS JOIN LATERAL (
  SELECT count(*)::int AS contracts FROM (
    SELECT FROM contracts c WHERE c.office_id = m.office_id AND c.merchant_id = m.id AND c.status = 'active' LIMIT 1000) one
) n
WHERE m.status IN ('active', 'suspended', 'closing', 'closed') AND m.office_id = nullif(current_setting('ticun.office', true), '')::int;
--> statement-breakpoint
GRANT SELECT ON merchant_contract_bands TO ticun_anyone;
--> statement-breakpoint
-- Settings of the ten indicators (src/warnings/rules.ts; docs/early-warning.md). Shares are in 1/10,000.
INSERT INTO rules (name, scope, valid_from, value, source, confirmed) VALUES
('early_warning', '*', '2026-01-01', '{
  "answerDays": 7, "confirmDays": 3, "quietDays": 28,
  "indicators": {
    "cap_balance": {"watchLine": 9000, "alertLine": 10001},
    "balance_line": {"watchLine": 10000, "alertLine": null},
    "lease_end": {"watchLine": 90, "alertLine": 30, "minimum": 1},
    "sales_surge": {"days": 28, "watchLine": 1000, "alertLine": 2000, "backLine": 1000, "daysInARow": 3, "minimum": 60},
    "refund_rate": {"days": 28, "watchLine": 300, "alertLine": 500, "backLine": 300, "daysInARow": 2, "minimum": 50},
    "dispute_rate": {"days": 28, "watchLine": 80, "alertLine": 150, "backLine": 80, "daysInARow": 2, "minimum": 50},
    "odd_hours": {"days": 7, "watchLine": 300, "alertLine": 1000, "backLine": 300, "minimum": 20, "fromHour": 23, "toHour": 6},
    "door_speed": {"days": 7, "watchLine": 10, "alertLine": 20, "backLine": 15, "seconds": 60},
    "shared_phone": {"days": 28, "watchLine": 4, "alertLine": 8, "backLine": 6},
    "returned_payouts": {"days": 90, "watchLine": 1, "alertLine": 2}
  }
}', '本平台回测(docs/early-warning.md);待主管部门确认 [C]', false),
-- First minor faults that close by rectification, and how long there is for it.
('first_minor_faults', '*', '2026-01-01', '{
  "repeatMonths": 12,
  "faults": [
    {"indicator": "lease_end", "rectifyDays": 30,
     "fault": {"zh": "租期将满而未登记续租", "en": "a lease near its end whose renewal was not entered"},
     "rectification": {"zh": "登记续租后的租期,或者停止销售并办理退费", "en": "the new lease is entered, or sales stop and refunds are made"}},
    {"indicator": "cap_balance", "rectifyDays": 15,
     "fault": {"zh": "个人余额超过上限", "en": "one person''s balance above the cap"},
     "rectification": {"zh": "退还超出部分,或者履行至上限以内", "en": "what is above is refunded, or used"}},
    {"indicator": "odd_hours", "rectifyDays": 15,
     "fault": {"zh": "营业时间外补录核销", "en": "visits entered after hours"},
     "rectification": {"zh": "当场核销;错录的予以撤销", "en": "visits are scanned at the door; wrong ones are taken back"}},
    {"indicator": "door_speed", "rectifyDays": 15,
     "fault": {"zh": "集中批量扫码", "en": "visits scanned in bulk"},
     "rectification": {"zh": "逐人当场核销;错录的予以撤销", "en": "each visit is scanned at the door; wrong ones are taken back"}},
    {"indicator": "returned_payouts", "rectifyDays": 15,
     "fault": {"zh": "结算账户信息有误", "en": "a settlement account that is wrong"},
     "rectification": {"zh": "办理结算账户变更", "en": "the settlement account is changed"}}
  ]
}', '松江区轻微违法行为不予处罚等四张清单(2024);待主管部门确认 [C]', false);

--> statement-breakpoint
-- Courts' holds as the bureau counts them: sums and times, nobody who acted and no document.
CREATE VIEW legal_hold_sums WITH (security_barrier = true) AS
SELECT office_id, merchant_id, against, amount_fen, proposed_at AS since, least(ended_at, ends_at) AS until
FROM legal_holds
WHERE office_id = nullif(current_setting('ticun.office', true), '')::int;
--> statement-breakpoint
GRANT SELECT ON legal_hold_sums TO ticun_bureau, ticun_notary;
--> statement-breakpoint
-- How long a court may hold money at once: three years is the longest term of any kind of property; it is renewed by another document.
INSERT INTO rules (name, scope, valid_from, value, source, confirmed) VALUES
('legal_hold', '*', '2022-04-10', '{"daysMax": 1096}', '最高人民法院关于适用民事诉讼法的解释（法释〔2022〕11号）第485条 [C]', false);
--> statement-breakpoint
-- Sums of each merchant's contracts by their kind, in place of the contracts: for those who watch over the books.
CREATE VIEW contract_kind_totals WITH (security_barrier = true) AS
SELECT office_id, merchant_id, kind AS contract_kind,
  count(*)::int AS contracts,
  (count(*) FILTER (WHERE held_fen + disputed_fen + pending_fen > 0))::int AS open_contracts,
  sum(paid_fen)::bigint AS paid_fen, sum(held_fen)::bigint AS held_fen, sum(disputed_fen)::bigint AS disputed_fen,
  sum(pending_fen)::bigint AS pending_fen, sum(released_fen)::bigint AS released_fen, sum(refunded_fen)::bigint AS refunded_fen
FROM contracts
WHERE office_id = nullif(current_setting('ticun.office', true), '')::int
GROUP BY office_id, merchant_id, kind;
--> statement-breakpoint
GRANT SELECT ON contract_kind_totals TO ticun_bureau, ticun_notary;
--> statement-breakpoint
-- Every movement with the merchant and the kind of contract it concerns, without people.
CREATE VIEW audit_movements WITH (security_barrier = true) AS
SELECT e.office_id, coalesce(c.merchant_id, a.merchant_id, t.merchant_id) AS merchant_id, c.id AS contract_id, c.kind AS contract_kind, e.kind, t.event,
  CASE e.side WHEN 'C' THEN e.amount_fen ELSE -e.amount_fen END AS credit_fen, t.occurred_at, e.booked_at
FROM entries e
JOIN transfers t ON t.office_id = e.office_id AND t.id = e.transfer_id
LEFT JOIN accounts a ON a.office_id = e.office_id AND a.id = e.account_id
LEFT JOIN contracts c ON c.office_id = e.office_id AND c.id = coalesce(e.contract_id, t.contract_id)
WHERE e.office_id = nullif(current_setting('ticun.office', true), '')::int;
--> statement-breakpoint
GRANT SELECT ON audit_movements TO ticun_bureau, ticun_notary;
--> statement-breakpoint
-- How payment channels write their daily reports: which column is what, and which word is which kind of line.
INSERT INTO rules (name, scope, valid_from, value, source, confirmed) VALUES
('channel_report:sandbox', '*', '2025-01-01', '{"encoding": "UTF-8", "at": "交易时间", "kind": "交易类型", "kinds": {
  "payment": {"words": ["支付"], "reference": "渠道单号", "amount": "金额"},
  "refund": {"words": ["退款"], "reference": "商户退款单号", "amount": "金额"},
  "settlement": {"words": ["结算"], "reference": "渠道单号", "amount": "金额"}}}', '沙箱支付渠道', true),
('channel_report:wechatpay', '*', '2025-01-01', '{"encoding": "UTF-8", "at": "交易时间", "kind": "交易状态", "kinds": {
  "payment": {"words": ["SUCCESS"], "reference": "微信订单号", "amount": "应结订单金额"},
  "refund": {"words": ["REFUND"], "reference": "商户退款单号", "amount": "退款金额"}}}', '微信支付交易账单（接入时核对列名）[C]', false),
('channel_report:alipay', '*', '2025-01-01', '{"encoding": "GB18030", "at": "完成时间", "kind": "业务类型", "kinds": {
  "payment": {"words": ["交易"], "reference": "支付宝交易号", "amount": "商家实收（元）"},
  "refund": {"words": ["退款"], "reference": "退款批次号/请求号", "amount": "商家实收（元）"}}}', '支付宝业务明细账单（接入时核对列名）[C]', false);
--> statement-breakpoint
-- What channels' reports and the books do not have alike: lines of reports that nothing booked explains, and what was booked on
-- a day there is a report of and is not in it. No names; for notary and bureau.
CREATE VIEW unmatched_channel_lines WITH (security_barrier = true) AS
WITH booked AS (
  SELECT office_id, channel, 'payment'::text AS kind, transaction_id AS reference, NULL::uuid AS refund_id, amount_fen, paid_at AS at
  FROM receipts WHERE channel <> 'bank_transfer' AND office_id = nullif(current_setting('ticun.office', true), '')::int
  UNION ALL
  SELECT office_id, channel, 'settlement', settlement_id, NULL, gross_fen, value_date
  FROM channel_settlements WHERE office_id = nullif(current_setting('ticun.office', true), '')::int
  UNION ALL
  SELECT office_id, channel, 'refund', '', id, refund_fen, paid_at
  FROM refunds WHERE status = 'paid' AND refund_fen > 0 AND NOT by_bank AND channel <> 'bank_transfer' AND office_id = nullif(current_setting('ticun.office', true), '')::int
)
SELECT l.office_id, l.channel, l.day, 'report'::text AS source, l.kind, l.reference, NULL::uuid AS refund_id, l.amount_fen
FROM channel_report_lines l
WHERE l.office_id = nullif(current_setting('ticun.office', true), '')::int AND NOT EXISTS (
  SELECT FROM booked b WHERE b.office_id = l.office_id AND b.channel = l.channel AND b.kind = l.kind AND b.amount_fen = l.amount_fen
    AND CASE l.kind WHEN 'refund' THEN b.refund_id = l.refund_id ELSE b.reference = l.reference END)
UNION ALL
SELECT r.office_id, r.channel, r.day, 'books', b.kind, b.reference, b.refund_id, b.amount_fen
FROM channel_reports r
JOIN booked b ON b.office_id = r.office_id AND b.channel = r.channel AND b.kind = ANY (r.kinds)
  AND b.at >= r.day::timestamp AT TIME ZONE 'Asia/Shanghai' AND b.at < (r.day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
WHERE r.office_id = nullif(current_setting('ticun.office', true), '')::int AND NOT EXISTS (
  SELECT FROM channel_report_lines l WHERE l.office_id = b.office_id AND l.channel = b.channel AND l.kind = b.kind AND l.amount_fen = b.amount_fen
    AND CASE l.kind WHEN 'refund' THEN l.refund_id = b.refund_id ELSE l.reference = b.reference END);
--> statement-breakpoint
GRANT SELECT ON unmatched_channel_lines TO ticun_notary, ticun_bureau, ticun_worker;
--> statement-breakpoint
-- As before, with refunds that came back and receipts that went back to their payers.
CREATE OR REPLACE VIEW unmatched_bank_lines WITH (security_barrier = true) AS
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
  AND t.event IN ('channel-settled', 'payout-confirmed', 'fee-taken', 'payout-returned', 'refund-confirmed', 'refund-returned', 'receipt-returned')
  AND NOT EXISTS (SELECT FROM bank_entries b WHERE b.office_id = t.office_id AND b.transfer_id = t.id);

--> statement-breakpoint
-- What all contracts of an office hold together, without people: for books that are added up at one moment.
CREATE VIEW contract_sums WITH (security_barrier = true) AS
SELECT office_id, coalesce(sum(held_fen), 0)::bigint AS held_fen, coalesce(sum(disputed_fen), 0)::bigint AS disputed_fen, coalesce(sum(pending_fen), 0)::bigint AS pending_fen
FROM contracts WHERE office_id = nullif(current_setting('ticun.office', true), '')::int GROUP BY office_id;
--> statement-breakpoint
GRANT SELECT ON contract_sums TO ticun_notary, ticun_bureau;

--> statement-breakpoint
-- The staff's sign-in, by the dated rules of classified protection level 3. passwords: kindsMin of capitals, small letters, digits, signs
-- and Chinese characters, waived from a length on; scoreMin: how hard to guess (0 to 4); ageDaysMax: to be changed after so many days.
-- step_up: for acts on money the second factor is proven anew; demandedOf all, or those who enrolled one of their own.
INSERT INTO rules (name, scope, valid_from, value, source, confirmed) VALUES
('password_policy', '*', '2025-01-01', '{"lengthMin": 12, "kindsMin": 3, "kindsWaivedFrom": 20, "scoreMin": 3, "ageDaysMax": 180}',
 'GB/T 22239-2019 第三级 8.1.4.1：身份鉴别信息具有复杂度要求并定期更换；长度与期限为本平台所定 [C]', false),
('session_policy', '*', '2025-01-01', '{"staffIdleMinutes": 30}', 'GB/T 22239-2019 第三级 8.1.4.1：登录连接超时自动退出；时长为本平台所定 [C]', false),
('step_up', '*', '2025-01-01', '{"minutes": 15, "demandedOf": "all"}', 'GB/T 22239-2019 第三级 8.1.4.1：两种以上鉴别技术；时长为本平台所定 [C]', false),
-- How long personal data is kept: of whoever made a contract, in years from the account's closing; of sign-ins in days.
('retention_policy', '*', '2025-01-01', '{"dealsYears": 30, "signInDays": 365}',
 '会计档案管理办法（2015）附表：凭证、账簿三十年；电子商务法第三十一条：交易信息不少于三年；网络安全法第二十一条：日志不少于六个月；个人信息保护法第四十七条 [C]', false);

--> statement-breakpoint
SELECT grant_by_policies();
