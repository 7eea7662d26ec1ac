-- Rules of law.md as dated data; see docs/rules.md.
SELECT 1;
