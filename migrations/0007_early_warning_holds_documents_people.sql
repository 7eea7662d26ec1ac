CREATE TABLE "audit_chain" (
	"office_id" integer NOT NULL,
	"position" bigint NOT NULL,
	"entry_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "audit_chain_pk" PRIMARY KEY("office_id","position"),
	CONSTRAINT "audit_chain_once" UNIQUE("office_id","entry_id")
);
--> statement-breakpoint
ALTER TABLE "audit_chain" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "channel_report_lines" (
	"office_id" integer NOT NULL,
	"channel" text NOT NULL,
	"kind" text NOT NULL,
	"reference" text NOT NULL,
	"amount_fen" bigint NOT NULL,
	"day" date NOT NULL,
	"refund_id" uuid,
	CONSTRAINT "channel_report_lines_pk" PRIMARY KEY("office_id","channel","day","kind","reference"),
	CONSTRAINT "channel_report_lines_once" UNIQUE("office_id","channel","kind","reference"),
	CONSTRAINT "channel_report_lines_amount" CHECK ("channel_report_lines"."amount_fen" <> 0 and ("channel_report_lines"."amount_fen" > 0 or "channel_report_lines"."kind" = 'settlement'))
);
--> statement-breakpoint
ALTER TABLE "channel_report_lines" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "channel_reports" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"channel" text NOT NULL,
	"day" date NOT NULL,
	"kinds" text[] NOT NULL,
	"sha256" text NOT NULL,
	"imported_by" uuid NOT NULL,
	"imported_at" timestamp with time zone NOT NULL,
	CONSTRAINT "channel_reports_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "channel_reports_once" UNIQUE("office_id","channel","day")
);
--> statement-breakpoint
ALTER TABLE "channel_reports" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "guardian_consents" (
	"office_id" integer NOT NULL,
	"contract_id" uuid NOT NULL,
	"guardian_id" uuid NOT NULL,
	"text_sha256" text NOT NULL,
	"given_at" timestamp with time zone NOT NULL,
	CONSTRAINT "guardian_consents_pk" PRIMARY KEY("office_id","contract_id")
);
--> statement-breakpoint
ALTER TABLE "guardian_consents" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "evidence_cosignatures" (
	"office_id" integer NOT NULL,
	"tree_size" bigint NOT NULL,
	"witness" text NOT NULL,
	"line" text NOT NULL,
	"cosigned_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "evidence_cosignatures_pk" PRIMARY KEY("office_id","tree_size","witness")
);
--> statement-breakpoint
ALTER TABLE "evidence_cosignatures" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "legal_holds" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"contract_id" uuid,
	"against" text NOT NULL,
	"amount_fen" bigint NOT NULL,
	"court" text NOT NULL,
	"document_number" text NOT NULL,
	"document_sha256" text,
	"until" date NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"renews" uuid,
	"status" text NOT NULL,
	"maker_id" uuid NOT NULL,
	"checker_id" uuid,
	"proposed_at" timestamp with time zone NOT NULL,
	"approved_at" timestamp with time zone,
	"lift_document_number" text,
	"lift_document_sha256" text,
	"lift_maker_id" uuid,
	"lift_checker_id" uuid,
	"ended_at" timestamp with time zone,
	CONSTRAINT "legal_holds_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "legal_holds_status" CHECK ("legal_holds"."status" in ('proposed', 'active', 'lift_proposed', 'withdrawn', 'lifted', 'renewed', 'lapsed')),
	CONSTRAINT "legal_holds_against" CHECK ("legal_holds"."against" = 'merchant' or ("legal_holds"."against" = 'consumer' and "legal_holds"."contract_id" is not null)),
	CONSTRAINT "legal_holds_amount" CHECK ("legal_holds"."amount_fen" > 0),
	CONSTRAINT "legal_holds_two_people" CHECK (("legal_holds"."checker_id" is null or "legal_holds"."checker_id" <> "legal_holds"."maker_id") and ("legal_holds"."lift_checker_id" is null or "legal_holds"."lift_checker_id" <> "legal_holds"."lift_maker_id")),
	CONSTRAINT "legal_holds_approved" CHECK ("legal_holds"."status" not in ('active', 'lift_proposed', 'lifted', 'renewed') or "legal_holds"."checker_id" is not null),
	CONSTRAINT "legal_holds_lifted" CHECK ("legal_holds"."status" <> 'lifted' or "legal_holds"."lift_checker_id" is not null)
);
--> statement-breakpoint
ALTER TABLE "legal_holds" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "retained_particulars" (
	"person_id" uuid PRIMARY KEY NOT NULL,
	"particulars_sealed" text NOT NULL,
	"blocked_at" timestamp with time zone NOT NULL,
	"kept_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "retained_particulars" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "second_factors" (
	"person_id" uuid PRIMARY KEY NOT NULL,
	"secret_sealed" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"confirmed_at" timestamp with time zone,
	"last_step" bigint NOT NULL,
	"wrong_codes" integer DEFAULT 0 NOT NULL,
	"locked_until" timestamp with time zone,
	"recovery_hashes" text[] NOT NULL
);
--> statement-breakpoint
ALTER TABLE "second_factors" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "sign_ins" (
	"id" uuid PRIMARY KEY NOT NULL,
	"person_id" uuid NOT NULL,
	"end" text NOT NULL,
	"office" integer,
	"outcome" text NOT NULL,
	"unusual" text[] NOT NULL,
	"address" text NOT NULL,
	"device" text NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sign_ins" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "journal_totals" (
	"office_id" integer NOT NULL,
	"from_id" uuid NOT NULL,
	"until_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"booked_hour" timestamp with time zone NOT NULL,
	"occurred_hour" timestamp with time zone NOT NULL,
	"debit_fen" bigint NOT NULL,
	"credit_fen" bigint NOT NULL,
	CONSTRAINT "journal_totals_pk" PRIMARY KEY("office_id","until_id","kind","booked_hour","occurred_hour"),
	CONSTRAINT "journal_totals_once" UNIQUE("office_id","from_id","kind","booked_hour","occurred_hour")
);
--> statement-breakpoint
ALTER TABLE "journal_totals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "corrections" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"person_id" uuid NOT NULL,
	"status" text NOT NULL,
	"wanted_sealed" text NOT NULL,
	"salt" text NOT NULL,
	"grounds" text NOT NULL,
	"asked_at" timestamp with time zone NOT NULL,
	"decided_by" uuid,
	"decided_at" timestamp with time zone,
	"reason" text,
	CONSTRAINT "corrections_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "corrections_status" CHECK ("corrections"."status" in ('asked', 'approved', 'refused'))
);
--> statement-breakpoint
ALTER TABLE "corrections" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "staff_proposals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"status" text NOT NULL,
	"phone_sealed" text NOT NULL,
	"name_sealed" text NOT NULL,
	"end" text NOT NULL,
	"office" integer,
	"roles" text[] NOT NULL,
	"proposed_by" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"decided_by" uuid,
	"decided_at" timestamp with time zone,
	"reason" text,
	CONSTRAINT "staff_proposals_status" CHECK ("staff_proposals"."status" in ('proposed', 'confirmed', 'refused')),
	CONSTRAINT "staff_proposals_two_people" CHECK ("staff_proposals"."decided_by" is null or "staff_proposals"."decided_by" <> "staff_proposals"."proposed_by")
);
--> statement-breakpoint
ALTER TABLE "staff_proposals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "alert_moves" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"alert_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"event" text NOT NULL,
	"from" text,
	"to" text NOT NULL,
	"outcome" text,
	"by" text NOT NULL,
	"person_id" uuid,
	"at" timestamp with time zone NOT NULL,
	"text" text,
	"day" date,
	"value" bigint,
	CONSTRAINT "alert_moves_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "alert_moves_by" CHECK ("alert_moves"."by" in ('service', 'merchant', 'bureau') and ("alert_moves"."by" = 'service') = ("alert_moves"."person_id" is null))
);
--> statement-breakpoint
ALTER TABLE "alert_moves" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "alerts" (
	"office_id" integer NOT NULL,
	"id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"indicator" text NOT NULL,
	"state" text NOT NULL,
	"day" date NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"is_first_minor" boolean NOT NULL,
	"answer_by" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"outcome" text,
	CONSTRAINT "alerts_pk" PRIMARY KEY("office_id","id"),
	CONSTRAINT "alerts_state" CHECK ("alerts"."state" in ('open', 'explained', 'rectified', 'escalated')),
	CONSTRAINT "alerts_closed_with_outcome" CHECK (("alerts"."closed_at" is null) = ("alerts"."outcome" is null) and ("alerts"."closed_at" is null or "alerts"."due_at" is null))
);
--> statement-breakpoint
ALTER TABLE "alerts" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "indicator_values" (
	"office_id" integer NOT NULL,
	"merchant_id" uuid NOT NULL,
	"indicator" text NOT NULL,
	"day" date NOT NULL,
	"value" bigint,
	"level" text NOT NULL,
	"alert_days" integer NOT NULL,
	"calm_days" integer NOT NULL,
	"figures" jsonb NOT NULL,
	"about" jsonb NOT NULL,
	"watch_line" bigint,
	"alert_line" bigint,
	"rule_from" date NOT NULL,
	"rule_scope" text NOT NULL,
	"window_days" integer NOT NULL,
	CONSTRAINT "indicator_values_pk" PRIMARY KEY("office_id","merchant_id","indicator","day"),
	CONSTRAINT "indicator_values_level" CHECK ("indicator_values"."level" in ('too_few', 'normal', 'watch', 'alert') and ("indicator_values"."value" is null) = ("indicator_values"."level" = 'too_few')),
	CONSTRAINT "indicator_values_days" CHECK (("indicator_values"."alert_days" > 0) = ("indicator_values"."level" = 'alert') and ("indicator_values"."alert_days" = 0 or "indicator_values"."calm_days" = 0))
);
--> statement-breakpoint
ALTER TABLE "indicator_values" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "warning_days" (
	"office_id" integer NOT NULL,
	"day" date NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	CONSTRAINT "warning_days_pk" PRIMARY KEY("office_id","day")
);
--> statement-breakpoint
ALTER TABLE "warning_days" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "documents" DROP CONSTRAINT "documents_one_per_subject";--> statement-breakpoint
ALTER TABLE "suspense_items" DROP CONSTRAINT "suspense_items_status";--> statement-breakpoint
DROP INDEX "transfers_at_bank";--> statement-breakpoint
ALTER TABLE "suspense_items" ADD COLUMN "payee_sealed" text;--> statement-breakpoint
ALTER TABLE "suspense_items" ADD COLUMN "order_id" uuid;--> statement-breakpoint
ALTER TABLE "suspense_items" ADD COLUMN "ordered_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "people" ADD COLUMN "former_id_numbers_sealed" text;--> statement-breakpoint
ALTER TABLE "people" ADD COLUMN "closed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "proven_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "merchants" ADD COLUMN "approved_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "channel_report_lines" ADD CONSTRAINT "channel_report_lines_report" FOREIGN KEY ("office_id","channel","day") REFERENCES "public"."channel_reports"("office_id","channel","day") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "guardian_consents" ADD CONSTRAINT "guardian_consents_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "legal_holds" ADD CONSTRAINT "legal_holds_merchant" FOREIGN KEY ("office_id","merchant_id") REFERENCES "public"."merchants"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "legal_holds" ADD CONSTRAINT "legal_holds_contract" FOREIGN KEY ("office_id","contract_id") REFERENCES "public"."contracts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "legal_holds" ADD CONSTRAINT "legal_holds_renews" FOREIGN KEY ("office_id","renews") REFERENCES "public"."legal_holds"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "retained_particulars" ADD CONSTRAINT "retained_particulars_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "second_factors" ADD CONSTRAINT "second_factors_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sign_ins" ADD CONSTRAINT "sign_ins_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_moves" ADD CONSTRAINT "alert_moves_alert" FOREIGN KEY ("office_id","alert_id") REFERENCES "public"."alerts"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alerts" ADD CONSTRAINT "alerts_reading" FOREIGN KEY ("office_id","merchant_id","indicator","day") REFERENCES "public"."indicator_values"("office_id","merchant_id","indicator","day") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "indicator_values" ADD CONSTRAINT "indicator_values_merchant" FOREIGN KEY ("office_id","merchant_id") REFERENCES "public"."merchants"("office_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "legal_holds_of_merchant" ON "legal_holds" USING btree ("office_id","merchant_id") WHERE "legal_holds"."status" in ('proposed', 'active', 'lift_proposed');--> statement-breakpoint
CREATE INDEX "legal_holds_of_contract" ON "legal_holds" USING btree ("office_id","contract_id") WHERE "legal_holds"."status" in ('proposed', 'active', 'lift_proposed') and "legal_holds"."contract_id" is not null;--> statement-breakpoint
CREATE INDEX "retained_particulars_until" ON "retained_particulars" USING btree ("kept_until");--> statement-breakpoint
CREATE INDEX "sign_ins_of_person" ON "sign_ins" USING btree ("person_id","id");--> statement-breakpoint
CREATE INDEX "journal_totals_by_booking" ON "journal_totals" USING btree ("office_id","booked_hour");--> statement-breakpoint
CREATE INDEX "journal_totals_by_event" ON "journal_totals" USING btree ("office_id","occurred_hour");--> statement-breakpoint
CREATE INDEX "corrections_of_person" ON "corrections" USING btree ("person_id");--> statement-breakpoint
CREATE UNIQUE INDEX "corrections_one_open" ON "corrections" USING btree ("office_id","person_id") WHERE "corrections"."status" = 'asked';--> statement-breakpoint
CREATE INDEX "staff_proposals_open" ON "staff_proposals" USING btree ("id") WHERE "staff_proposals"."status" = 'proposed';--> statement-breakpoint
CREATE INDEX "alert_moves_of_alert" ON "alert_moves" USING btree ("office_id","alert_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "alerts_one_open" ON "alerts" USING btree ("office_id","merchant_id","indicator") WHERE "alerts"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "alerts_of_merchant" ON "alerts" USING btree ("office_id","merchant_id","id");--> statement-breakpoint
CREATE INDEX "alerts_due" ON "alerts" USING btree ("office_id","due_at") WHERE "alerts"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "indicator_values_of_day" ON "indicator_values" USING btree ("office_id","day","indicator","level");--> statement-breakpoint
CREATE INDEX "suspense_items_of_order" ON "suspense_items" USING btree ("office_id","order_id") WHERE "suspense_items"."order_id" is not null;--> statement-breakpoint
CREATE INDEX "transfers_at_bank" ON "transfers" USING btree ("office_id","reference") WHERE "transfers"."event" in ('channel-settled', 'payout-confirmed', 'fee-taken', 'payout-returned', 'refund-confirmed', 'refund-returned', 'receipt-returned');--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_one_per_version" UNIQUE("office_id","kind","subject","version");--> statement-breakpoint
ALTER TABLE "suspense_items" ADD CONSTRAINT "suspense_items_status" CHECK ("suspense_items"."status" in ('open', 'proposed', 'ordered', 'resolved'));--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_version" CHECK ("documents"."version" >= 1);--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_one_duty" CHECK ("memberships"."end" <> 'administrator' or ("memberships"."office" is null and "memberships"."merchant_id" is null and cardinality("memberships"."roles") > 0 and ("memberships"."roles" <@ array['system'] or "memberships"."roles" <@ array['security'] or "memberships"."roles" <@ array['audit'])));--> statement-breakpoint
CREATE POLICY "audit_log_select_auditor_worker" ON "audit_log" AS PERMISSIVE FOR SELECT TO "ticun_auditor", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "memberships_select_administrator" ON "memberships" AS PERMISSIVE FOR SELECT TO "ticun_administrator" USING ("end" not in ('consumer', 'merchant'));--> statement-breakpoint
CREATE POLICY "audit_chain_select_auditor_worker" ON "audit_chain" AS PERMISSIVE FOR SELECT TO "ticun_auditor", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "audit_chain_insert_worker" ON "audit_chain" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "channel_report_lines_select_notary" ON "channel_report_lines" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "channel_report_lines_insert_notary" ON "channel_report_lines" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "channel_report_lines_select_worker_bureau" ON "channel_report_lines" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "channel_reports_select_notary" ON "channel_reports" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "channel_reports_insert_notary" ON "channel_reports" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "channel_reports_update_notary" ON "channel_reports" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "channel_reports_select_worker_bureau" ON "channel_reports" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "guardian_consents_select_consumer" ON "guardian_consents" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (guardian_id = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "guardian_consents_insert_consumer" ON "guardian_consents" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (guardian_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "guardian_consents_select_notary_worker" ON "guardian_consents" AS PERMISSIVE FOR SELECT TO "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_cosignatures_select_anyone" ON "evidence_cosignatures" AS PERMISSIVE FOR SELECT TO "ticun_anyone" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_cosignatures_select_worker" ON "evidence_cosignatures" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "evidence_cosignatures_insert_worker" ON "evidence_cosignatures" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "legal_holds_select_notary" ON "legal_holds" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "legal_holds_insert_notary" ON "legal_holds" AS PERMISSIVE FOR INSERT TO "ticun_notary" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "legal_holds_update_notary" ON "legal_holds" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "legal_holds_select_worker" ON "legal_holds" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "legal_holds_update_worker" ON "legal_holds" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "legal_holds_select_merchant" ON "legal_holds" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid) and against = 'merchant');--> statement-breakpoint
CREATE POLICY "legal_holds_select_consumer" ON "legal_holds" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (against = 'consumer' and exists (select 1 from contracts c where c.office_id = legal_holds.office_id and c.id = legal_holds.contract_id));--> statement-breakpoint
CREATE POLICY "retained_particulars_insert_identity" ON "retained_particulars" AS PERMISSIVE FOR INSERT TO "ticun_identity" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "retained_particulars_select_worker" ON "retained_particulars" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "retained_particulars_delete_worker" ON "retained_particulars" AS PERMISSIVE FOR DELETE TO "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "second_factors_select_identity_worker" ON "second_factors" AS PERMISSIVE FOR SELECT TO "ticun_identity", "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "second_factors_insert_identity_worker" ON "second_factors" AS PERMISSIVE FOR INSERT TO "ticun_identity", "ticun_worker" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "second_factors_update_identity_worker" ON "second_factors" AS PERMISSIVE FOR UPDATE TO "ticun_identity", "ticun_worker" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "second_factors_delete_identity_worker" ON "second_factors" AS PERMISSIVE FOR DELETE TO "ticun_identity", "ticun_worker" USING (true);--> statement-breakpoint
CREATE POLICY "sign_ins_select_identity" ON "sign_ins" AS PERMISSIVE FOR SELECT TO "ticun_identity" USING (true);--> statement-breakpoint
CREATE POLICY "sign_ins_insert_identity" ON "sign_ins" AS PERMISSIVE FOR INSERT TO "ticun_identity" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "sign_ins_delete_identity" ON "sign_ins" AS PERMISSIVE FOR DELETE TO "ticun_identity" USING (true);--> statement-breakpoint
CREATE POLICY "sign_ins_select_consumer_merchant_notary_operator_bureau_adjudi" ON "sign_ins" AS PERMISSIVE FOR SELECT TO "ticun_adjudicator", "ticun_bureau", "ticun_consumer", "ticun_merchant", "ticun_notary", "ticun_operator" USING (person_id = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "sign_ins_select_administrator" ON "sign_ins" AS PERMISSIVE FOR SELECT TO "ticun_administrator" USING (person_id = (select nullif(current_setting('ticun.person', true), '')::uuid) or "end" not in ('consumer', 'merchant'));--> statement-breakpoint
CREATE POLICY "journal_totals_select_notary_bureau_worker" ON "journal_totals" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "journal_totals_insert_worker" ON "journal_totals" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "corrections_select_consumer" ON "corrections" AS PERMISSIVE FOR SELECT TO "ticun_consumer" USING (person_id = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "corrections_insert_consumer" ON "corrections" AS PERMISSIVE FOR INSERT TO "ticun_consumer" WITH CHECK (person_id = (select nullif(current_setting('ticun.person', true), '')::uuid) and office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "corrections_select_notary" ON "corrections" AS PERMISSIVE FOR SELECT TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "corrections_update_notary" ON "corrections" AS PERMISSIVE FOR UPDATE TO "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "staff_proposals_select_administrator" ON "staff_proposals" AS PERMISSIVE FOR SELECT TO "ticun_administrator" USING (true);--> statement-breakpoint
CREATE POLICY "staff_proposals_insert_administrator" ON "staff_proposals" AS PERMISSIVE FOR INSERT TO "ticun_administrator" WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "staff_proposals_update_administrator" ON "staff_proposals" AS PERMISSIVE FOR UPDATE TO "ticun_administrator" USING (true) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "alert_moves_select_bureau_notary" ON "alert_moves" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "alert_moves_select_merchant" ON "alert_moves" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "alert_moves_select_worker" ON "alert_moves" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "alert_moves_insert_worker" ON "alert_moves" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "alerts_select_bureau_notary" ON "alerts" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "alerts_select_merchant" ON "alerts" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "alerts_select_worker" ON "alerts" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "alerts_insert_worker" ON "alerts" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "alerts_update_worker" ON "alerts" AS PERMISSIVE FOR UPDATE TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int)) WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "indicator_values_select_bureau_notary" ON "indicator_values" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "indicator_values_select_merchant" ON "indicator_values" AS PERMISSIVE FOR SELECT TO "ticun_merchant" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int) and merchant_id = (select nullif(current_setting('ticun.merchant', true), '')::uuid));--> statement-breakpoint
CREATE POLICY "indicator_values_select_worker" ON "indicator_values" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "indicator_values_insert_worker" ON "indicator_values" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "warning_days_select_bureau_notary_merchant" ON "warning_days" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_merchant", "ticun_notary" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "warning_days_select_worker" ON "warning_days" AS PERMISSIVE FOR SELECT TO "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "warning_days_insert_worker" ON "warning_days" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
ALTER POLICY "audit_log_insert_notary_operator_bureau_adjudicator_merchant_co" ON "audit_log" TO ticun_adjudicator,ticun_administrator,ticun_anyone,ticun_auditor,ticun_bureau,ticun_consumer,ticun_identity,ticun_merchant,ticun_notary,ticun_operator,ticun_worker WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
ALTER POLICY "people_select_consumer_merchant_notary_operator_bureau_adjudica" ON "people" TO ticun_adjudicator,ticun_administrator,ticun_bureau,ticun_consumer,ticun_merchant,ticun_notary,ticun_operator USING (id = (select nullif(current_setting('ticun.person', true), '')::uuid));--> statement-breakpoint
ALTER POLICY "offices_select_consumer_merchant_notary_operator_bureau_adjudic" ON "offices" TO ticun_adjudicator,ticun_administrator,ticun_anyone,ticun_auditor,ticun_bureau,ticun_consumer,ticun_identity,ticun_merchant,ticun_notary,ticun_operator,ticun_redeemer,ticun_worker USING (true);--> statement-breakpoint
ALTER POLICY "rules_select_consumer_merchant_notary_operator_bureau_adjudicat" ON "rules" TO ticun_adjudicator,ticun_administrator,ticun_anyone,ticun_auditor,ticun_bureau,ticun_consumer,ticun_identity,ticun_merchant,ticun_notary,ticun_operator,ticun_redeemer,ticun_worker USING (true);