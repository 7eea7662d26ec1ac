CREATE TABLE "audit_log" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"person_id" uuid NOT NULL,
	"end" text NOT NULL,
	"session_id" uuid NOT NULL,
	"operation" text NOT NULL,
	"request_id" text NOT NULL,
	"address" text NOT NULL,
	"as_role" text NOT NULL,
	CONSTRAINT "audit_log_pk" PRIMARY KEY("office_id","id")
);
--> statement-breakpoint
ALTER TABLE "audit_log" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sandbox_orders" (
	"id" uuid PRIMARY KEY NOT NULL,
	"amount_fen" bigint NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "sandbox_orders" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sandbox_refunds" (
	"key" text PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"amount_fen" bigint NOT NULL,
	"reference" text NOT NULL,
	"made_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sandbox_refunds" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sandbox_transactions" (
	"id" text PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"amount_fen" bigint NOT NULL,
	"paid_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sandbox_transactions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "closures" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"status" text NOT NULL,
	"reason" text NOT NULL,
	"stopped_on" date NOT NULL,
	"maker_id" uuid NOT NULL,
	"checker_id" uuid,
	"created_at" timestamp with time zone NOT NULL,
	"approved_at" timestamp with time zone,
	"completed_at" timestamp with time zone,
	"contracts" integer DEFAULT 0 NOT NULL,
	"done" integer DEFAULT 0 NOT NULL,
	"total_fen" bigint DEFAULT 0 NOT NULL,
	"shortfall_fen" bigint DEFAULT 0 NOT NULL,
	"difference_fen" bigint,
	CONSTRAINT "closures_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "closures_status" CHECK ("closures"."status" in ('proposed', 'running', 'completed', 'cancelled')),
	CONSTRAINT "closures_two_people" CHECK ("closures"."checker_id" is null or "closures"."checker_id" <> "closures"."maker_id")
);
--> statement-breakpoint
ALTER TABLE "closures" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "cap_holders" (
	"office_id" integer NOT NULL,
	"merchant_id" uuid NOT NULL,
	"id_number_index" "bytea" NOT NULL,
	CONSTRAINT "cap_holders_pk" PRIMARY KEY("office_id","merchant_id","id_number_index")
);
--> statement-breakpoint
ALTER TABLE "cap_holders" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "contract_terms" (
	"office_id" integer NOT NULL,
	"contract_id" uuid NOT NULL,
	"offer" jsonb NOT NULL,
	"merchant_name" text NOT NULL,
	"id_number_index" "bytea" NOT NULL,
	"beneficiary_sealed" text,
	"document_sealed" text NOT NULL,
	"document_sha256" text NOT NULL,
	"accept_arbitration" boolean,
	"signature" jsonb,
	CONSTRAINT "contract_terms_pk" PRIMARY KEY("office_id","contract_id")
);
--> statement-breakpoint
ALTER TABLE "contract_terms" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "contracts" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"consumer_id" uuid NOT NULL,
	"product_id" uuid NOT NULL,
	"product_version" integer NOT NULL,
	"kind" text NOT NULL,
	"status" text NOT NULL,
	"frozen" text,
	"release" text NOT NULL,
	"objection_hours" integer NOT NULL,
	"venue_ids" uuid[],
	"price_fen" bigint NOT NULL,
	"units" bigint NOT NULL,
	"units_used" bigint DEFAULT 0 NOT NULL,
	"alloc_fen" bigint DEFAULT 0 NOT NULL,
	"taken_fen" bigint DEFAULT 0 NOT NULL,
	"paid_fen" bigint DEFAULT 0 NOT NULL,
	"held_fen" bigint DEFAULT 0 NOT NULL,
	"disputed_fen" bigint DEFAULT 0 NOT NULL,
	"pending_fen" bigint DEFAULT 0 NOT NULL,
	"released_fen" bigint DEFAULT 0 NOT NULL,
	"refunded_fen" bigint DEFAULT 0 NOT NULL,
	"refund_paid_fen" bigint DEFAULT 0 NOT NULL,
	"objected_fen" bigint DEFAULT 0 NOT NULL,
	"dispute_id" uuid,
	"version" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"signed_at" timestamp with time zone,
	"paid_at" timestamp with time zone,
	"deposited_at" timestamp with time zone,
	"cooling_off_until" timestamp with time zone,
	"expires_at" timestamp with time zone,
	"term_start" date,
	"ended_at" timestamp with time zone,
	CONSTRAINT "contracts_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "contracts_money_adds_up" CHECK ("contracts"."paid_fen" = "contracts"."held_fen" + "contracts"."disputed_fen" + "contracts"."pending_fen" + "contracts"."released_fen" + "contracts"."refunded_fen"),
	CONSTRAINT "contracts_money_not_below_zero" CHECK ("contracts"."held_fen" >= 0 and "contracts"."disputed_fen" >= 0 and "contracts"."pending_fen" >= 0 and "contracts"."released_fen" >= 0 and "contracts"."refunded_fen" >= 0 and "contracts"."paid_fen" >= 0),
	CONSTRAINT "contracts_parts_within" CHECK ("contracts"."refund_paid_fen" between 0 and "contracts"."refunded_fen" and "contracts"."objected_fen" between 0 and "contracts"."pending_fen"),
	CONSTRAINT "contracts_price_is_accounted_for" CHECK ("contracts"."status" not in ('active', 'completed', 'expired') or "contracts"."frozen" is not null or "contracts"."alloc_fen" + "contracts"."taken_fen" + "contracts"."held_fen" = "contracts"."price_fen"),
	CONSTRAINT "contracts_units_within" CHECK ("contracts"."units_used" between 0 and "contracts"."units"),
	CONSTRAINT "contracts_status" CHECK ("contracts"."status" in ('awaiting_signature', 'awaiting_payment', 'active', 'completed', 'terminated', 'expired', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "contracts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"office_id" integer NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"request_hash" "bytea" NOT NULL,
	"answer" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_pk" PRIMARY KEY("office_id","key_hash")
);
--> statement-breakpoint
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "channel_settlements" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"channel" text NOT NULL,
	"settlement_id" text NOT NULL,
	"gross_fen" bigint NOT NULL,
	"fee_fen" bigint NOT NULL,
	"value_date" timestamp with time zone NOT NULL,
	CONSTRAINT "channel_settlements_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "channel_settlements_once" UNIQUE("office_id","channel","settlement_id")
);
--> statement-breakpoint
ALTER TABLE "channel_settlements" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "deposit_refusals" (
	"office_id" integer NOT NULL,
	"contract_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"refused_by" uuid NOT NULL,
	"refused_at" timestamp with time zone NOT NULL,
	CONSTRAINT "deposit_refusals_pk" PRIMARY KEY("office_id","contract_id")
);
--> statement-breakpoint
ALTER TABLE "deposit_refusals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "payments" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"channel" text NOT NULL,
	"amount_fen" bigint NOT NULL,
	"action" jsonb,
	"status" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "payments_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "payments_status" CHECK ("payments"."status" in ('pending', 'succeeded', 'failed', 'closed'))
);
--> statement-breakpoint
ALTER TABLE "payments" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "receipts" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"channel" text NOT NULL,
	"transaction_id" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"amount_fen" bigint NOT NULL,
	"purpose" text NOT NULL,
	"reason" text,
	"paid_at" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "receipts_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "receipts_once_per_transaction" UNIQUE("office_id","channel","transaction_id")
);
--> statement-breakpoint
ALTER TABLE "receipts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "settled_transactions" (
	"office_id" integer NOT NULL,
	"channel" text NOT NULL,
	"transaction_id" text NOT NULL,
	"settled_by" uuid NOT NULL,
	"value_date" timestamp with time zone NOT NULL,
	CONSTRAINT "settled_transactions_pk" PRIMARY KEY("office_id","channel","transaction_id")
);
--> statement-breakpoint
ALTER TABLE "settled_transactions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "disputes" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"claimant" text NOT NULL,
	"stage" text NOT NULL,
	"ground" text NOT NULL,
	"statement" text NOT NULL,
	"claim_fen" bigint NOT NULL,
	"frozen_fen" bigint NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"deadline_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "disputes_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "disputes_stage" CHECK ("disputes"."stage" in ('negotiation', 'mediation', 'arbitration', 'decided', 'settled', 'withdrawn', 'lapsed', 'executed'))
);
--> statement-breakpoint
ALTER TABLE "disputes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "freeze_lines" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"dispute_id" uuid,
	"contract_id" uuid NOT NULL,
	"source" text NOT NULL,
	"release_id" uuid,
	"amount_fen" bigint NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "freeze_lines_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "freeze_lines_amount" CHECK ("freeze_lines"."amount_fen" > 0)
);
--> statement-breakpoint
ALTER TABLE "freeze_lines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "evidence_entries" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"fact" text NOT NULL,
	"subject" text NOT NULL,
	"transfer_id" uuid,
	"contract_id" uuid,
	"merchant_id" uuid,
	"entry" text NOT NULL,
	"openings" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "evidence_entries_pk" PRIMARY KEY("office_id","id")
);
--> statement-breakpoint
ALTER TABLE "evidence_entries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "challenges" (
	"id" uuid PRIMARY KEY NOT NULL,
	"purpose" text NOT NULL,
	"phone_index" "bytea" NOT NULL,
	"phone_sealed" text NOT NULL,
	"person_id" uuid,
	"contract_id" uuid,
	"document_sha256" text,
	"code_hash" "bytea" NOT NULL,
	"wrong_codes" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "challenges" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "memberships" (
	"id" uuid PRIMARY KEY NOT NULL,
	"person_id" uuid NOT NULL,
	"end" text NOT NULL,
	"office" integer,
	"merchant_id" uuid,
	"roles" text[] NOT NULL,
	"name_sealed" text,
	"place_name" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "memberships_one_per_place" UNIQUE NULLS NOT DISTINCT("person_id","end","office","merchant_id")
);
--> statement-breakpoint
ALTER TABLE "memberships" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "people" (
	"id" uuid PRIMARY KEY NOT NULL,
	"phone_index" "bytea" NOT NULL,
	"phone_sealed" text NOT NULL,
	"name_sealed" text,
	"id_number_sealed" text,
	"id_number_index" "bytea",
	"password_hash" text,
	"password_expires_at" timestamp with time zone,
	"failed_sign_ins" integer DEFAULT 0 NOT NULL,
	"locked_until" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "people_one_per_phone" UNIQUE("phone_index")
);
--> statement-breakpoint
ALTER TABLE "people" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"person_id" uuid NOT NULL,
	"end" text NOT NULL,
	"office" integer,
	"merchant_id" uuid,
	"roles" text[] NOT NULL,
	"refresh_hash" "bytea" NOT NULL,
	"address" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"refreshed_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"revoked_because" text
);
--> statement-breakpoint
ALTER TABLE "sessions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "accounts" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"of" text NOT NULL,
	"merchant_id" uuid,
	"balance_fen" bigint NOT NULL,
	"version" integer NOT NULL,
	CONSTRAINT "accounts_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "accounts_one_per_name" UNIQUE("office_id","kind","of"),
	CONSTRAINT "accounts_not_below_zero" CHECK ("accounts"."balance_fen" >= 0 or "accounts"."kind" = 'clearing')
);
--> statement-breakpoint
ALTER TABLE "accounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "entries" (
	"office_id" integer NOT NULL,
	"transfer_id" uuid NOT NULL,
	"line" smallint NOT NULL,
	"kind" text NOT NULL,
	"account_id" uuid,
	"contract_id" uuid,
	"side" text NOT NULL,
	"amount_fen" bigint NOT NULL,
	"balance_after_fen" bigint NOT NULL,
	"booked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "entries_pk" PRIMARY KEY("office_id","transfer_id","line"),
	CONSTRAINT "entries_side" CHECK ("entries"."side" in ('D', 'C')),
	CONSTRAINT "entries_amount_positive" CHECK ("entries"."amount_fen" > 0),
	CONSTRAINT "entries_not_below_zero" CHECK ("entries"."balance_after_fen" >= 0 or "entries"."kind" = 'clearing'),
	CONSTRAINT "entries_of_something" CHECK (("entries"."kind" in ('held', 'disputed', 'pending')) = ("entries"."account_id" is null) and ("entries"."account_id" is not null or "entries"."contract_id" is not null))
);
--> statement-breakpoint
ALTER TABLE "entries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "transfers" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"event" text NOT NULL,
	"reference" text NOT NULL,
	"contract_id" uuid,
	"merchant_id" uuid,
	"person_id" uuid,
	"debit_fen" bigint NOT NULL,
	"credit_fen" bigint NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"booked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "transfers_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "transfers_balance" CHECK ("transfers"."debit_fen" = "transfers"."credit_fen" and "transfers"."debit_fen" > 0)
);
--> statement-breakpoint
ALTER TABLE "transfers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "merchants" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"credit_code" text NOT NULL,
	"category" text NOT NULL,
	"district" text NOT NULL,
	"status" text NOT NULL,
	"reason" text,
	"applied_by" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"reviewed_by" uuid,
	"reviewed_at" timestamp with time zone,
	CONSTRAINT "merchants_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "merchants_status" CHECK ("merchants"."status" in ('in_review', 'active', 'rejected', 'suspended', 'closing', 'closed'))
);
--> statement-breakpoint
ALTER TABLE "merchants" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "settlement_accounts" (
	"office_id" integer NOT NULL,
	"merchant_id" uuid NOT NULL,
	"bank_name" text NOT NULL,
	"account_name_sealed" text NOT NULL,
	"account_number_sealed" text NOT NULL,
	"owner_phone_sealed" text NOT NULL,
	"owner_phone_index" "bytea" NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "settlement_accounts_pk" PRIMARY KEY("office_id","merchant_id")
);
--> statement-breakpoint
ALTER TABLE "settlement_accounts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "venues" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"name" text NOT NULL,
	"address" text NOT NULL,
	"lease_until" date NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "venues_pk" PRIMARY KEY("office_id","id")
);
--> statement-breakpoint
ALTER TABLE "venues" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "offices" (
	"number" integer PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"district" text NOT NULL,
	"origin" text NOT NULL,
	"account_number" text NOT NULL,
	"account_name" text NOT NULL,
	"bank_name" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "offices_id" UNIQUE("id")
);
--> statement-breakpoint
ALTER TABLE "offices" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "rules" (
	"name" text NOT NULL,
	"scope" text NOT NULL,
	"valid_from" date NOT NULL,
	"valid_to" date,
	"value" jsonb NOT NULL,
	"source" text NOT NULL,
	"confirmed" boolean DEFAULT false NOT NULL,
	CONSTRAINT "rules_pk" PRIMARY KEY("name","scope","valid_from")
);
--> statement-breakpoint
ALTER TABLE "rules" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "outbox" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"topic" text NOT NULL,
	"key" text NOT NULL,
	"payload" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"delivered_at" timestamp with time zone,
	CONSTRAINT "outbox_pk" PRIMARY KEY("office_id","id")
);
--> statement-breakpoint
ALTER TABLE "outbox" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "product_versions" (
	"office_id" integer NOT NULL,
	"product_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"merchant_id" uuid NOT NULL,
	"status" text NOT NULL,
	"offer" jsonb NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone NOT NULL,
	"reviewed_by" uuid,
	"listed_at" timestamp with time zone,
	"delisted_at" timestamp with time zone,
	CONSTRAINT "product_versions_pk" PRIMARY KEY("office_id","product_id","version"),
	CONSTRAINT "product_versions_status" CHECK ("product_versions"."status" in ('draft', 'in_review', 'listed', 'delisted'))
);
--> statement-breakpoint
ALTER TABLE "product_versions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "products" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "products_pk" PRIMARY KEY("office_id","id")
);
--> statement-breakpoint
ALTER TABLE "products" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "check_in_codes" (
	"office_id" integer NOT NULL,
	"code_hash" "bytea" NOT NULL,
	"short_code" text NOT NULL,
	"contract_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"consumer_id" uuid NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	CONSTRAINT "check_in_codes_pk" PRIMARY KEY("office_id","code_hash")
);
--> statement-breakpoint
ALTER TABLE "check_in_codes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "objections" (
	"office_id" integer NOT NULL,
	"release_id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"window_left_ms" bigint NOT NULL,
	"answer_by" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"outcome" text,
	CONSTRAINT "objections_pk" PRIMARY KEY("office_id","release_id")
);
--> statement-breakpoint
ALTER TABLE "objections" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "releases" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"units" bigint NOT NULL,
	"amount_fen" bigint NOT NULL,
	"units_left" bigint,
	"date" date NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"venue_id" uuid,
	"cashier_id" uuid,
	"code_hash" "bytea",
	"void_reason" text,
	"item_id" uuid,
	CONSTRAINT "releases_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "releases_state" CHECK ("releases"."state" in ('pending', 'objected', 'disputed', 'payable', 'voided', 'recorded')),
	CONSTRAINT "releases_amount" CHECK ("releases"."amount_fen" >= 0 and "releases"."units" >= 0)
);
--> statement-breakpoint
ALTER TABLE "releases" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "wrong_short_codes" (
	"office_id" integer NOT NULL,
	"merchant_id" uuid NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"count" integer NOT NULL,
	CONSTRAINT "wrong_short_codes_pk" PRIMARY KEY("office_id","merchant_id")
);
--> statement-breakpoint
ALTER TABLE "wrong_short_codes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "bank_refunds" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"refund_id" uuid NOT NULL,
	"status" text NOT NULL,
	"maker_id" uuid NOT NULL,
	"checker_id" uuid,
	"payee_sealed" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"ordered_at" timestamp with time zone,
	"answered_at" timestamp with time zone,
	"bank_reference" text,
	"return_reason" text,
	CONSTRAINT "bank_refunds_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "bank_refunds_status" CHECK ("bank_refunds"."status" in ('proposed', 'ordered', 'paid', 'returned', 'cancelled')),
	CONSTRAINT "bank_refunds_two_people" CHECK ("bank_refunds"."checker_id" is null or "bank_refunds"."checker_id" <> "bank_refunds"."maker_id")
);
--> statement-breakpoint
ALTER TABLE "bank_refunds" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "refund_quotes" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"agreed_fen" bigint,
	"gifts" jsonb,
	"rule" text NOT NULL,
	"refund_fen" bigint NOT NULL,
	"merchant_fen" bigint NOT NULL,
	"contested_fen" bigint NOT NULL,
	"held_fen" bigint NOT NULL,
	"shortfall_fen" bigint NOT NULL,
	"steps" jsonb NOT NULL,
	"law_refs" text[] NOT NULL,
	"contract_version" integer NOT NULL,
	"quoted_by" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "refund_quotes_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "refund_quotes_divide_what_is_held" CHECK ("refund_quotes"."held_fen" = "refund_quotes"."refund_fen" + "refund_quotes"."merchant_fen" + "refund_quotes"."contested_fen" and "refund_quotes"."refund_fen" >= 0 and "refund_quotes"."merchant_fen" >= 0 and "refund_quotes"."contested_fen" >= 0)
);
--> statement-breakpoint
ALTER TABLE "refund_quotes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "refunds" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"contract_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"status" text NOT NULL,
	"quote_id" uuid,
	"payment_id" uuid NOT NULL,
	"channel" text NOT NULL,
	"refund_fen" bigint NOT NULL,
	"merchant_fen" bigint NOT NULL,
	"contested_fen" bigint NOT NULL,
	"requested_by" uuid,
	"requested_end" text NOT NULL,
	"note" text,
	"deadline_at" timestamp with time zone NOT NULL,
	"consent_by" timestamp with time zone,
	"consumer_agreed" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"approved_by" uuid,
	"approved_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"channel_reference" text,
	"paid_at" timestamp with time zone,
	"by_bank" boolean DEFAULT false NOT NULL,
	"account_sealed" text,
	CONSTRAINT "refunds_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "refunds_status" CHECK ("refunds"."status" in ('awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'paid', 'declined', 'rejected', 'failed')),
	CONSTRAINT "refunds_amounts" CHECK ("refunds"."refund_fen" >= 0 and "refunds"."merchant_fen" >= 0 and "refunds"."contested_fen" >= 0)
);
--> statement-breakpoint
ALTER TABLE "refunds" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sandbox_bank_answers" (
	"merchant_id" text PRIMARY KEY NOT NULL,
	"outcome" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sandbox_bank_answers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sandbox_bank_entries" (
	"sequence" bigserial PRIMARY KEY NOT NULL,
	"account_number" text NOT NULL,
	"reference" text NOT NULL,
	"side" text NOT NULL,
	"amount_fen" bigint NOT NULL,
	"counterparty" text NOT NULL,
	"remittance" text NOT NULL,
	"booked_on" date NOT NULL,
	"booked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "sandbox_bank_entries_once" UNIQUE("reference")
);
--> statement-breakpoint
ALTER TABLE "sandbox_bank_entries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sandbox_bank_orders" (
	"key" text PRIMARY KEY NOT NULL,
	"account_number" text NOT NULL,
	"payee_id" text NOT NULL,
	"payee_name" text NOT NULL,
	"amount_fen" bigint NOT NULL,
	"fee_fen" bigint NOT NULL,
	"remittance" text NOT NULL,
	"outcome" text,
	"received_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sandbox_bank_orders" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sandbox_clock" (
	"one" integer PRIMARY KEY NOT NULL,
	"offset_ms" bigint NOT NULL,
	CONSTRAINT "sandbox_clock_one" CHECK ("sandbox_clock"."one" = 1)
);
--> statement-breakpoint
ALTER TABLE "sandbox_clock" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sandbox_messages" (
	"sequence" bigserial PRIMARY KEY NOT NULL,
	"key" text NOT NULL,
	"phone" text NOT NULL,
	"text" text NOT NULL,
	"code" text,
	"sent_at" timestamp with time zone NOT NULL,
	CONSTRAINT "sandbox_messages_once" UNIQUE("key")
);
--> statement-breakpoint
ALTER TABLE "sandbox_messages" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "settlement_items" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"settlement_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"merchant_name" text NOT NULL,
	"gross_fen" bigint NOT NULL,
	"fee_fen" bigint NOT NULL,
	"status" text NOT NULL,
	"payee_sealed" text,
	"bank_reference" text,
	"return_reason" text,
	"answered_at" timestamp with time zone,
	CONSTRAINT "settlement_items_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "settlement_items_status" CHECK ("settlement_items"."status" in ('draft', 'approved', 'submitted', 'paid', 'returned', 'cancelled')),
	CONSTRAINT "settlement_items_amounts" CHECK ("settlement_items"."gross_fen" > 0 and "settlement_items"."fee_fen" >= 0 and "settlement_items"."fee_fen" <= "settlement_items"."gross_fen")
);
--> statement-breakpoint
ALTER TABLE "settlement_items" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "settlements" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"status" text NOT NULL,
	"cutoff" timestamp with time zone NOT NULL,
	"fee_basis_points" integer NOT NULL,
	"maker_id" uuid NOT NULL,
	"checker_id" uuid,
	"created_at" timestamp with time zone NOT NULL,
	"approved_at" timestamp with time zone,
	"completed_at" timestamp with time zone,
	CONSTRAINT "settlements_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "settlements_status" CHECK ("settlements"."status" in ('draft', 'approved', 'submitted', 'completed', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "settlements" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "deadlines" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	CONSTRAINT "deadlines_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "deadlines_one_per_kind_and_subject" UNIQUE("office_id","kind","subject")
);
--> statement-breakpoint
ALTER TABLE "deadlines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "closures" ADD CONSTRAINT "closures_merchant" FOREIGN KEY ("office_id","merchant_id") REFERENCES "public"."merchants"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contract_terms" ADD CONSTRAINT "contract_terms_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contracts" ADD CONSTRAINT "contracts_merchant" FOREIGN KEY ("office_id","merchant_id") REFERENCES "public"."merchants"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deposit_refusals" ADD CONSTRAINT "deposit_refusals_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "receipts" ADD CONSTRAINT "receipts_payment" FOREIGN KEY ("office_id","payment_id") REFERENCES "public"."payments"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "settled_transactions" ADD CONSTRAINT "settled_transactions_settlement" FOREIGN KEY ("office_id","settled_by") REFERENCES "public"."channel_settlements"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "freeze_lines" ADD CONSTRAINT "freeze_lines_dispute" FOREIGN KEY ("office_id","dispute_id") REFERENCES "public"."disputes"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "entries" ADD CONSTRAINT "entries_transfer" FOREIGN KEY ("office_id","transfer_id") REFERENCES "public"."transfers"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "settlement_accounts" ADD CONSTRAINT "settlement_accounts_merchant" FOREIGN KEY ("office_id","merchant_id") REFERENCES "public"."merchants"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "venues" ADD CONSTRAINT "venues_merchant" FOREIGN KEY ("office_id","merchant_id") REFERENCES "public"."merchants"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_versions" ADD CONSTRAINT "product_versions_product" FOREIGN KEY ("office_id","product_id") REFERENCES "public"."products"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_merchant" FOREIGN KEY ("office_id","merchant_id") REFERENCES "public"."merchants"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "objections" ADD CONSTRAINT "objections_release" FOREIGN KEY ("office_id","release_id") REFERENCES "public"."releases"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_refunds" ADD CONSTRAINT "bank_refunds_refund" FOREIGN KEY ("office_id","refund_id") REFERENCES "public"."refunds"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refund_quotes" ADD CONSTRAINT "refund_quotes_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "settlement_items" ADD CONSTRAINT "settlement_items_settlement" FOREIGN KEY ("office_id","settlement_id") REFERENCES "public"."settlements"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "settlement_items" ADD CONSTRAINT "settlement_items_merchant" FOREIGN KEY ("office_id","merchant_id") REFERENCES "public"."merchants"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "sandbox_refunds_of_order" ON "sandbox_refunds" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "sandbox_transactions_of_order" ON "sandbox_transactions" USING btree ("order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "closures_one_per_merchant" ON "closures" USING btree ("office_id","merchant_id") WHERE "closures"."status" <> 'cancelled';--> statement-breakpoint
CREATE INDEX "contract_terms_by_id_number" ON "contract_terms" USING btree ("office_id","id_number_index");--> statement-breakpoint
CREATE INDEX "contracts_of_consumer" ON "contracts" USING btree ("consumer_id","office_id","id");--> statement-breakpoint
CREATE INDEX "contracts_of_merchant" ON "contracts" USING btree ("merchant_id","id");--> statement-breakpoint
CREATE INDEX "payments_of_contract" ON "payments" USING btree ("office_id","contract_id");--> statement-breakpoint
CREATE INDEX "receipts_of_payment" ON "receipts" USING btree ("office_id","payment_id");--> statement-breakpoint
CREATE INDEX "disputes_of_contract" ON "disputes" USING btree ("office_id","contract_id");--> statement-breakpoint
CREATE UNIQUE INDEX "disputes_one_open_per_contract" ON "disputes" USING btree ("office_id","contract_id") WHERE "disputes"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "freeze_lines_of_dispute" ON "freeze_lines" USING btree ("office_id","dispute_id");--> statement-breakpoint
CREATE INDEX "freeze_lines_of_contract" ON "freeze_lines" USING btree ("office_id","contract_id");--> statement-breakpoint
CREATE INDEX "challenges_by_phone" ON "challenges" USING btree ("phone_index","created_at");--> statement-breakpoint
CREATE INDEX "memberships_of_merchant" ON "memberships" USING btree ("office","merchant_id");--> statement-breakpoint
CREATE INDEX "sessions_of_person" ON "sessions" USING btree ("person_id");--> statement-breakpoint
CREATE INDEX "sessions_revoked" ON "sessions" USING btree ("revoked_at") WHERE "sessions"."revoked_at" is not null;--> statement-breakpoint
CREATE INDEX "accounts_of_merchant" ON "accounts" USING btree ("office_id","merchant_id") WHERE "accounts"."merchant_id" is not null;--> statement-breakpoint
CREATE INDEX "entries_by_contract" ON "entries" USING btree ("office_id","contract_id","transfer_id") WHERE "entries"."contract_id" is not null;--> statement-breakpoint
CREATE INDEX "entries_by_account" ON "entries" USING btree ("office_id","account_id","booked_at") WHERE "entries"."account_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "merchants_one_per_credit_code" ON "merchants" USING btree ("office_id","credit_code") WHERE "merchants"."status" not in ('rejected', 'closed');--> statement-breakpoint
CREATE UNIQUE INDEX "venues_one_per_name" ON "venues" USING btree ("office_id","merchant_id",md5("name"));--> statement-breakpoint
CREATE INDEX "outbox_due" ON "outbox" USING btree ("office_id","due_at") WHERE "outbox"."delivered_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "product_versions_one_listed" ON "product_versions" USING btree ("office_id","product_id") WHERE "product_versions"."status" = 'listed';--> statement-breakpoint
CREATE UNIQUE INDEX "product_versions_one_open" ON "product_versions" USING btree ("office_id","product_id") WHERE "product_versions"."status" in ('draft', 'in_review');--> statement-breakpoint
CREATE INDEX "products_of_merchant" ON "products" USING btree ("office_id","merchant_id");--> statement-breakpoint
CREATE INDEX "check_in_codes_short" ON "check_in_codes" USING btree ("office_id","short_code");--> statement-breakpoint
CREATE INDEX "check_in_codes_expiry" ON "check_in_codes" USING btree ("office_id","expires_at");--> statement-breakpoint
CREATE INDEX "releases_of_contract" ON "releases" USING btree ("office_id","contract_id","id");--> statement-breakpoint
CREATE INDEX "releases_window" ON "releases" USING btree ("office_id","due_at") WHERE "releases"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "releases_payable" ON "releases" USING btree ("office_id","merchant_id") WHERE "releases"."state" = 'payable' and "releases"."item_id" is null;--> statement-breakpoint
CREATE INDEX "releases_of_item" ON "releases" USING btree ("office_id","item_id") WHERE "releases"."item_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "bank_refunds_one_open_per_refund" ON "bank_refunds" USING btree ("office_id","refund_id") WHERE "bank_refunds"."status" in ('proposed', 'ordered');--> statement-breakpoint
CREATE INDEX "refunds_of_contract" ON "refunds" USING btree ("office_id","contract_id");--> statement-breakpoint
CREATE INDEX "refunds_open" ON "refunds" USING btree ("office_id","status","id");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_one_open_per_contract" ON "refunds" USING btree ("office_id","contract_id") WHERE "refunds"."reason" in ('cooling_off', 'consumer_choice', 'merchant_breach', 'mutual', 'force_majeure', 'closure', 'deposit_refused') and "refunds"."status" in ('awaiting_consent', 'awaiting_approval', 'approved', 'processing', 'failed');--> statement-breakpoint
CREATE INDEX "refunds_unpaid_by_deadline" ON "refunds" USING btree ("office_id","deadline_at") WHERE "refunds"."status" not in ('paid', 'declined', 'rejected');--> statement-breakpoint
CREATE INDEX "sandbox_messages_by_phone" ON "sandbox_messages" USING btree ("phone","sequence");--> statement-breakpoint
CREATE INDEX "settlement_items_of_settlement" ON "settlement_items" USING btree ("office_id","settlement_id");--> statement-breakpoint
CREATE INDEX "settlement_items_of_merchant" ON "settlement_items" USING btree ("office_id","merchant_id","id");--> statement-breakpoint
CREATE INDEX "deadlines_due" ON "deadlines" USING btree ("office_id","due_at");--> statement-breakpoint
CREATE POLICY "audit_log_insert_notary_operator_bureau_adjudicator_merchant_co" ON "audit_log" AS PERMISSIVE FOR INSERT TO "ticun_adjudicator", "ticun_anyone", "ticun_bureau", "ticun_consumer", "ticun_identity", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "sandbox_orders_select_worker" ON "sandbox_orders" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "sandbox_orders_insert_worker" ON "sandbox_orders" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sandbox_orders_update_worker" ON "sandbox_orders" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sandbox_refunds_select_worker" ON "sandbox_refunds" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "sandbox_refunds_insert_worker" ON "sandbox_refunds" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sandbox_transactions_select_worker" ON "sandbox_transactions" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "sandbox_transactions_insert_worker" ON "sandbox_transactions" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "closures_select_notary_worker" ON "closures" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "closures_insert_notary_worker" ON "closures" AS PERMISSIVE FOR INSERT TO "ticun_notary", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "closures_update_notary_worker" ON "closures" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "closures_select_bureau_operator" ON "closures" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_operator" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "closures_select_merchant" ON "closures" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "cap_holders_select_consumer_worker" ON "cap_holders" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "cap_holders_insert_consumer_worker" ON "cap_holders" AS PERMISSIVE FOR INSERT TO "ticun_consumer", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "cap_holders_update_consumer_worker" ON "cap_holders" AS PERMISSIVE FOR UPDATE TO "ticun_consumer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contract_terms_select_consumer_merchant" ON "contract_terms" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_merchant" USING (exists (select 1 from contracts c where c.office_id = contract_terms.office_id and c.id = contract_terms.contract_id));--> statement-breakpoint
CREATE POLICY "contract_terms_insert_consumer" ON "contract_terms" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (exists (select 1 from contracts c where c.office_id = contract_terms.office_id and c.id = contract_terms.contract_id));--> statement-breakpoint
CREATE POLICY "contract_terms_update_consumer" ON "contract_terms" AS PERMISSIVE FOR UPDATE TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = contract_terms.office_id and c.id = contract_terms.contract_id)) WITH CHECK (exists (select 1 from contracts c where c.office_id = contract_terms.office_id and c.id = contract_terms.contract_id));--> statement-breakpoint
CREATE POLICY "contract_terms_select_notary" ON "contract_terms" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contract_terms_select_worker" ON "contract_terms" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contract_terms_insert_worker" ON "contract_terms" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contract_terms_update_worker" ON "contract_terms" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contracts_select_consumer" ON "contracts" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (consumer_id = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "contracts_insert_consumer" ON "contracts" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (consumer_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contracts_update_consumer" ON "contracts" AS PERMISSIVE FOR UPDATE TO "ticun_consumer" USING (consumer_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (consumer_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contracts_select_merchant" ON "contracts" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "contracts_update_merchant" ON "contracts" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "contracts_select_notary_redeemer" ON "contracts" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_redeemer" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contracts_update_notary_redeemer" ON "contracts" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_redeemer" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contracts_select_worker" ON "contracts" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contracts_insert_worker" ON "contracts" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "contracts_update_worker" ON "contracts" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "idempotency_keys_select_consumer_merchant_notary_operator_adjud" ON "idempotency_keys" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_anyone", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "idempotency_keys_insert_consumer_merchant_notary_operator_adjud" ON "idempotency_keys" AS PERMISSIVE FOR INSERT TO "ticun_adjudicator", "ticun_anyone", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "channel_settlements_select_notary" ON "channel_settlements" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "channel_settlements_select_worker" ON "channel_settlements" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "channel_settlements_insert_worker" ON "channel_settlements" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "deposit_refusals_select_notary" ON "deposit_refusals" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "deposit_refusals_insert_notary" ON "deposit_refusals" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "deposit_refusals_select_consumer_merchant" ON "deposit_refusals" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_merchant" USING (exists (select 1 from contracts c where c.office_id = deposit_refusals.office_id and c.id = deposit_refusals.contract_id));--> statement-breakpoint
CREATE POLICY "deposit_refusals_select_worker" ON "deposit_refusals" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "payments_select_consumer" ON "payments" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = payments.office_id and c.id = payments.contract_id));--> statement-breakpoint
CREATE POLICY "payments_insert_consumer" ON "payments" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (exists (select 1 from contracts c where c.office_id = payments.office_id and c.id = payments.contract_id));--> statement-breakpoint
CREATE POLICY "payments_update_consumer" ON "payments" AS PERMISSIVE FOR UPDATE TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = payments.office_id and c.id = payments.contract_id)) WITH CHECK (exists (select 1 from contracts c where c.office_id = payments.office_id and c.id = payments.contract_id));--> statement-breakpoint
CREATE POLICY "payments_select_merchant" ON "payments" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (exists (select 1 from contracts c where c.office_id = payments.office_id and c.id = payments.contract_id));--> statement-breakpoint
CREATE POLICY "payments_select_notary" ON "payments" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "payments_select_worker" ON "payments" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "payments_insert_worker" ON "payments" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "payments_update_worker" ON "payments" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "receipts_select_notary" ON "receipts" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "receipts_select_consumer_merchant" ON "receipts" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_merchant" USING (exists (select 1 from payments p where p.office_id = receipts.office_id and p.id = receipts.payment_id));--> statement-breakpoint
CREATE POLICY "receipts_select_worker" ON "receipts" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "receipts_insert_worker" ON "receipts" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settled_transactions_select_notary" ON "settled_transactions" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settled_transactions_select_worker" ON "settled_transactions" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settled_transactions_insert_worker" ON "settled_transactions" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "disputes_select_consumer" ON "disputes" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = disputes.office_id and c.id = disputes.contract_id));--> statement-breakpoint
CREATE POLICY "disputes_select_merchant" ON "disputes" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "disputes_select_notary_operator" ON "disputes" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_operator" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "disputes_select_worker" ON "disputes" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "disputes_insert_worker" ON "disputes" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "disputes_update_worker" ON "disputes" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "freeze_lines_select_consumer_merchant" ON "freeze_lines" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_merchant" USING (exists (select 1 from contracts c where c.office_id = freeze_lines.office_id and c.id = freeze_lines.contract_id));--> statement-breakpoint
CREATE POLICY "freeze_lines_select_notary" ON "freeze_lines" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "freeze_lines_select_worker" ON "freeze_lines" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "freeze_lines_insert_worker" ON "freeze_lines" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "freeze_lines_update_worker" ON "freeze_lines" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_entries_select_notary_worker_redeemer" ON "evidence_entries" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_redeemer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_entries_select_consumer" ON "evidence_entries" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (contract_id is not null and exists (select 1 from contracts c where c.office_id = evidence_entries.office_id and c.id = evidence_entries.contract_id));--> statement-breakpoint
CREATE POLICY "evidence_entries_select_merchant" ON "evidence_entries" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "evidence_entries_insert_consumer_merchant_notary_operator_adjud" ON "evidence_entries" AS PERMISSIVE FOR INSERT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "challenges_select_identity_worker" ON "challenges" AS PERMISSIVE FOR SELECT TO "ticun_identity", "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "challenges_insert_identity_worker" ON "challenges" AS PERMISSIVE FOR INSERT TO "ticun_identity", "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "challenges_update_identity_worker" ON "challenges" AS PERMISSIVE FOR UPDATE TO "ticun_identity", "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "challenges_delete_identity_worker" ON "challenges" AS PERMISSIVE FOR DELETE TO "ticun_identity", "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "memberships_select_identity_worker" ON "memberships" AS PERMISSIVE FOR SELECT TO "ticun_identity", "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "memberships_insert_identity_worker" ON "memberships" AS PERMISSIVE FOR INSERT TO "ticun_identity", "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "memberships_update_identity_worker" ON "memberships" AS PERMISSIVE FOR UPDATE TO "ticun_identity", "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "memberships_select_consumer_bureau_adjudicator" ON "memberships" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_bureau", "ticun_consumer" USING (person_id = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "memberships_select_merchant" ON "memberships" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (person_id = (select nullif(current_setting('ticun.person', true), '')::uuid) or (office = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)));--> statement-breakpoint
CREATE POLICY "memberships_select_notary_operator" ON "memberships" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_operator" USING (person_id = (select nullif(current_setting('ticun.person', true), '')::uuid) or office = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "people_select_identity_worker" ON "people" AS PERMISSIVE FOR SELECT TO "ticun_identity", "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "people_insert_identity_worker" ON "people" AS PERMISSIVE FOR INSERT TO "ticun_identity", "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "people_update_identity_worker" ON "people" AS PERMISSIVE FOR UPDATE TO "ticun_identity", "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "people_select_consumer_merchant_notary_operator_bureau_adjudica" ON "people" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_bureau", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (id = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "sessions_select_identity_worker" ON "sessions" AS PERMISSIVE FOR SELECT TO "ticun_identity", "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "sessions_insert_identity_worker" ON "sessions" AS PERMISSIVE FOR INSERT TO "ticun_identity", "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sessions_update_identity_worker" ON "sessions" AS PERMISSIVE FOR UPDATE TO "ticun_identity", "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "accounts_select_notary_worker_bureau" ON "accounts" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "accounts_insert_notary_worker" ON "accounts" AS PERMISSIVE FOR INSERT TO "ticun_notary", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "accounts_update_notary_worker" ON "accounts" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "accounts_select_merchant" ON "accounts" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "accounts_insert_merchant" ON "accounts" AS PERMISSIVE FOR INSERT TO "ticun_merchant" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid) and kind = 'refund_payable');--> statement-breakpoint
CREATE POLICY "accounts_update_merchant" ON "accounts" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid) and kind = 'refund_payable') WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid) and kind = 'refund_payable');--> statement-breakpoint
CREATE POLICY "entries_select_notary_bureau_worker_redeemer" ON "entries" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_notary", "ticun_redeemer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "entries_select_consumer_merchant" ON "entries" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_merchant" USING (contract_id is not null and exists (select 1 from contracts c where c.office_id = entries.office_id and c.id = entries.contract_id));--> statement-breakpoint
CREATE POLICY "entries_insert_consumer_merchant_notary_worker_redeemer" ON "entries" AS PERMISSIVE FOR INSERT TO "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_redeemer", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "transfers_select_notary_bureau_worker_redeemer" ON "transfers" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_notary", "ticun_redeemer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "transfers_select_consumer_merchant" ON "transfers" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_merchant" USING (exists (select 1 from entries e where e.office_id = transfers.office_id and e.transfer_id = transfers.id));--> statement-breakpoint
CREATE POLICY "transfers_insert_consumer_merchant_notary_worker_redeemer" ON "transfers" AS PERMISSIVE FOR INSERT TO "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_redeemer", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "merchants_select_notary_operator_bureau_worker_redeemer" ON "merchants" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "merchants_insert_worker" ON "merchants" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "merchants_insert_consumer_merchant_notary_operator_adjudicator" ON "merchants" AS PERMISSIVE FOR INSERT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and applied_by = (select nullif(current_setting('ticun.person', true), '')::uuid) and status = 'in_review');--> statement-breakpoint
CREATE POLICY "merchants_update_notary_worker" ON "merchants" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "merchants_select_merchant" ON "merchants" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING ((office_id = (select nullif(current_setting('ticun.office', true), '')::int) and id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) or applied_by = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "merchants_select_consumer_adjudicator" ON "merchants" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer" USING (status in ('active', 'suspended', 'closing', 'closed') or applied_by = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "merchants_select_anyone" ON "merchants" AS PERMISSIVE FOR SELECT TO "ticun_anyone" USING (status in ('active', 'suspended', 'closing', 'closed'));--> statement-breakpoint
CREATE POLICY "settlement_accounts_select_notary_operator_worker" ON "settlement_accounts" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_operator", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlement_accounts_insert_operator_worker_notary_consumer_merc" ON "settlement_accounts" AS PERMISSIVE FOR INSERT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlement_accounts_update_worker" ON "settlement_accounts" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlement_accounts_select_merchant" ON "settlement_accounts" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "venues_select_anyone_consumer_bureau_operator_notary_worker_red" ON "venues" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_anyone", "ticun_bureau", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "venues_insert_merchant" ON "venues" AS PERMISSIVE FOR INSERT TO "ticun_merchant" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "venues_update_merchant" ON "venues" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "venues_insert_worker" ON "venues" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "venues_update_worker" ON "venues" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "offices_select_consumer_merchant_notary_operator_bureau_adjudic" ON "offices" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_anyone", "ticun_bureau", "ticun_consumer", "ticun_identity", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "offices_insert_worker" ON "offices" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "offices_update_worker" ON "offices" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "rules_select_consumer_merchant_notary_operator_bureau_adjudicat" ON "rules" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_anyone", "ticun_bureau", "ticun_consumer", "ticun_identity", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "rules_insert_worker" ON "rules" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "rules_update_worker" ON "rules" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "outbox_insert_consumer_merchant_notary_operator_adjudicator_ide" ON "outbox" AS PERMISSIVE FOR INSERT TO "ticun_adjudicator", "ticun_anyone", "ticun_consumer", "ticun_identity", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "outbox_select_worker" ON "outbox" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "outbox_insert_worker" ON "outbox" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "outbox_update_worker" ON "outbox" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "product_versions_select_anyone_consumer_adjudicator" ON "product_versions" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_anyone", "ticun_consumer" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and listed_at is not null and status in ('listed', 'delisted'));--> statement-breakpoint
CREATE POLICY "product_versions_select_bureau_operator_notary_worker" ON "product_versions" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_notary", "ticun_operator", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "product_versions_select_merchant" ON "product_versions" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "product_versions_insert_merchant" ON "product_versions" AS PERMISSIVE FOR INSERT TO "ticun_merchant" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid) and status = 'draft' and listed_at is null);--> statement-breakpoint
CREATE POLICY "product_versions_update_merchant" ON "product_versions" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid) and status <> 'listed');--> statement-breakpoint
CREATE POLICY "product_versions_update_notary" ON "product_versions" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "product_versions_insert_worker" ON "product_versions" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "product_versions_update_worker" ON "product_versions" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "products_select_anyone_consumer_bureau_operator_notary_worker_m" ON "products" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_anyone", "ticun_bureau", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "products_insert_merchant" ON "products" AS PERMISSIVE FOR INSERT TO "ticun_merchant" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "products_insert_worker" ON "products" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "products_update_worker" ON "products" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "products_update_merchant" ON "products" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "products_update_notary" ON "products" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "check_in_codes_insert_consumer" ON "check_in_codes" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (consumer_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "check_in_codes_select_redeemer" ON "check_in_codes" AS PERMISSIVE FOR SELECT TO "ticun_redeemer" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "check_in_codes_update_redeemer" ON "check_in_codes" AS PERMISSIVE FOR UPDATE TO "ticun_redeemer" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "check_in_codes_select_worker" ON "check_in_codes" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "check_in_codes_insert_worker" ON "check_in_codes" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "check_in_codes_delete_worker" ON "check_in_codes" AS PERMISSIVE FOR DELETE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "objections_select_consumer" ON "objections" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = objections.office_id and c.id = objections.contract_id));--> statement-breakpoint
CREATE POLICY "objections_insert_consumer" ON "objections" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (exists (select 1 from contracts c where c.office_id = objections.office_id and c.id = objections.contract_id));--> statement-breakpoint
CREATE POLICY "objections_update_consumer" ON "objections" AS PERMISSIVE FOR UPDATE TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = objections.office_id and c.id = objections.contract_id)) WITH CHECK (exists (select 1 from contracts c where c.office_id = objections.office_id and c.id = objections.contract_id));--> statement-breakpoint
CREATE POLICY "objections_select_merchant" ON "objections" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "objections_update_merchant" ON "objections" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "objections_select_notary" ON "objections" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "objections_select_worker" ON "objections" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "objections_update_worker" ON "objections" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "releases_select_consumer" ON "releases" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = releases.office_id and c.id = releases.contract_id));--> statement-breakpoint
CREATE POLICY "releases_update_consumer" ON "releases" AS PERMISSIVE FOR UPDATE TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = releases.office_id and c.id = releases.contract_id)) WITH CHECK (exists (select 1 from contracts c where c.office_id = releases.office_id and c.id = releases.contract_id));--> statement-breakpoint
CREATE POLICY "releases_select_merchant" ON "releases" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "releases_update_merchant" ON "releases" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "releases_select_notary" ON "releases" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "releases_update_notary" ON "releases" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "releases_select_redeemer" ON "releases" AS PERMISSIVE FOR SELECT TO "ticun_redeemer" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "releases_insert_redeemer" ON "releases" AS PERMISSIVE FOR INSERT TO "ticun_redeemer" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "releases_select_worker" ON "releases" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "releases_insert_worker" ON "releases" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "releases_update_worker" ON "releases" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "wrong_short_codes_select_redeemer_merchant" ON "wrong_short_codes" AS PERMISSIVE FOR SELECT TO "ticun_merchant", "ticun_redeemer" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "wrong_short_codes_insert_redeemer_merchant" ON "wrong_short_codes" AS PERMISSIVE FOR INSERT TO "ticun_merchant", "ticun_redeemer" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "wrong_short_codes_update_redeemer_merchant" ON "wrong_short_codes" AS PERMISSIVE FOR UPDATE TO "ticun_merchant", "ticun_redeemer" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_refunds_select_notary_worker" ON "bank_refunds" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_refunds_insert_notary_worker" ON "bank_refunds" AS PERMISSIVE FOR INSERT TO "ticun_notary", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_refunds_update_notary_worker" ON "bank_refunds" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "refund_quotes_select_consumer_merchant" ON "refund_quotes" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_merchant" USING (exists (select 1 from contracts c where c.office_id = refund_quotes.office_id and c.id = refund_quotes.contract_id));--> statement-breakpoint
CREATE POLICY "refund_quotes_insert_consumer_merchant" ON "refund_quotes" AS PERMISSIVE FOR INSERT TO "ticun_consumer", "ticun_merchant" WITH CHECK (exists (select 1 from contracts c where c.office_id = refund_quotes.office_id and c.id = refund_quotes.contract_id));--> statement-breakpoint
CREATE POLICY "refund_quotes_select_notary_worker" ON "refund_quotes" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "refund_quotes_insert_notary_worker" ON "refund_quotes" AS PERMISSIVE FOR INSERT TO "ticun_notary", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "refunds_select_consumer" ON "refunds" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = refunds.office_id and c.id = refunds.contract_id));--> statement-breakpoint
CREATE POLICY "refunds_insert_consumer" ON "refunds" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (exists (select 1 from contracts c where c.office_id = refunds.office_id and c.id = refunds.contract_id));--> statement-breakpoint
CREATE POLICY "refunds_update_consumer" ON "refunds" AS PERMISSIVE FOR UPDATE TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = refunds.office_id and c.id = refunds.contract_id)) WITH CHECK (exists (select 1 from contracts c where c.office_id = refunds.office_id and c.id = refunds.contract_id));--> statement-breakpoint
CREATE POLICY "refunds_select_merchant" ON "refunds" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "refunds_insert_merchant" ON "refunds" AS PERMISSIVE FOR INSERT TO "ticun_merchant" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "refunds_update_merchant" ON "refunds" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "refunds_select_notary_worker" ON "refunds" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "refunds_insert_notary_worker" ON "refunds" AS PERMISSIVE FOR INSERT TO "ticun_notary", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "refunds_update_notary_worker" ON "refunds" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "sandbox_bank_answers_select_worker" ON "sandbox_bank_answers" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "sandbox_bank_answers_insert_worker" ON "sandbox_bank_answers" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sandbox_bank_answers_update_worker" ON "sandbox_bank_answers" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sandbox_bank_entries_select_worker" ON "sandbox_bank_entries" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "sandbox_bank_entries_insert_worker" ON "sandbox_bank_entries" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sandbox_bank_orders_select_worker" ON "sandbox_bank_orders" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "sandbox_bank_orders_insert_worker" ON "sandbox_bank_orders" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sandbox_bank_orders_update_worker" ON "sandbox_bank_orders" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sandbox_clock_select_worker" ON "sandbox_clock" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "sandbox_clock_insert_worker" ON "sandbox_clock" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sandbox_clock_update_worker" ON "sandbox_clock" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sandbox_messages_select_worker" ON "sandbox_messages" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "sandbox_messages_insert_worker" ON "sandbox_messages" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "settlement_items_select_notary_worker" ON "settlement_items" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlement_items_insert_notary_worker" ON "settlement_items" AS PERMISSIVE FOR INSERT TO "ticun_notary", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlement_items_update_notary_worker" ON "settlement_items" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlement_items_select_merchant" ON "settlement_items" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid) and status in ('submitted', 'paid', 'returned', 'approved'));--> statement-breakpoint
CREATE POLICY "settlements_select_notary_worker" ON "settlements" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlements_insert_notary_worker" ON "settlements" AS PERMISSIVE FOR INSERT TO "ticun_notary", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlements_update_notary_worker" ON "settlements" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "deadlines_select_consumer_merchant_notary_operator_adjudicator_" ON "deadlines" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "deadlines_insert_consumer_merchant_notary_operator_adjudicator_" ON "deadlines" AS PERMISSIVE FOR INSERT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "deadlines_update_consumer_merchant_notary_operator_adjudicator_" ON "deadlines" AS PERMISSIVE FOR UPDATE TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "deadlines_delete_consumer_merchant_notary_operator_adjudicator_" ON "deadlines" AS PERMISSIVE FOR DELETE TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator", "ticun_redeemer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));