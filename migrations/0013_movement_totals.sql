CREATE TABLE "movement_totals" (
	"office_id" integer NOT NULL,
	"from_id" uuid NOT NULL,
	"until_id" uuid NOT NULL,
	"merchant_id" uuid NOT NULL,
	"contract_kind" text NOT NULL,
	"kind" text NOT NULL,
	"event" text NOT NULL,
	"lines" integer NOT NULL,
	"credit_fen" bigint NOT NULL,
	"first_booked_at" timestamp with time zone NOT NULL,
	"last_booked_at" timestamp with time zone NOT NULL,
	"first_occurred_at" timestamp with time zone NOT NULL,
	"last_occurred_at" timestamp with time zone NOT NULL,
	CONSTRAINT "movement_totals_pk" PRIMARY KEY("office_id","until_id","merchant_id","contract_kind","kind","event"),
	CONSTRAINT "movement_totals_once" UNIQUE("office_id","merchant_id","from_id","contract_kind","kind","event")
);
--> statement-breakpoint
ALTER TABLE "movement_totals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "movement_totals_select_notary_bureau_worker" ON "movement_totals" AS PERMISSIVE FOR SELECT TO "ticun_bureau", "ticun_notary", "ticun_worker" USING (office_id = (select nullif(current_setting('ticun.office', true), '')::int));--> statement-breakpoint
CREATE POLICY "movement_totals_insert_worker" ON "movement_totals" AS PERMISSIVE FOR INSERT TO "ticun_worker" WITH CHECK (office_id = (select nullif(current_setting('ticun.office', true), '')::int));