-- What falls due is the service's own to write down; an answer under an idempotency key is its caller's (0009 says which).
REVOKE ALL ON deadlines FROM ticun_consumer, ticun_merchant, ticun_notary, ticun_operator, ticun_adjudicator;
--> statement-breakpoint
REVOKE ALL ON idempotency_keys FROM ticun_anyone;

--> statement-breakpoint
SELECT grant_by_policies();
