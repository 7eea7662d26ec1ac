CREATE TABLE "bank_balances" (
	"office_id" integer NOT NULL,
	"account_number" text NOT NULL,
	"day" date NOT NULL,
	"closing_fen" bigint NOT NULL,
	"statement_id" uuid NOT NULL,
	CONSTRAINT "bank_balances_pk" PRIMARY KEY("office_id","account_number","day")
);
--> statement-breakpoint
ALTER TABLE "bank_balances" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "bank_entries" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"statement_id" uuid NOT NULL,
	"account_number" text NOT NULL,
	"entry_reference" text NOT NULL,
	"end_to_end_id" text NOT NULL,
	"side" text NOT NULL,
	"amount_fen" bigint NOT NULL,
	"booked_on" date NOT NULL,
	"value_on" date NOT NULL,
	"code" text NOT NULL,
	"status" text NOT NULL,
	"matched_by" text,
	"reason" text,
	"transfer_id" uuid,
	"details_sealed" text NOT NULL,
	CONSTRAINT "bank_entries_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "bank_entries_once" UNIQUE("office_id","account_number","entry_reference"),
	CONSTRAINT "bank_entries_side" CHECK ("bank_entries"."side" in ('C', 'D')),
	CONSTRAINT "bank_entries_amount_positive" CHECK ("bank_entries"."amount_fen" > 0),
	CONSTRAINT "bank_entries_status" CHECK ("bank_entries"."status" in ('new', 'matched', 'answers', 'booked', 'suspense', 'resolved'))
);
--> statement-breakpoint
ALTER TABLE "bank_entries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "bank_statements" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"account_number" text NOT NULL,
	"reference" text NOT NULL,
	"format" text NOT NULL,
	"opening_fen" bigint,
	"closing_fen" bigint,
	"closing_on" date,
	"imported_by" uuid NOT NULL,
	"imported_at" timestamp with time zone NOT NULL,
	CONSTRAINT "bank_statements_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "bank_statements_once" UNIQUE("office_id","account_number","reference")
);
--> statement-breakpoint
ALTER TABLE "bank_statements" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "suspense_items" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"entry_id" uuid NOT NULL,
	"side" text NOT NULL,
	"amount_fen" bigint NOT NULL,
	"status" text NOT NULL,
	"owner_id" uuid NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"kind" text,
	"target" text,
	"reason" text,
	"maker_id" uuid,
	"checker_id" uuid,
	"resolved_at" timestamp with time zone,
	CONSTRAINT "suspense_items_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "suspense_items_one_per_entry" UNIQUE("office_id","entry_id"),
	CONSTRAINT "suspense_items_status" CHECK ("suspense_items"."status" in ('open', 'proposed', 'resolved')),
	CONSTRAINT "suspense_items_two_people" CHECK ("suspense_items"."checker_id" is null or "suspense_items"."checker_id" <> "suspense_items"."maker_id")
);
--> statement-breakpoint
ALTER TABLE "suspense_items" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "case_files" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"dispute_id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"party" text NOT NULL,
	"filed_by" uuid NOT NULL,
	"name" text NOT NULL,
	"content_type" text NOT NULL,
	"size_bytes" integer NOT NULL,
	"sha256" text NOT NULL,
	"file" text NOT NULL,
	"purpose" text,
	"scan" text NOT NULL,
	"filed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "case_files_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "case_files_sha256" CHECK ("case_files"."sha256" ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
ALTER TABLE "case_files" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "certificate_series" (
	"office_id" integer NOT NULL,
	"year" text NOT NULL,
	"last" integer NOT NULL,
	CONSTRAINT "certificate_series_pk" PRIMARY KEY("office_id","year")
);
--> statement-breakpoint
ALTER TABLE "certificate_series" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "certificates" (
	"office_id" integer NOT NULL,
	"number" text NOT NULL,
	"kind" text NOT NULL,
	"about" text NOT NULL,
	"contract_id" uuid,
	"merchant_id" uuid,
	"status" text NOT NULL,
	"issued_at" timestamp with time zone NOT NULL,
	"reason" text,
	"proposed_by" uuid,
	"proposed_at" timestamp with time zone,
	"revoked_by" uuid,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "certificates_pk" PRIMARY KEY("office_id","number"),
	CONSTRAINT "certificates_once" UNIQUE("office_id","kind","about"),
	CONSTRAINT "certificates_status" CHECK ("certificates"."status" in ('valid', 'revoked')),
	CONSTRAINT "certificates_revoked_by_two" CHECK ("certificates"."status" <> 'revoked' or ("certificates"."reason" is not null and "certificates"."revoked_at" is not null and "certificates"."proposed_by" <> "certificates"."revoked_by"))
);
--> statement-breakpoint
ALTER TABLE "certificates" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "claim_collections" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"claim_id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"amount_fen" bigint NOT NULL,
	"refund_id" uuid NOT NULL,
	"collected_at" timestamp with time zone NOT NULL,
	"item_id" uuid,
	CONSTRAINT "claim_collections_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "claim_collections_amount" CHECK ("claim_collections"."amount_fen" > 0)
);
--> statement-breakpoint
ALTER TABLE "claim_collections" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "merchant_claims" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"dispute_id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"debtor" text NOT NULL,
	"cause" text NOT NULL,
	"correction" integer NOT NULL,
	"amount_fen" bigint NOT NULL,
	"collected_fen" bigint NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "merchant_claims_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "merchant_claims_amounts" CHECK ("merchant_claims"."amount_fen" > 0 and "merchant_claims"."collected_fen" between 0 and "merchant_claims"."amount_fen")
);
--> statement-breakpoint
ALTER TABLE "merchant_claims" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "adjudicator_declarations" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"adjudicator_id" uuid NOT NULL,
	"merchant_id" uuid,
	"dispute_id" uuid,
	"relation" text NOT NULL,
	"ended_on" date,
	"note" text NOT NULL,
	"declared_by" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "adjudicator_declarations_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "adjudicator_declarations_about" CHECK (("adjudicator_declarations"."merchant_id" is null) <> ("adjudicator_declarations"."dispute_id" is null))
);
--> statement-breakpoint
ALTER TABLE "adjudicator_declarations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "awards" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"dispute_id" uuid NOT NULL,
	"award_number" text NOT NULL,
	"correction" integer NOT NULL,
	"status" text NOT NULL,
	"refund_fen" bigint NOT NULL,
	"release_fen" bigint NOT NULL,
	"restore_fen" bigint NOT NULL,
	"beyond_deposit_fen" bigint NOT NULL,
	"interest_fen" bigint NOT NULL,
	"costs" jsonb,
	"claims" text,
	"facts" text,
	"reasoning" text NOT NULL,
	"due_on" date,
	"arbitrator_ids" uuid[] NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"made_at" timestamp with time zone,
	"document_sha256" text,
	CONSTRAINT "awards_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "awards_amounts" CHECK ("awards"."refund_fen" >= 0 and "awards"."release_fen" >= 0 and "awards"."restore_fen" >= 0 and "awards"."beyond_deposit_fen" >= 0 and "awards"."interest_fen" >= 0),
	CONSTRAINT "awards_status" CHECK ("awards"."status" in ('proposed', 'made', 'superseded'))
);
--> statement-breakpoint
ALTER TABLE "awards" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dispute_assignments" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"dispute_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"adjudicator_id" uuid NOT NULL,
	"role" text NOT NULL,
	"status" text NOT NULL,
	"presides" boolean NOT NULL,
	"disclosures" jsonb NOT NULL,
	"assigned_by" uuid NOT NULL,
	"assigned_at" timestamp with time zone NOT NULL,
	"answer_by" timestamp with time zone,
	"answered_at" timestamp with time zone,
	"note" text,
	"ended_at" timestamp with time zone,
	CONSTRAINT "dispute_assignments_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "dispute_assignments_status" CHECK ("dispute_assignments"."status" in ('assigned', 'accepted', 'refused', 'lapsed', 'recused', 'released'))
);
--> statement-breakpoint
ALTER TABLE "dispute_assignments" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dispute_documents" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"dispute_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"facts_sealed" text NOT NULL,
	"text_sealed" text NOT NULL,
	"sha256" text NOT NULL,
	"pdf_id" uuid,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "dispute_documents_pk" PRIMARY KEY("office_id","id")
);
--> statement-breakpoint
ALTER TABLE "dispute_documents" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dispute_executions" (
	"office_id" integer NOT NULL,
	"award_id" uuid NOT NULL,
	"dispute_id" uuid NOT NULL,
	"maker_id" uuid NOT NULL,
	"checker_id" uuid,
	"proposed_at" timestamp with time zone NOT NULL,
	"executed_at" timestamp with time zone,
	CONSTRAINT "dispute_executions_pk" PRIMARY KEY("office_id","award_id"),
	CONSTRAINT "dispute_executions_two_people" CHECK ("dispute_executions"."checker_id" is null or "dispute_executions"."checker_id" <> "dispute_executions"."maker_id")
);
--> statement-breakpoint
ALTER TABLE "dispute_executions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dispute_messages" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"dispute_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"author" text NOT NULL,
	"author_id" uuid NOT NULL,
	"text" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "dispute_messages_pk" PRIMARY KEY("office_id","id")
);
--> statement-breakpoint
ALTER TABLE "dispute_messages" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dispute_offers" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"dispute_id" uuid NOT NULL,
	"side" text NOT NULL,
	"refund_fen" bigint NOT NULL,
	"message" text NOT NULL,
	"status" text NOT NULL,
	"made_by" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"answered_at" timestamp with time zone,
	CONSTRAINT "dispute_offers_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "dispute_offers_status" CHECK ("dispute_offers"."status" in ('open', 'accepted', 'declined', 'replaced', 'lapsed') and "dispute_offers"."refund_fen" >= 0)
);
--> statement-breakpoint
ALTER TABLE "dispute_offers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dispute_payments" (
	"office_id" integer NOT NULL,
	"dispute_id" uuid NOT NULL,
	"correction" integer NOT NULL,
	"item" text NOT NULL,
	"award_number" text,
	"amount_fen" bigint NOT NULL,
	"refund_id" uuid,
	"booked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "dispute_payments_pk" PRIMARY KEY("office_id","dispute_id","correction","item")
);
--> statement-breakpoint
ALTER TABLE "dispute_payments" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dispute_proposals" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"dispute_id" uuid NOT NULL,
	"refund_fen" bigint NOT NULL,
	"message" text NOT NULL,
	"status" text NOT NULL,
	"consumer_accepted" boolean DEFAULT false NOT NULL,
	"merchant_accepted" boolean DEFAULT false NOT NULL,
	"made_by" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"answered_at" timestamp with time zone,
	CONSTRAINT "dispute_proposals_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "dispute_proposals_status" CHECK ("dispute_proposals"."status" in ('open', 'accepted', 'declined', 'lapsed') and "dispute_proposals"."refund_fen" >= 0)
);
--> statement-breakpoint
ALTER TABLE "dispute_proposals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dispute_redemptions" (
	"office_id" integer NOT NULL,
	"dispute_id" uuid NOT NULL,
	"redemption_id" uuid NOT NULL,
	CONSTRAINT "dispute_redemptions_pk" PRIMARY KEY("office_id","dispute_id","redemption_id")
);
--> statement-breakpoint
ALTER TABLE "dispute_redemptions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "dispute_timeline" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"dispute_id" uuid NOT NULL,
	"fact" text NOT NULL,
	"stage" text NOT NULL,
	"by" text NOT NULL,
	"person_id" uuid,
	"amount_fen" bigint,
	"happened_at" timestamp with time zone NOT NULL,
	CONSTRAINT "dispute_timeline_pk" PRIMARY KEY("office_id","id")
);
--> statement-breakpoint
ALTER TABLE "dispute_timeline" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "documents" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"contract_id" uuid,
	"merchant_id" uuid,
	"status" text NOT NULL,
	"sheet_sealed" text NOT NULL,
	"statement" text,
	"document_sha256" text,
	"made_file" text,
	"sealed_sha256" text,
	"sealed_file" text,
	"sealed_at" timestamp with time zone,
	"reason" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "documents_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "documents_one_per_subject" UNIQUE("office_id","kind","subject"),
	CONSTRAINT "documents_status" CHECK ("documents"."status" in ('asked', 'made', 'sealed', 'failed')),
	CONSTRAINT "documents_sealed_whole" CHECK ("documents"."status" <> 'sealed' or ("documents"."sealed_sha256" is not null and "documents"."sealed_file" is not null and "documents"."sealed_at" is not null)),
	CONSTRAINT "documents_made_whole" CHECK ("documents"."status" not in ('made', 'sealed') or ("documents"."document_sha256" is not null and "documents"."made_file" is not null))
);
--> statement-breakpoint
ALTER TABLE "documents" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "evidence_anchors" (
	"office_id" integer NOT NULL,
	"tree_size" bigint NOT NULL,
	"chain" text NOT NULL,
	"reference" text NOT NULL,
	"anchored_at" timestamp with time zone NOT NULL,
	CONSTRAINT "evidence_anchors_pk" PRIMARY KEY("office_id","tree_size","chain")
);
--> statement-breakpoint
ALTER TABLE "evidence_anchors" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "evidence_checkpoints" (
	"office_id" integer NOT NULL,
	"tree_size" bigint NOT NULL,
	"root" "bytea" NOT NULL,
	"note" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "evidence_checkpoints_pk" PRIMARY KEY("office_id","tree_size")
);
--> statement-breakpoint
ALTER TABLE "evidence_checkpoints" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "evidence_keys" (
	"office_id" integer NOT NULL,
	"purpose" text NOT NULL,
	"key_sealed" text NOT NULL,
	"certificates" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "evidence_keys_pk" PRIMARY KEY("office_id","purpose")
);
--> statement-breakpoint
ALTER TABLE "evidence_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "evidence_logs" (
	"office_id" integer NOT NULL,
	"origin" text NOT NULL,
	"hash" text NOT NULL,
	"verifier_key" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "evidence_logs_pk" PRIMARY KEY("office_id")
);
--> statement-breakpoint
ALTER TABLE "evidence_logs" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "evidence_positions" (
	"office_id" integer NOT NULL,
	"leaf_index" bigint NOT NULL,
	"entry_id" uuid NOT NULL,
	"subject" text NOT NULL,
	CONSTRAINT "evidence_positions_pk" PRIMARY KEY("office_id","leaf_index"),
	CONSTRAINT "evidence_positions_once_per_entry" UNIQUE("office_id","entry_id")
);
--> statement-breakpoint
ALTER TABLE "evidence_positions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "evidence_tiles" (
	"office_id" integer NOT NULL,
	"level" smallint NOT NULL,
	"index" bigint NOT NULL,
	"hashes" "bytea" NOT NULL,
	CONSTRAINT "evidence_tiles_pk" PRIMARY KEY("office_id","level","index")
);
--> statement-breakpoint
ALTER TABLE "evidence_tiles" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "evidence_timestamps" (
	"office_id" integer NOT NULL,
	"tree_size" bigint NOT NULL,
	"authority" text NOT NULL,
	"token" "bytea" NOT NULL,
	"gen_time" timestamp with time zone NOT NULL,
	CONSTRAINT "evidence_timestamps_pk" PRIMARY KEY("office_id","tree_size")
);
--> statement-breakpoint
ALTER TABLE "evidence_timestamps" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "handovers" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"status" text NOT NULL,
	"from_id" uuid NOT NULL,
	"to_id" uuid NOT NULL,
	"to_phone" text NOT NULL,
	"confirms_releases" boolean NOT NULL,
	"document_subject" text,
	"document_sha256" text,
	"document_version" integer,
	"signature" jsonb,
	"standing" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	"lapses_at" timestamp with time zone NOT NULL,
	"decided_at" timestamp with time zone,
	CONSTRAINT "handovers_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "handovers_status" CHECK ("handovers"."status" in ('offered', 'accepted', 'declined', 'cancelled', 'lapsed')),
	CONSTRAINT "handovers_two_people" CHECK ("handovers"."from_id" <> "handovers"."to_id"),
	CONSTRAINT "handovers_signed" CHECK ("handovers"."status" <> 'accepted' or ("handovers"."signature" is not null and "handovers"."document_sha256" is not null and "handovers"."standing" is not null and "handovers"."decided_at" is not null))
);
--> statement-breakpoint
ALTER TABLE "handovers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "settlement_account_changes" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"status" text NOT NULL,
	"account_sealed" text NOT NULL,
	"requested_by" uuid NOT NULL,
	"requested_at" timestamp with time zone NOT NULL,
	"first_notary_id" uuid,
	"second_notary_id" uuid,
	"effective_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"reason" text,
	CONSTRAINT "settlement_account_changes_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "settlement_account_changes_status" CHECK ("settlement_account_changes"."status" in ('requested', 'checked', 'approved', 'effective', 'ended')),
	CONSTRAINT "settlement_account_changes_two_notaries" CHECK ("settlement_account_changes"."second_notary_id" is null or "settlement_account_changes"."second_notary_id" <> "settlement_account_changes"."first_notary_id")
);
--> statement-breakpoint
ALTER TABLE "settlement_account_changes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "pauses" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"ground" text NOT NULL,
	"status" text NOT NULL,
	"proposed_end" text NOT NULL,
	"proposed_by" uuid NOT NULL,
	"starts_on" date NOT NULL,
	"ends_on" date NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"answered_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	CONSTRAINT "pauses_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "pauses_status" CHECK ("pauses"."status" in ('proposed', 'agreed', 'running', 'ended', 'declined', 'withdrawn', 'lapsed')),
	CONSTRAINT "pauses_days" CHECK ("pauses"."ends_on" >= "pauses"."starts_on" - 1)
);
--> statement-breakpoint
ALTER TABLE "pauses" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "day_closings" (
	"office_id" integer NOT NULL,
	"day" date NOT NULL,
	"status" text NOT NULL,
	"maker_id" uuid NOT NULL,
	"checker_id" uuid,
	"reason" text,
	"proposed_at" timestamp with time zone NOT NULL,
	"snapshot" text NOT NULL,
	"closed_at" timestamp with time zone,
	"entries" integer,
	"moved_fen" bigint,
	"liability_root" "bytea",
	"liability_total_fen" bigint,
	CONSTRAINT "day_closings_pk" PRIMARY KEY("office_id","day"),
	CONSTRAINT "day_closings_status" CHECK ("day_closings"."status" in ('proposed', 'closed')),
	CONSTRAINT "day_closings_two_people" CHECK ("day_closings"."checker_id" is null or "day_closings"."checker_id" <> "day_closings"."maker_id")
);
--> statement-breakpoint
ALTER TABLE "day_closings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "liability_leaves" (
	"office_id" integer NOT NULL,
	"day" date NOT NULL,
	"position" integer NOT NULL,
	"consumer_id" uuid,
	"owner" text NOT NULL,
	"nonce" "bytea" NOT NULL,
	"balance_fen" bigint NOT NULL,
	CONSTRAINT "liability_leaves_pk" PRIMARY KEY("office_id","day","position")
);
--> statement-breakpoint
ALTER TABLE "liability_leaves" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "liability_nodes" (
	"office_id" integer NOT NULL,
	"day" date NOT NULL,
	"level" integer NOT NULL,
	"nodes" "bytea" NOT NULL,
	CONSTRAINT "liability_nodes_pk" PRIMARY KEY("office_id","day","level")
);
--> statement-breakpoint
ALTER TABLE "liability_nodes" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "reconciliation_differences" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"day" date NOT NULL,
	"kind" text NOT NULL,
	"of" text NOT NULL,
	"difference_fen" bigint NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "reconciliation_differences_pk" PRIMARY KEY("office_id","id")
);
--> statement-breakpoint
ALTER TABLE "reconciliation_differences" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "seals" (
	"office_id" integer NOT NULL,
	"key_sealed" text NOT NULL,
	"certificates" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "seals_pk" PRIMARY KEY("office_id")
);
--> statement-breakpoint
ALTER TABLE "seals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "unclaimed_items" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"amount_fen" bigint NOT NULL,
	"status" text NOT NULL,
	"reason" text NOT NULL,
	"refund_id" uuid,
	"maker_id" uuid NOT NULL,
	"checker_id" uuid,
	"created_at" timestamp with time zone NOT NULL,
	"decided_at" timestamp with time zone,
	"grounds" text,
	"account_sealed" text,
	"claim_maker_id" uuid,
	"claim_checker_id" uuid,
	"claimed_at" timestamp with time zone,
	CONSTRAINT "unclaimed_items_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "unclaimed_items_status" CHECK ("unclaimed_items"."status" in ('proposed', 'cancelled', 'refunded', 'set_aside', 'claim_proposed', 'claimed')),
	CONSTRAINT "unclaimed_items_amount" CHECK ("unclaimed_items"."amount_fen" > 0),
	CONSTRAINT "unclaimed_items_two_people" CHECK ("unclaimed_items"."checker_id" is distinct from "unclaimed_items"."maker_id" and ("unclaimed_items"."claim_checker_id" is null or "unclaimed_items"."claim_checker_id" <> "unclaimed_items"."claim_maker_id"))
);
--> statement-breakpoint
ALTER TABLE "unclaimed_items" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "webhook_attempts" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"delivery_id" uuid NOT NULL,
	"attempted_at" timestamp with time zone NOT NULL,
	"took_ms" integer NOT NULL,
	"status" integer,
	"error" text,
	CONSTRAINT "webhook_attempts_pk" PRIMARY KEY("office_id","id")
);
--> statement-breakpoint
ALTER TABLE "webhook_attempts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "webhook_cursors" (
	"office_id" integer NOT NULL,
	"next_index" bigint NOT NULL,
	CONSTRAINT "webhook_cursors_pk" PRIMARY KEY("office_id")
);
--> statement-breakpoint
ALTER TABLE "webhook_cursors" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"type" text NOT NULL,
	"body" text NOT NULL,
	"status" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"delivered_at" timestamp with time zone,
	"last_error" text,
	CONSTRAINT "webhook_deliveries_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "webhook_deliveries_status" CHECK ("webhook_deliveries"."status" in ('pending', 'delivered', 'dead'))
);
--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"merchant_id" uuid,
	"url" text NOT NULL,
	"events" text[],
	"description" text NOT NULL,
	"status" text NOT NULL,
	"failing_since" timestamp with time zone,
	"secret_sealed" text NOT NULL,
	"previous_secret_sealed" text,
	"previous_until" timestamp with time zone,
	"created_by" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"deleted_at" timestamp with time zone,
	CONSTRAINT "webhook_endpoints_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "webhook_endpoints_status" CHECK ("webhook_endpoints"."status" in ('active', 'disabled'))
);
--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "releases" DROP CONSTRAINT "releases_state";--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "consumer_id" uuid;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "beyond_reach_fen" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "has_deadline" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "arbitration_agreed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "arbitrators" integer;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "evidence_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "refund_fen" bigint;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "release_fen" bigint;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "restore_fen" bigint;--> statement-breakpoint
ALTER TABLE "disputes" ADD COLUMN "executed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "freeze_lines" ADD COLUMN "by_refund" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "settlement_accounts" ADD COLUMN "cnaps_code" text;--> statement-breakpoint
ALTER TABLE "bank_balances" ADD CONSTRAINT "bank_balances_statement" FOREIGN KEY ("office_id","statement_id") REFERENCES "public"."bank_statements"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bank_entries" ADD CONSTRAINT "bank_entries_statement" FOREIGN KEY ("office_id","statement_id") REFERENCES "public"."bank_statements"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "suspense_items" ADD CONSTRAINT "suspense_items_entry" FOREIGN KEY ("office_id","entry_id") REFERENCES "public"."bank_entries"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "case_files" ADD CONSTRAINT "case_files_dispute" FOREIGN KEY ("office_id","dispute_id") REFERENCES "public"."disputes"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "claim_collections" ADD CONSTRAINT "claim_collections_claim" FOREIGN KEY ("office_id","claim_id") REFERENCES "public"."merchant_claims"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "merchant_claims" ADD CONSTRAINT "merchant_claims_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "awards" ADD CONSTRAINT "awards_dispute" FOREIGN KEY ("office_id","dispute_id") REFERENCES "public"."disputes"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dispute_documents" ADD CONSTRAINT "dispute_documents_dispute" FOREIGN KEY ("office_id","dispute_id") REFERENCES "public"."disputes"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dispute_executions" ADD CONSTRAINT "dispute_executions_award" FOREIGN KEY ("office_id","award_id") REFERENCES "public"."awards"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dispute_messages" ADD CONSTRAINT "dispute_messages_dispute" FOREIGN KEY ("office_id","dispute_id") REFERENCES "public"."disputes"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dispute_offers" ADD CONSTRAINT "dispute_offers_dispute" FOREIGN KEY ("office_id","dispute_id") REFERENCES "public"."disputes"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dispute_payments" ADD CONSTRAINT "dispute_payments_dispute" FOREIGN KEY ("office_id","dispute_id") REFERENCES "public"."disputes"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dispute_proposals" ADD CONSTRAINT "dispute_proposals_dispute" FOREIGN KEY ("office_id","dispute_id") REFERENCES "public"."disputes"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dispute_redemptions" ADD CONSTRAINT "dispute_redemptions_dispute" FOREIGN KEY ("office_id","dispute_id") REFERENCES "public"."disputes"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dispute_timeline" ADD CONSTRAINT "dispute_timeline_dispute" FOREIGN KEY ("office_id","dispute_id") REFERENCES "public"."disputes"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "handovers" ADD CONSTRAINT "handovers_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "settlement_account_changes" ADD CONSTRAINT "settlement_account_changes_merchant" FOREIGN KEY ("office_id","merchant_id") REFERENCES "public"."merchants"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pauses" ADD CONSTRAINT "pauses_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "liability_leaves" ADD CONSTRAINT "liability_leaves_day" FOREIGN KEY ("office_id","day") REFERENCES "public"."day_closings"("office_id","day") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "liability_nodes" ADD CONSTRAINT "liability_nodes_day" FOREIGN KEY ("office_id","day") REFERENCES "public"."day_closings"("office_id","day") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "unclaimed_items" ADD CONSTRAINT "unclaimed_items_merchant" FOREIGN KEY ("office_id","merchant_id") REFERENCES "public"."merchants"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_attempts" ADD CONSTRAINT "webhook_attempts_delivery" FOREIGN KEY ("office_id","delivery_id") REFERENCES "public"."webhook_deliveries"("office_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_endpoint" FOREIGN KEY ("office_id","endpoint_id") REFERENCES "public"."webhook_endpoints"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "bank_entries_of_statement" ON "bank_entries" USING btree ("office_id","statement_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "bank_entries_one_per_transfer" ON "bank_entries" USING btree ("office_id","transfer_id") WHERE "bank_entries"."transfer_id" is not null;--> statement-breakpoint
CREATE INDEX "bank_entries_not_matched" ON "bank_entries" USING btree ("office_id","booked_on") WHERE "bank_entries"."status" in ('new', 'answers', 'suspense');--> statement-breakpoint
CREATE INDEX "suspense_items_open" ON "suspense_items" USING btree ("office_id","id") WHERE "suspense_items"."status" <> 'resolved';--> statement-breakpoint
CREATE UNIQUE INDEX "case_files_one_per_content" ON "case_files" USING btree ("office_id","dispute_id","party","sha256");--> statement-breakpoint
CREATE INDEX "certificates_of_contract" ON "certificates" USING btree ("office_id","contract_id");--> statement-breakpoint
CREATE INDEX "claim_collections_free" ON "claim_collections" USING btree ("office_id","merchant_id") WHERE "claim_collections"."item_id" is null;--> statement-breakpoint
CREATE INDEX "claim_collections_of_item" ON "claim_collections" USING btree ("office_id","item_id") WHERE "claim_collections"."item_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "merchant_claims_one_per_decision" ON "merchant_claims" USING btree ("office_id","dispute_id","correction","cause");--> statement-breakpoint
CREATE INDEX "merchant_claims_open" ON "merchant_claims" USING btree ("office_id","merchant_id") WHERE "merchant_claims"."debtor" = 'merchant' and "merchant_claims"."collected_fen" < "merchant_claims"."amount_fen";--> statement-breakpoint
CREATE INDEX "adjudicator_declarations_of_person" ON "adjudicator_declarations" USING btree ("office_id","adjudicator_id");--> statement-breakpoint
CREATE UNIQUE INDEX "awards_one_per_number" ON "awards" USING btree ("office_id",md5("award_number"),"correction") WHERE "awards"."status" <> 'superseded';--> statement-breakpoint
CREATE UNIQUE INDEX "awards_one_per_dispute" ON "awards" USING btree ("office_id","dispute_id","correction") WHERE "awards"."status" <> 'superseded';--> statement-breakpoint
CREATE UNIQUE INDEX "dispute_assignments_one_open_per_person" ON "dispute_assignments" USING btree ("office_id","dispute_id","adjudicator_id") WHERE "dispute_assignments"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "dispute_assignments_of_person" ON "dispute_assignments" USING btree ("office_id","adjudicator_id");--> statement-breakpoint
CREATE INDEX "dispute_documents_of_dispute" ON "dispute_documents" USING btree ("office_id","dispute_id");--> statement-breakpoint
CREATE INDEX "dispute_documents_of_pdf" ON "dispute_documents" USING btree ("office_id","pdf_id");--> statement-breakpoint
CREATE INDEX "dispute_executions_of_dispute" ON "dispute_executions" USING btree ("office_id","dispute_id");--> statement-breakpoint
CREATE INDEX "dispute_messages_of_dispute" ON "dispute_messages" USING btree ("office_id","dispute_id","id");--> statement-breakpoint
CREATE INDEX "dispute_offers_of_dispute" ON "dispute_offers" USING btree ("office_id","dispute_id");--> statement-breakpoint
CREATE UNIQUE INDEX "dispute_offers_one_open_a_side" ON "dispute_offers" USING btree ("office_id","dispute_id","side") WHERE "dispute_offers"."status" = 'open';--> statement-breakpoint
CREATE UNIQUE INDEX "dispute_payments_one_per_award" ON "dispute_payments" USING btree ("office_id",md5("award_number"),"correction","item") WHERE "dispute_payments"."award_number" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "dispute_proposals_one_open" ON "dispute_proposals" USING btree ("office_id","dispute_id") WHERE "dispute_proposals"."status" = 'open';--> statement-breakpoint
CREATE INDEX "dispute_proposals_of_dispute" ON "dispute_proposals" USING btree ("office_id","dispute_id");--> statement-breakpoint
CREATE INDEX "dispute_timeline_of_dispute" ON "dispute_timeline" USING btree ("office_id","dispute_id","id");--> statement-breakpoint
CREATE INDEX "documents_of_contract" ON "documents" USING btree ("office_id","contract_id");--> statement-breakpoint
CREATE INDEX "documents_of_merchant" ON "documents" USING btree ("office_id","merchant_id");--> statement-breakpoint
CREATE INDEX "evidence_positions_of_subject" ON "evidence_positions" USING btree ("office_id","subject","leaf_index");--> statement-breakpoint
CREATE INDEX "handovers_of_contract" ON "handovers" USING btree ("office_id","contract_id");--> statement-breakpoint
CREATE INDEX "handovers_from" ON "handovers" USING btree ("from_id");--> statement-breakpoint
CREATE INDEX "handovers_to" ON "handovers" USING btree ("to_id");--> statement-breakpoint
CREATE UNIQUE INDEX "handovers_one_open_per_contract" ON "handovers" USING btree ("office_id","contract_id") WHERE "handovers"."status" = 'offered';--> statement-breakpoint
CREATE UNIQUE INDEX "settlement_account_changes_one_open" ON "settlement_account_changes" USING btree ("office_id","merchant_id") WHERE "settlement_account_changes"."status" in ('requested', 'checked', 'approved');--> statement-breakpoint
CREATE INDEX "pauses_of_contract" ON "pauses" USING btree ("office_id","contract_id");--> statement-breakpoint
CREATE UNIQUE INDEX "pauses_one_open_per_contract" ON "pauses" USING btree ("office_id","contract_id") WHERE "pauses"."status" in ('proposed', 'agreed', 'running');--> statement-breakpoint
CREATE INDEX "liability_leaves_of_consumer" ON "liability_leaves" USING btree ("office_id","consumer_id","day") WHERE "liability_leaves"."consumer_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "reconciliation_differences_one_open" ON "reconciliation_differences" USING btree ("office_id","day","kind","of") WHERE "reconciliation_differences"."settled_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "unclaimed_items_one_open_per_subject" ON "unclaimed_items" USING btree ("office_id","subject") WHERE "unclaimed_items"."status" = 'proposed';--> statement-breakpoint
CREATE INDEX "unclaimed_items_by_status" ON "unclaimed_items" USING btree ("office_id","status","id");--> statement-breakpoint
CREATE INDEX "webhook_attempts_of_delivery" ON "webhook_attempts" USING btree ("office_id","delivery_id","id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_of_endpoint" ON "webhook_deliveries" USING btree ("office_id","endpoint_id","id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" USING btree ("office_id","endpoint_id","next_attempt_at") WHERE "webhook_deliveries"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "disputes_of_merchant" ON "disputes" USING btree ("office_id","merchant_id");--> statement-breakpoint
CREATE INDEX "disputes_of_consumer" ON "disputes" USING btree ("office_id","consumer_id");--> statement-breakpoint
CREATE INDEX "transfers_at_bank" ON "transfers" USING btree ("office_id","reference") WHERE "transfers"."event" in ('channel-settled', 'payout-confirmed', 'fee-taken', 'payout-returned', 'refund-confirmed');--> statement-breakpoint
CREATE INDEX "releases_excused" ON "releases" USING btree ("office_id","contract_id") WHERE "releases"."kind" = 'time' and "releases"."state" = 'voided';--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_state" CHECK ("releases"."state" in ('pending', 'objected', 'disputed', 'payable', 'refunded', 'voided', 'recorded'));--> statement-breakpoint
CREATE POLICY "contract_terms_select_former" ON "contract_terms" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from handovers h
  where h.office_id = contract_terms.office_id and h.contract_id = contract_terms.contract_id and h.status = 'accepted'
    and h.from_id = (select nullif(current_setting('ticun.person', true), '')::uuid)));--> statement-breakpoint
CREATE POLICY "disputes_select_adjudicator" ON "disputes" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and exists (select 1 from dispute_assignments a where a.office_id = disputes.office_id and a.dispute_id = disputes.id));--> statement-breakpoint
CREATE POLICY "objections_select_former" ON "objections" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from handovers h
  where h.office_id = objections.office_id and h.contract_id = objections.contract_id and h.status = 'accepted'
    and h.from_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and objections.made_at <= h.decided_at));--> statement-breakpoint
CREATE POLICY "releases_select_former" ON "releases" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from handovers h
  where h.office_id = releases.office_id and h.contract_id = releases.contract_id and h.status = 'accepted'
    and h.from_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and releases.created_at <= h.decided_at));--> statement-breakpoint
CREATE POLICY "refunds_select_former" ON "refunds" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from handovers h
  where h.office_id = refunds.office_id and h.contract_id = refunds.contract_id and h.status = 'accepted'
    and h.from_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and refunds.created_at <= h.decided_at));--> statement-breakpoint
CREATE POLICY "bank_balances_select_notary" ON "bank_balances" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_balances_insert_notary" ON "bank_balances" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_balances_update_notary" ON "bank_balances" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_balances_select_worker_bureau" ON "bank_balances" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_entries_select_notary" ON "bank_entries" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_entries_insert_notary" ON "bank_entries" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_entries_update_notary" ON "bank_entries" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_entries_select_worker" ON "bank_entries" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_entries_update_worker" ON "bank_entries" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_statements_select_notary" ON "bank_statements" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_statements_insert_notary" ON "bank_statements" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_statements_update_notary" ON "bank_statements" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "bank_statements_select_worker_bureau" ON "bank_statements" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "suspense_items_select_notary_worker" ON "suspense_items" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "suspense_items_insert_notary_worker" ON "suspense_items" AS PERMISSIVE FOR INSERT TO "ticun_notary", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "suspense_items_update_notary_worker" ON "suspense_items" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "suspense_items_select_bureau" ON "suspense_items" AS PERMISSIVE FOR SELECT TO "ticun_bureau" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "case_files_select_consumer_merchant_adjudicator_notary" ON "case_files" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary" USING (exists (select 1 from disputes d where d.office_id = case_files.office_id and d.id = case_files.dispute_id));--> statement-breakpoint
CREATE POLICY "case_files_insert_consumer" ON "case_files" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (exists (select 1 from disputes d where d.office_id = case_files.office_id and d.id = case_files.dispute_id) and party = 'consumer' and filed_by = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "case_files_insert_merchant" ON "case_files" AS PERMISSIVE FOR INSERT TO "ticun_merchant" WITH CHECK (exists (select 1 from disputes d where d.office_id = case_files.office_id and d.id = case_files.dispute_id) and party = 'merchant' and filed_by = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "case_files_select_worker" ON "case_files" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "certificate_series_select_worker" ON "certificate_series" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "certificate_series_insert_worker" ON "certificate_series" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "certificate_series_update_worker" ON "certificate_series" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "certificates_select_consumer" ON "certificates" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (contract_id is not null and exists (select 1 from contracts c where c.office_id = certificates.office_id and c.id = certificates.contract_id));--> statement-breakpoint
CREATE POLICY "certificates_select_merchant" ON "certificates" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "certificates_select_notary" ON "certificates" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "certificates_update_notary" ON "certificates" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "certificates_select_worker" ON "certificates" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "certificates_insert_worker" ON "certificates" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "claim_collections_select_merchant" ON "claim_collections" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "claim_collections_select_notary" ON "claim_collections" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "claim_collections_select_worker" ON "claim_collections" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "claim_collections_insert_worker" ON "claim_collections" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "claim_collections_update_worker" ON "claim_collections" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "merchant_claims_select_consumer" ON "merchant_claims" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = merchant_claims.office_id and c.id = merchant_claims.contract_id));--> statement-breakpoint
CREATE POLICY "merchant_claims_select_merchant" ON "merchant_claims" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "merchant_claims_select_notary" ON "merchant_claims" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "merchant_claims_select_worker" ON "merchant_claims" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "merchant_claims_insert_worker" ON "merchant_claims" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "merchant_claims_update_worker" ON "merchant_claims" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "adjudicator_declarations_select_adjudicator" ON "adjudicator_declarations" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and adjudicator_id = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "adjudicator_declarations_select_operator_notary" ON "adjudicator_declarations" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_operator" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "adjudicator_declarations_select_worker" ON "adjudicator_declarations" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "adjudicator_declarations_insert_worker" ON "adjudicator_declarations" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "awards_select_consumer_merchant_notary_operator" ON "awards" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (status = 'made' and exists (select 1 from disputes d where d.office_id = awards.office_id and d.id = awards.dispute_id));--> statement-breakpoint
CREATE POLICY "awards_select_adjudicator" ON "awards" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator" USING (exists (select 1 from disputes d where d.office_id = awards.office_id and d.id = awards.dispute_id));--> statement-breakpoint
CREATE POLICY "awards_select_worker" ON "awards" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "awards_insert_worker" ON "awards" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "awards_update_worker" ON "awards" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_assignments_select_consumer_merchant" ON "dispute_assignments" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_merchant" USING (exists (select 1 from disputes d where d.office_id = dispute_assignments.office_id and d.id = dispute_assignments.dispute_id));--> statement-breakpoint
CREATE POLICY "dispute_assignments_select_notary_operator" ON "dispute_assignments" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_operator" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_assignments_select_adjudicator" ON "dispute_assignments" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and adjudicator_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and ended_at is null);--> statement-breakpoint
CREATE POLICY "dispute_assignments_select_worker" ON "dispute_assignments" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_assignments_insert_worker" ON "dispute_assignments" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_assignments_update_worker" ON "dispute_assignments" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_documents_select_consumer_merchant_notary_operator_adju" ON "dispute_documents" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (exists (select 1 from disputes d where d.office_id = dispute_documents.office_id and d.id = dispute_documents.dispute_id));--> statement-breakpoint
CREATE POLICY "dispute_documents_select_worker" ON "dispute_documents" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_documents_insert_worker" ON "dispute_documents" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_executions_select_consumer_merchant_notary_operator_adj" ON "dispute_executions" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (exists (select 1 from disputes d where d.office_id = dispute_executions.office_id and d.id = dispute_executions.dispute_id));--> statement-breakpoint
CREATE POLICY "dispute_executions_select_worker" ON "dispute_executions" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_executions_insert_worker" ON "dispute_executions" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_executions_update_worker" ON "dispute_executions" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_messages_select_consumer_merchant_notary_operator_adjud" ON "dispute_messages" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (exists (select 1 from disputes d where d.office_id = dispute_messages.office_id and d.id = dispute_messages.dispute_id));--> statement-breakpoint
CREATE POLICY "dispute_messages_select_worker" ON "dispute_messages" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_messages_insert_worker" ON "dispute_messages" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_offers_select_consumer_merchant_notary_operator_adjudic" ON "dispute_offers" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (exists (select 1 from disputes d where d.office_id = dispute_offers.office_id and d.id = dispute_offers.dispute_id));--> statement-breakpoint
CREATE POLICY "dispute_offers_select_worker" ON "dispute_offers" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_offers_insert_worker" ON "dispute_offers" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_offers_update_worker" ON "dispute_offers" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_payments_select_consumer_merchant_notary_operator_adjud" ON "dispute_payments" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (exists (select 1 from disputes d where d.office_id = dispute_payments.office_id and d.id = dispute_payments.dispute_id));--> statement-breakpoint
CREATE POLICY "dispute_payments_select_worker" ON "dispute_payments" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_payments_insert_worker" ON "dispute_payments" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_proposals_select_consumer_merchant_notary_operator_adju" ON "dispute_proposals" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (exists (select 1 from disputes d where d.office_id = dispute_proposals.office_id and d.id = dispute_proposals.dispute_id));--> statement-breakpoint
CREATE POLICY "dispute_proposals_select_worker" ON "dispute_proposals" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_proposals_insert_worker" ON "dispute_proposals" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_proposals_update_worker" ON "dispute_proposals" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_redemptions_select_consumer_merchant_notary_operator_ad" ON "dispute_redemptions" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (exists (select 1 from disputes d where d.office_id = dispute_redemptions.office_id and d.id = dispute_redemptions.dispute_id));--> statement-breakpoint
CREATE POLICY "dispute_redemptions_select_worker" ON "dispute_redemptions" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_redemptions_insert_worker" ON "dispute_redemptions" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_timeline_select_consumer_merchant_notary_operator_adjud" ON "dispute_timeline" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (exists (select 1 from disputes d where d.office_id = dispute_timeline.office_id and d.id = dispute_timeline.dispute_id));--> statement-breakpoint
CREATE POLICY "dispute_timeline_select_worker" ON "dispute_timeline" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "dispute_timeline_insert_worker" ON "dispute_timeline" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "documents_select_consumer" ON "documents" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (contract_id is not null and exists (select 1 from contracts c where c.office_id = documents.office_id and c.id = documents.contract_id));--> statement-breakpoint
CREATE POLICY "documents_select_merchant" ON "documents" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING ((office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) or (contract_id is not null and exists (select 1 from contracts c where c.office_id = documents.office_id and c.id = documents.contract_id)));--> statement-breakpoint
CREATE POLICY "documents_insert_consumer" ON "documents" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (kind = 'contract' and exists (select 1 from contracts c where c.office_id = documents.office_id and c.id = documents.contract_id));--> statement-breakpoint
CREATE POLICY "documents_update_consumer" ON "documents" AS PERMISSIVE FOR UPDATE TO "ticun_consumer" USING (kind = 'contract' and exists (select 1 from contracts c where c.office_id = documents.office_id and c.id = documents.contract_id)) WITH CHECK (kind = 'contract' and exists (select 1 from contracts c where c.office_id = documents.office_id and c.id = documents.contract_id));--> statement-breakpoint
CREATE POLICY "documents_select_handed" ON "documents" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (kind = 'handover' and exists (select 1 from handovers h where h.office_id = documents.office_id and h.document_subject = documents.subject and h.to_id = (select nullif(current_setting('ticun.person', true), '')::uuid)));--> statement-breakpoint
CREATE POLICY "documents_select_former" ON "documents" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (kind <> 'handover' and exists (select 1 from handovers h
  where h.office_id = documents.office_id and h.contract_id = documents.contract_id and h.status = 'accepted'
    and h.from_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and documents.created_at <= h.decided_at));--> statement-breakpoint
CREATE POLICY "documents_select_adjudicator" ON "documents" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator" USING (exists (select 1 from dispute_documents d where d.office_id = documents.office_id and d.pdf_id = documents.id));--> statement-breakpoint
CREATE POLICY "documents_select_notary" ON "documents" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "documents_select_worker" ON "documents" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "documents_insert_worker" ON "documents" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "documents_update_worker" ON "documents" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_anchors_select_anyone" ON "evidence_anchors" AS PERMISSIVE FOR SELECT TO "ticun_anyone" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_anchors_select_worker" ON "evidence_anchors" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_anchors_insert_worker" ON "evidence_anchors" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_checkpoints_select_anyone" ON "evidence_checkpoints" AS PERMISSIVE FOR SELECT TO "ticun_anyone" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_checkpoints_select_worker" ON "evidence_checkpoints" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_checkpoints_insert_worker" ON "evidence_checkpoints" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_keys_select_worker" ON "evidence_keys" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_keys_insert_worker" ON "evidence_keys" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_logs_select_anyone_worker" ON "evidence_logs" AS PERMISSIVE FOR SELECT TO "ticun_anyone", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_logs_insert_worker" ON "evidence_logs" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_positions_select_notary" ON "evidence_positions" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_positions_select_consumer_merchant" ON "evidence_positions" AS PERMISSIVE FOR SELECT TO "ticun_consumer", "ticun_merchant" USING (exists (select 1 from evidence_entries e where e.office_id = evidence_positions.office_id and e.id = evidence_positions.entry_id));--> statement-breakpoint
CREATE POLICY "evidence_positions_select_worker" ON "evidence_positions" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_positions_insert_worker" ON "evidence_positions" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_tiles_select_anyone" ON "evidence_tiles" AS PERMISSIVE FOR SELECT TO "ticun_anyone" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_tiles_select_worker" ON "evidence_tiles" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_tiles_insert_worker" ON "evidence_tiles" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_tiles_update_worker" ON "evidence_tiles" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_timestamps_select_anyone" ON "evidence_timestamps" AS PERMISSIVE FOR SELECT TO "ticun_anyone" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_timestamps_select_worker" ON "evidence_timestamps" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_timestamps_insert_worker" ON "evidence_timestamps" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "handovers_select_consumer" ON "handovers" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (from_id = (select nullif(current_setting('ticun.person', true), '')::uuid) or to_id = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "handovers_insert_consumer" ON "handovers" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (from_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "handovers_select_merchant" ON "handovers" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "handovers_select_notary" ON "handovers" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "handovers_select_worker" ON "handovers" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "handovers_insert_worker" ON "handovers" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "handovers_update_worker" ON "handovers" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlement_account_changes_select_notary_worker" ON "settlement_account_changes" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlement_account_changes_update_notary_worker" ON "settlement_account_changes" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "settlement_account_changes_select_merchant" ON "settlement_account_changes" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "settlement_account_changes_insert_merchant" ON "settlement_account_changes" AS PERMISSIVE FOR INSERT TO "ticun_merchant" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "settlement_account_changes_update_merchant" ON "settlement_account_changes" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "pauses_select_consumer" ON "pauses" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = pauses.office_id and c.id = pauses.contract_id));--> statement-breakpoint
CREATE POLICY "pauses_insert_consumer" ON "pauses" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (exists (select 1 from contracts c where c.office_id = pauses.office_id and c.id = pauses.contract_id));--> statement-breakpoint
CREATE POLICY "pauses_update_consumer" ON "pauses" AS PERMISSIVE FOR UPDATE TO "ticun_consumer" USING (exists (select 1 from contracts c where c.office_id = pauses.office_id and c.id = pauses.contract_id)) WITH CHECK (exists (select 1 from contracts c where c.office_id = pauses.office_id and c.id = pauses.contract_id));--> statement-breakpoint
CREATE POLICY "pauses_select_merchant" ON "pauses" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "pauses_insert_merchant" ON "pauses" AS PERMISSIVE FOR INSERT TO "ticun_merchant" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "pauses_update_merchant" ON "pauses" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "pauses_select_notary" ON "pauses" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "pauses_select_worker" ON "pauses" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "pauses_insert_worker" ON "pauses" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "pauses_update_worker" ON "pauses" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "day_closings_select_notary" ON "day_closings" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "day_closings_insert_notary" ON "day_closings" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "day_closings_update_notary" ON "day_closings" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "day_closings_select_bureau_worker_consumer" ON "day_closings" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_consumer", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "liability_leaves_select_notary" ON "liability_leaves" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "liability_leaves_insert_notary" ON "liability_leaves" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "liability_leaves_select_consumer" ON "liability_leaves" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and consumer_id = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "liability_nodes_select_notary" ON "liability_nodes" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "liability_nodes_insert_notary" ON "liability_nodes" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "liability_nodes_select_consumer" ON "liability_nodes" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "reconciliation_differences_select_notary_worker" ON "reconciliation_differences" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "reconciliation_differences_insert_notary_worker" ON "reconciliation_differences" AS PERMISSIVE FOR INSERT TO "ticun_notary", "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "reconciliation_differences_update_notary_worker" ON "reconciliation_differences" AS PERMISSIVE FOR UPDATE TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "reconciliation_differences_select_bureau" ON "reconciliation_differences" AS PERMISSIVE FOR SELECT TO "ticun_bureau" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "seals_select_worker" ON "seals" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "seals_insert_worker" ON "seals" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "unclaimed_items_select_notary" ON "unclaimed_items" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "unclaimed_items_insert_notary" ON "unclaimed_items" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "unclaimed_items_update_notary" ON "unclaimed_items" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "unclaimed_items_select_worker" ON "unclaimed_items" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_attempts_select_merchant_bureau" ON "webhook_attempts" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_merchant" USING (exists (select 1 from webhook_deliveries p where p.office_id = webhook_attempts.office_id and p.id = webhook_attempts.delivery_id));--> statement-breakpoint
CREATE POLICY "webhook_attempts_select_worker" ON "webhook_attempts" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_attempts_insert_worker" ON "webhook_attempts" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_cursors_select_worker" ON "webhook_cursors" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_cursors_insert_worker" ON "webhook_cursors" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_cursors_update_worker" ON "webhook_cursors" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_deliveries_select_merchant_bureau" ON "webhook_deliveries" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_merchant" USING (exists (select 1 from webhook_endpoints p where p.office_id = webhook_deliveries.office_id and p.id = webhook_deliveries.endpoint_id));--> statement-breakpoint
CREATE POLICY "webhook_deliveries_insert_merchant_bureau" ON "webhook_deliveries" AS PERMISSIVE FOR INSERT TO "ticun_bureau", "ticun_merchant" WITH CHECK (exists (select 1 from webhook_endpoints p where p.office_id = webhook_deliveries.office_id and p.id = webhook_deliveries.endpoint_id));--> statement-breakpoint
CREATE POLICY "webhook_deliveries_update_merchant_bureau" ON "webhook_deliveries" AS PERMISSIVE FOR UPDATE TO "ticun_bureau", "ticun_merchant" USING (exists (select 1 from webhook_endpoints p where p.office_id = webhook_deliveries.office_id and p.id = webhook_deliveries.endpoint_id)) WITH CHECK (exists (select 1 from webhook_endpoints p where p.office_id = webhook_deliveries.office_id and p.id = webhook_deliveries.endpoint_id));--> statement-breakpoint
CREATE POLICY "webhook_deliveries_select_worker" ON "webhook_deliveries" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_deliveries_insert_worker" ON "webhook_deliveries" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_deliveries_update_worker" ON "webhook_deliveries" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_deliveries_delete_worker" ON "webhook_deliveries" AS PERMISSIVE FOR DELETE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_endpoints_select_merchant" ON "webhook_endpoints" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "webhook_endpoints_insert_merchant" ON "webhook_endpoints" AS PERMISSIVE FOR INSERT TO "ticun_merchant" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "webhook_endpoints_update_merchant" ON "webhook_endpoints" AS PERMISSIVE FOR UPDATE TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "webhook_endpoints_select_bureau" ON "webhook_endpoints" AS PERMISSIVE FOR SELECT TO "ticun_bureau" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id is null);--> statement-breakpoint
CREATE POLICY "webhook_endpoints_insert_bureau" ON "webhook_endpoints" AS PERMISSIVE FOR INSERT TO "ticun_bureau" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id is null);--> statement-breakpoint
CREATE POLICY "webhook_endpoints_update_bureau" ON "webhook_endpoints" AS PERMISSIVE FOR UPDATE TO "ticun_bureau" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id is null) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id is null);--> statement-breakpoint
CREATE POLICY "webhook_endpoints_select_worker" ON "webhook_endpoints" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "webhook_endpoints_update_worker" ON "webhook_endpoints" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
ALTER POLICY "disputes_select_consumer" ON "disputes" TO ticun_consumer USING (consumer_id = (select nullif(current_setting('ticun.person', true), '')::uuid));