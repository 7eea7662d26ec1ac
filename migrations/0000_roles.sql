-- One role per end and a few for the service's own work (docs/decisions/0003). None owns anything,
-- none can log in but ticun_service, which is a member of all and inherits from none: it must say
-- in whose name it acts, by SET LOCAL ROLE. Roles are shared by all databases of a cluster, so
-- each may exist already, and another database may be making it at this moment.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator', 'anyone', 'identity', 'worker', 'redeemer'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE ticun_%s NOLOGIN', name);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
  BEGIN
    CREATE ROLE ticun_service LOGIN NOINHERIT;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END;
  FOREACH name IN ARRAY ARRAY['consumer', 'merchant', 'notary', 'operator', 'bureau', 'adjudicator', 'anyone', 'identity', 'worker', 'redeemer'] LOOP
    IF NOT pg_has_role('ticun_service', 'ticun_' || name, 'MEMBER') THEN
      BEGIN
        EXECUTE format('GRANT ticun_%s TO ticun_service', name);
      EXCEPTION WHEN unique_violation THEN NULL;
      END;
    END IF;
  END LOOP;
END
$$;
--> statement-breakpoint
-- Grants exactly what the policies name: a table without a policy for a role does not exist for it.
-- Each migration that adds a policy ends by calling this.
CREATE FUNCTION grant_by_policies() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  p record;
BEGIN
  FOR p IN
    SELECT tablename, cmd, role FROM pg_policies, unnest(roles) AS role WHERE schemaname = 'public'
  LOOP
    EXECUTE format('GRANT %s ON TABLE public.%I TO %I', p.cmd, p.tablename, p.role);
  END LOOP;
  GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ticun_worker;
END
$$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION grant_by_policies() FROM PUBLIC;
