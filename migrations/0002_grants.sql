SELECT grant_by_policies();
--> statement-breakpoint
-- Rows that redemptions and postings rewrite stay on their page: heap-only updates, no index work.
ALTER TABLE contracts SET (fillfactor = 60);
--> statement-breakpoint
ALTER TABLE accounts SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE check_in_codes SET (fillfactor = 80);
