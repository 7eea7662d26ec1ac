-- Every code that is shown is used once, where it lies: each row needs room for a second version of
-- itself on its page, or its three indexes are written again.
ALTER TABLE check_in_codes SET (fillfactor = 50);
