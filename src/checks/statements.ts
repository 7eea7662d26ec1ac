/*
 * The invariants of the books, each as a statement that selects what breaks it. They name tables of
 * every feature on purpose, and none of their code: what is checked here must not be computed by
 * what it checks. No statement names an office, so that the owner checks all at once and the
 * sandbox one after the other, under row-level security.
 */

export type Check = Readonly<{ name: string; says: string; sql: string }>

const assets = "('bank', 'clearing', 'due_from_office', 'unexplained_debit')"

/** The effect of an entry on its account's balance, in the account's own direction. */
const effect = `case when (side = 'D') = (kind in ${assets}) then amount_fen else -amount_fen end`

/** The wire's form of a UUID column (src/kernel/id.ts): accounts are named by it. */
const typeId = (prefix: string, column: string): string => `'${prefix}_' || (
    select string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', substring(B'00' || ('x' || replace(${column}::text, '-', ''))::bit(128) from g * 5 + 1 for 5)::int + 1, 1), '' order by g)
    from generate_series(0, 25) g)`

/** What every contract, account by account, has as its balance. */
const contractBalances = `
  select office_id, id as contract_id, b.kind, b.balance_fen
  from contracts cross join lateral (values ('held', held_fen), ('disputed', disputed_fen), ('pending', pending_fen)) as b(kind, balance_fen)`

const journal: readonly Check[] = [
  {
    name: 'transfer-balances',
    says: 'Every transfer\'s debits equal its credits, and its entries are complete',
    sql: `
      select t.office_id, t.id as transfer_id, t.event, t.debit_fen, t.credit_fen, e.debits, e.credits
      from transfers t
      left join (
        select office_id, transfer_id, sum(amount_fen) filter (where side = 'D') as debits, sum(amount_fen) filter (where side = 'C') as credits
        from entries group by office_id, transfer_id) e on e.office_id = t.office_id and e.transfer_id = t.id
      where t.debit_fen <> t.credit_fen or e.debits is distinct from t.debit_fen or e.credits is distinct from t.credit_fen`
  },
  {
    name: 'ledger-balances-at-every-moment',
    says: 'At every past moment, all debits booked by then equal all credits',
    sql: `
      select office_id, booked_at, difference_fen from (
        select office_id, booked_at,
          sum(sum(case side when 'D' then amount_fen else -amount_fen end)) over (partition by office_id order by booked_at) as difference_fen
        from entries group by office_id, booked_at) moments
      where difference_fen <> 0`
  },
  {
    name: 'nothing-below-zero',
    says: 'No account is, or ever was, below zero, but a payment channel\'s',
    sql: `
      select office_id, kind, of as account, balance_fen from accounts where balance_fen < 0 and kind <> 'clearing'
      union all
      select office_id, kind, contract_id::text, balance_fen from (${contractBalances}) c where balance_fen < 0
      union all
      select office_id, kind, transfer_id::text, balance_after_fen from entries where balance_after_fen < 0 and kind <> 'clearing'`
  },
  {
    name: 'account-equals-its-entries',
    says: 'An account\'s balance is the sum of its entries',
    sql: `
      select coalesce(a.office_id, e.office_id) as office_id, coalesce(a.kind, e.kind) as kind, a.of as account, a.balance_fen, e.total_fen
      from accounts a
      full join (select office_id, account_id, kind, sum(${effect}) as total_fen from entries where account_id is not null group by office_id, account_id, kind) e
        on e.office_id = a.office_id and e.account_id = a.id and e.kind = a.kind
      where a.id is null or a.balance_fen <> coalesce(e.total_fen, 0)`
  },
  {
    name: 'contract-equals-its-entries',
    says: 'A contract\'s held, disputed and pending are the sums of their entries',
    sql: `
      select coalesce(c.office_id, e.office_id) as office_id, coalesce(c.contract_id, e.contract_id) as contract_id, coalesce(c.kind, e.kind) as kind, c.balance_fen, e.total_fen
      from (${contractBalances}) c
      full join (select office_id, contract_id, kind, sum(${effect}) as total_fen from entries where account_id is null group by office_id, contract_id, kind) e
        on e.office_id = c.office_id and e.contract_id = c.contract_id and e.kind = c.kind
      where c.contract_id is null or c.balance_fen <> coalesce(e.total_fen, 0)`
  },
  {
    // The balances before and after every entry, taken as steps, must lead from 0 to the balance
    // now: every value is left as often as it is reached. This needs no order between entries.
    name: 'running-balances-continue',
    says: 'Every entry\'s running balance continues another\'s, from zero to the balance now',
    sql: `
      with steps as (
        select office_id, coalesce(account_id, contract_id) as owner, kind, balance_after_fen as after_fen, balance_after_fen - (${effect}) as before_fen from entries
      ), ends as (
        select office_id, id as owner, kind, balance_fen from accounts
        union all select office_id, contract_id, kind, balance_fen from (${contractBalances}) c
      ), reached as (
        select office_id, owner, kind, after_fen as balance_fen, 1 as times from steps
        union all select office_id, owner, kind, before_fen, -1 from steps
        union all select office_id, owner, kind, 0, 1 from ends
        union all select office_id, owner, kind, balance_fen, -1 from ends
      )
      select office_id, kind, owner, balance_fen, sum(times) as reached_more_than_left
      from reached group by office_id, kind, owner, balance_fen having sum(times) <> 0`
  },
  {
    name: 'books-are-covered',
    says: 'bank + clearing + due_from_office + unexplained_debit equals everything owed',
    sql: `
      with balances as (
        select office_id, kind, balance_fen from accounts
        union all select office_id, kind, balance_fen from (${contractBalances}) c
      )
      select office_id, assets_fen, liabilities_fen from (
        select office_id, coalesce(sum(balance_fen) filter (where kind in ${assets}), 0) as assets_fen,
          coalesce(sum(balance_fen) filter (where kind not in ${assets}), 0) as liabilities_fen
        from balances group by office_id) sides
      where assets_fen <> liabilities_fen`
  },
  {
    name: 'journal-totals-add-up',
    says: 'The sums of the journal by hour are those of the entries they were made of',
    sql: `
      with summed as (
        select office_id, kind, booked_hour, occurred_hour, sum(debit_fen) as debit_fen, sum(credit_fen) as credit_fen
        from journal_totals group by office_id, kind, booked_hour, occurred_hour
      ), booked as (
        select e.office_id, e.kind, date_trunc('hour', e.booked_at, 'UTC') as booked_hour, date_trunc('hour', t.occurred_at, 'UTC') as occurred_hour,
          coalesce(sum(e.amount_fen) filter (where e.side = 'D'), 0) as debit_fen, coalesce(sum(e.amount_fen) filter (where e.side = 'C'), 0) as credit_fen
        from (select office_id, max(until_id::text)::uuid as until_id from journal_totals group by office_id) s
        join entries e on e.office_id = s.office_id and e.transfer_id <= s.until_id
        join transfers t on t.office_id = e.office_id and t.id = e.transfer_id
        group by 1, 2, 3, 4
      )
      select coalesce(s.office_id, b.office_id) as office_id, coalesce(s.kind, b.kind) as kind, coalesce(s.booked_hour, b.booked_hour) as booked_hour,
        s.debit_fen as summed_debit_fen, b.debit_fen, s.credit_fen as summed_credit_fen, b.credit_fen
      from summed s
      full join booked b on b.office_id = s.office_id and b.kind = s.kind and b.booked_hour = s.booked_hour and b.occurred_hour = s.occurred_hour
      where s.debit_fen is distinct from b.debit_fen or s.credit_fen is distinct from b.credit_fen`
  },
  {
    name: 'movement-totals-add-up',
    says: 'The sums of what was moved for each merchant are those of the entries they were made of, and know from when to when these are',
    sql: `
      with summed as (
        select office_id, merchant_id, contract_kind, kind, event, sum(lines) as lines, sum(credit_fen) as credit_fen,
          array[min(first_booked_at), max(last_booked_at), min(first_occurred_at), max(last_occurred_at)] as times
        from movement_totals group by office_id, merchant_id, contract_kind, kind, event
      ), moved as (
        select e.office_id, coalesce(c.merchant_id, a.merchant_id, t.merchant_id) as merchant_id, coalesce(c.kind, '') as contract_kind, e.kind, t.event, count(*) as lines,
          sum(case e.side when 'C' then e.amount_fen else -e.amount_fen end) as credit_fen, array[min(e.booked_at), max(e.booked_at), min(t.occurred_at), max(t.occurred_at)] as times
        from (select office_id, max(until_id::text)::uuid as until_id from movement_totals group by office_id) s
        join entries e on e.office_id = s.office_id and e.transfer_id <= s.until_id
        join transfers t on t.office_id = e.office_id and t.id = e.transfer_id
        left join accounts a on a.office_id = e.office_id and a.id = e.account_id
        left join contracts c on c.office_id = e.office_id and c.id = coalesce(e.contract_id, t.contract_id)
        where coalesce(c.merchant_id, a.merchant_id, t.merchant_id) is not null
        group by 1, 2, 3, 4, 5
      )
      select coalesce(s.office_id, m.office_id) as office_id, coalesce(s.merchant_id, m.merchant_id) as merchant_id, coalesce(s.contract_kind, m.contract_kind) as contract_kind,
        coalesce(s.kind, m.kind) as kind, coalesce(s.event, m.event) as event, s.credit_fen as summed_credit_fen, m.credit_fen
      from summed s
      full join moved m on m.office_id = s.office_id and m.merchant_id = s.merchant_id and m.contract_kind = s.contract_kind and m.kind = s.kind and m.event = s.event
      where (s.lines, s.credit_fen, s.times) is distinct from (m.lines, m.credit_fen, m.times)`
  },
  {
    name: 'one-leaf-per-transfer',
    says: 'Every money movement has exactly one evidence leaf, of the same event and about the same thing',
    sql: `
      select coalesce(t.office_id, l.office_id) as office_id, coalesce(t.id, l.transfer_id) as transfer_id, t.event, coalesce(l.leaves, 0) as leaves, l.facts
      from transfers t
      full join (
        select office_id, transfer_id, count(*) as leaves, string_agg(fact, ',') as facts, min(subject) as subject
        from evidence_entries where transfer_id is not null group by office_id, transfer_id) l on l.office_id = t.office_id and l.transfer_id = t.id
      where t.id is null or l.leaves is distinct from 1 or l.facts <> t.event or l.subject <> t.reference`
  }
]

const contracts: readonly Check[] = [
  {
    name: 'contract-money-adds-up',
    says: 'paid = held + disputed + pending + released + refunded, none below zero, for every contract',
    sql: `
      select office_id, id as contract_id, paid_fen, held_fen, disputed_fen, pending_fen, released_fen, refunded_fen, refund_paid_fen, objected_fen
      from contracts
      where paid_fen <> held_fen + disputed_fen + pending_fen + released_fen + refunded_fen
        or least(paid_fen, held_fen, disputed_fen, pending_fen, released_fen, refunded_fen, refund_paid_fen, objected_fen) < 0
        or refund_paid_fen > refunded_fen or objected_fen > pending_fen`
  },
  {
    name: 'paid-came-in',
    says: 'What a contract says was paid came in from a channel, the bank or suspense, less what was reversed',
    sql: `
      select c.office_id, c.id as contract_id, c.paid_fen, coalesce(i.came_in_fen, 0) as came_in_fen
      from contracts c
      left join (
        select e.office_id, e.contract_id, sum(case e.side when 'C' then e.amount_fen else -e.amount_fen end) as came_in_fen
        from entries e join transfers t on t.office_id = e.office_id and t.id = e.transfer_id
        where e.kind = 'held' and t.event in ('payment-received', 'receipt-resolved', 'payment-reversed')
        group by e.office_id, e.contract_id) i on i.office_id = c.office_id and i.contract_id = c.id
      where c.paid_fen <> coalesce(i.came_in_fen, 0)`
  },
  {
    name: 'price-is-accounted-for',
    says: 'alloc + X + held = price, for every live contract',
    sql: `
      select office_id, id as contract_id, status, price_fen, alloc_fen, taken_fen, held_fen
      from contracts
      where status in ('active', 'completed', 'expired') and (frozen is null or frozen = 'pause') and alloc_fen + taken_fen + held_fen <> price_fen`
  },
  {
    name: 'released-once',
    says: 'A contract\'s used units and allocated money are the sums of its releases that are not voided, within units and price',
    sql: `
      select c.office_id, c.id as contract_id, c.units, c.units_used, r.units as released_units, c.price_fen, c.alloc_fen, r.amount_fen as released_fen
      from contracts c
      left join (
        select office_id, contract_id, sum(units) as units, sum(amount_fen) as amount_fen
        from releases where state not in ('voided', 'recorded') and kind <> 'award' group by office_id, contract_id) r on r.office_id = c.office_id and r.contract_id = c.id
      where c.units_used <> coalesce(r.units, 0) or c.alloc_fen <> coalesce(r.amount_fen, 0) or c.units_used > c.units or c.alloc_fen > c.price_fen`
  },
  {
    name: 'pending-equals-releases',
    says: 'A contract\'s pending money is that of its releases pending and objected, less what a dispute froze of them',
    sql: `
      select c.office_id, c.id as contract_id, c.pending_fen, c.objected_fen, r.open_fen, r.objected_fen as rows_objected_fen
      from contracts c
      left join (
        select r.office_id, r.contract_id, sum(r.amount_fen - coalesce(f.frozen_fen, 0)) as open_fen,
          coalesce(sum(r.amount_fen - coalesce(f.frozen_fen, 0)) filter (where r.state = 'objected'), 0) as objected_fen
        from releases r
        left join (
          select office_id, release_id, sum(amount_fen) as frozen_fen from freeze_lines where ended_at is null and source = 'pending' group by office_id, release_id) f
          on f.office_id = r.office_id and f.release_id = r.id
        where r.state in ('pending', 'objected') group by r.office_id, r.contract_id) r on r.office_id = c.office_id and r.contract_id = c.id
      where c.pending_fen <> coalesce(r.open_fen, 0) or c.objected_fen <> coalesce(r.objected_fen, 0)`
  },
  {
    name: 'disputed-equals-freezes',
    says: 'A contract\'s disputed money is that of the lines its open disputes froze',
    sql: `
      select c.office_id, c.id as contract_id, c.disputed_fen, f.frozen_fen
      from contracts c
      left join (select office_id, contract_id, sum(amount_fen) as frozen_fen from freeze_lines where ended_at is null group by office_id, contract_id) f
        on f.office_id = c.office_id and f.contract_id = c.id
      where c.disputed_fen <> coalesce(f.frozen_fen, 0)`
  }
]

const changes: readonly Check[] = [
  {
    name: 'term-ends-by-its-days',
    says: 'A term card ends with its days and those it was paused, to the day',
    sql: `
      select c.office_id, c.id as contract_id, c.term_start, c.units, p.days as paused, c.expires_at
      from contracts c
      left join (select office_id, contract_id, sum(ends_on - starts_on + 1)::int as days from pauses where status in ('agreed', 'running', 'ended') group by office_id, contract_id) p
        on p.office_id = c.office_id and p.contract_id = c.id
      where c.kind = 'period' and c.term_start is not null
        and (c.expires_at at time zone 'Asia/Shanghai')::timestamp <> (c.term_start + c.units::int + coalesce(p.days, 0))::timestamp`
  },
  {
    name: 'holder-took-over',
    says: 'Who holds a contract that was handed over is who signed for it last',
    sql: `
      select c.office_id, c.id as contract_id, c.consumer_id, h.to_id
      from contracts c
      join (select distinct on (office_id, contract_id) office_id, contract_id, to_id from handovers where status = 'accepted' order by office_id, contract_id, decided_at desc) h
        on h.office_id = c.office_id and h.contract_id = c.id
      where c.consumer_id <> h.to_id`
  }
]

/** Release rows that a settlement item has, once approved, paid for out of `payable`, or that were set aside as unclaimed. */
const settled = "(exists (select 1 from settlement_items i where i.office_id = r.office_id and i.id = r.item_id and i.status not in ('draft', 'cancelled', 'returned')) or exists (select 1 from unclaimed_items u where u.office_id = r.office_id and u.id = r.item_id and u.status in ('set_aside', 'claim_proposed')))"

const merchants: readonly Check[] = [
  {
    name: 'payable-equals-releases',
    says: 'What is payable to a merchant is that of its payable releases in no approved settlement, less what claims collected of it',
    sql: `
      select coalesce(a.office_id, r.office_id) as office_id, coalesce(a.merchant_id, r.merchant_id) as merchant_id, a.payable_fen, r.due_fen
      from (select office_id, merchant_id, sum(balance_fen) as payable_fen from accounts where kind = 'payable' group by office_id, merchant_id) a
      full join (
        select office_id, merchant_id, sum(amount_fen) as due_fen from (
          select office_id, merchant_id, amount_fen from releases r where state = 'payable' and not ${settled}
          union all select office_id, merchant_id, -amount_fen from claim_collections r where not ${settled}) due
        group by office_id, merchant_id) r
        on r.office_id = a.office_id and r.merchant_id = a.merchant_id
      where coalesce(a.payable_fen, 0) <> coalesce(r.due_fen, 0)`
  },
  {
    name: 'item-equals-its-releases',
    says: 'The gross of a settlement item, or of what is payable and unclaimed, is the sum of the releases it reserved, less what claims collected; none is reserved to an item that is over without payment',
    sql: `
      select coalesce(i.office_id, r.office_id) as office_id, coalesce(i.id, r.item_id) as item_id, i.status, i.gross_fen, r.reserved_fen
      from (
        select office_id, id, status in ('draft', 'approved', 'submitted', 'paid') as reserves, status, gross_fen from settlement_items
        union all select office_id, id, status in ('proposed', 'set_aside', 'claim_proposed'), status, amount_fen from unclaimed_items where kind = 'payable') i
      full join (
        select office_id, item_id, sum(amount_fen) as reserved_fen from (
          select office_id, item_id, amount_fen from releases
          union all select office_id, item_id, -amount_fen from claim_collections) reserved
        where item_id is not null group by office_id, item_id) r
        on r.office_id = i.office_id and r.item_id = i.id
      where coalesce(r.reserved_fen, 0) <> case when i.reserves then i.gross_fen else 0 end`
  },
  {
    name: 'in-transit-equals-items',
    says: 'What is in transit is the gross of each settlement item that is approved and not answered',
    sql: `
      with under_way as (
        select office_id, ${typeId('sti', 'id')} as of, status, gross_fen from settlement_items where status in ('approved', 'submitted')
      )
      select coalesce(a.office_id, i.office_id) as office_id, coalesce(a.of, i.of) as item_id, i.status, i.gross_fen, a.balance_fen
      from (select office_id, of, balance_fen from accounts where kind = 'in_transit' and balance_fen <> 0) a
      full join under_way i on i.office_id = a.office_id and i.of = a.of
      where coalesce(a.balance_fen, 0) <> coalesce(i.gross_fen, 0)`
  },
  {
    name: 'released-is-paid-or-owed',
    says: 'What contracts released to a merchant is payable, in transit, paid out, fee, or unclaimed',
    sql: `
      with released as (
        select office_id, merchant_id, sum(released_fen) as released_fen from contracts group by office_id, merchant_id
      ), owed as (
        select office_id, merchant_id, sum(balance_fen) as owed_fen from accounts
        where kind in ('payable', 'in_transit', 'unclaimed') and merchant_id is not null group by office_id, merchant_id
      ), paid as (
        select office_id, merchant_id, sum(gross_fen) as paid_fen from settlement_items where status = 'paid' group by office_id, merchant_id
      )
      select r.office_id, r.merchant_id, r.released_fen, o.owed_fen, p.paid_fen
      from (select office_id, merchant_id from released union select office_id, merchant_id from owed union select office_id, merchant_id from paid) m
      left join released r using (office_id, merchant_id)
      left join owed o using (office_id, merchant_id)
      left join paid p using (office_id, merchant_id)
      where coalesce(r.released_fen, 0) <> coalesce(o.owed_fen, 0) + coalesce(p.paid_fen, 0)`
  }
]

const unclaimed: readonly Check[] = [
  {
    name: 'unclaimed-equals-items',
    says: 'What is unclaimed is the sum of each item that two notaries set aside, and nobody was paid',
    sql: `
      with aside as (
        select office_id, ${typeId('unc', 'id')} as of, amount_fen from unclaimed_items where status in ('set_aside', 'claim_proposed')
      )
      select coalesce(a.office_id, i.office_id) as office_id, coalesce(a.of, i.of) as item_id, i.amount_fen, a.balance_fen
      from (select office_id, of, balance_fen from accounts where kind = 'unclaimed' and balance_fen <> 0) a
      full join aside i on i.office_id = a.office_id and i.of = a.of
      where coalesce(a.balance_fen, 0) <> coalesce(i.amount_fen, 0)`
  }
]

const committed = "('approved', 'processing', 'paid', 'failed')"

const refunds: readonly Check[] = [
  {
    name: 'refund-is-owed-until-paid',
    says: 'What is owed or under way for a refund is its sum from approval until it is paid, and nothing before and after',
    sql: `
      with owed as (
        select office_id, of, sum(balance_fen) as owed_fen from accounts where kind in ('refund_payable', 'refund_in_transit') group by office_id, of
      ), due as (
        select office_id, ${typeId('ref', 'id')} as of, status, case when status in ${committed} and status <> 'paid' and not exists (
            select 1 from unclaimed_items u where u.office_id = refunds.office_id and u.refund_id = refunds.id and u.kind = 'refund' and u.status in ('set_aside', 'claim_proposed')) then refund_fen else 0 end as due_fen from refunds
      )
      select coalesce(o.office_id, d.office_id) as office_id, coalesce(o.of, d.of) as refund_id, d.status, d.due_fen, o.owed_fen
      from owed o full join due d on d.office_id = o.office_id and d.of = o.of
      where coalesce(o.owed_fen, 0) <> coalesce(d.due_fen, 0)`
  },
  {
    name: 'refunded-equals-refunds',
    says: 'What a contract says was refunded, and of it paid, is the sum of its refunds approved, and paid',
    sql: `
      select c.office_id, c.id as contract_id, c.refunded_fen, c.refund_paid_fen, r.committed_fen, r.paid_fen
      from contracts c
      left join (
        select office_id, contract_id, sum(refund_fen) as committed_fen, coalesce(sum(refund_fen) filter (where status = 'paid'), 0) as paid_fen
        from refunds where purpose = 'principal' and status in ${committed} group by office_id, contract_id) r on r.office_id = c.office_id and r.contract_id = c.id
      where c.refunded_fen <> coalesce(r.committed_fen, 0) or c.refund_paid_fen <> coalesce(r.paid_fen, 0)`
  }
]

/** Holds against whom it says that were approved and in force at an instant. */
const heldAt = (at: string, of: string): string => `select coalesce(sum(h.amount_fen), 0) as held_fen from legal_holds h
        where ${of} and h.approved_at < ${at} and h.ends_at > ${at} and (h.ended_at is null or h.ended_at > ${at})`

const holds: readonly Check[] = [
  {
    name: 'held-money-stays',
    says: 'Nothing was paid or collected out of a merchant\'s payable, or a contract\'s part of it, and no refund was sent, that left less than courts held at that moment',
    sql: `
      with out_of_payable as (
        select t.office_id, t.id as transfer_id, t.reference, a.merchant_id, e.amount_fen, e.balance_after_fen as left_fen, t.booked_at
        from transfers t
        join entries e on e.office_id = t.office_id and e.transfer_id = t.id and e.kind = 'payable' and e.side = 'D'
        join accounts a on a.office_id = e.office_id and a.id = e.account_id
        where t.event in ('settlement-approved', 'claim-collected')
      ), item_of_contract as (
        select i.office_id, i.id, r.contract_id, s.approved_at, sum(r.amount_fen) as amount_fen
        from settlement_items i
        join settlements s on s.office_id = i.office_id and s.id = i.settlement_id
        join releases r on r.office_id = i.office_id and r.item_id = i.id
        where i.status in ('approved', 'submitted', 'paid')
          and exists (select from legal_holds h where h.office_id = r.office_id and h.contract_id = r.contract_id and h.against = 'merchant')
        group by i.office_id, i.id, r.contract_id, s.approved_at
      ), refund_sent as (
        select t.office_id, t.reference, r.contract_id, r.refund_fen as amount_fen, t.booked_at
        from transfers t join refunds r on r.office_id = t.office_id and r.contract_id = t.contract_id and t.reference = ${typeId('ref', 'r.id')}
        where t.event = 'refund-sent' and r.purpose = 'principal'
          and exists (select from legal_holds h where h.office_id = r.office_id and h.contract_id = r.contract_id and h.against = 'consumer')
      )
      select p.office_id, p.reference, p.amount_fen, p.left_fen, h.held_fen
      from out_of_payable p
      cross join lateral (${heldAt('p.booked_at', "h.office_id = p.office_id and h.merchant_id = p.merchant_id and h.against = 'merchant' and h.contract_id is null")}) h
      where p.left_fen < least(p.left_fen + p.amount_fen, h.held_fen)
      union all
      select p.office_id, p.id::text, p.amount_fen, l.left_fen, h.held_fen
      from item_of_contract p
      cross join lateral (${heldAt('p.approved_at', "h.office_id = p.office_id and h.contract_id = p.contract_id and h.against = 'merchant'")}) h
      cross join lateral (
        select coalesce(sum(r.amount_fen), 0) as left_fen
        from releases r
        left join settlement_items i on i.office_id = r.office_id and i.id = r.item_id
        left join settlements s on s.office_id = i.office_id and s.id = i.settlement_id
        where r.office_id = p.office_id and r.contract_id = p.contract_id and r.state in ('payable', 'voided') and r.due_at <= p.approved_at
          and (s.approved_at is null or s.approved_at > p.approved_at)) l
      where h.held_fen > 0 and l.left_fen < least(l.left_fen + p.amount_fen, h.held_fen)
      union all
      select p.office_id, p.reference, p.amount_fen, l.left_fen, h.held_fen
      from refund_sent p
      cross join lateral (${heldAt('p.booked_at', "h.office_id = p.office_id and h.contract_id = p.contract_id and h.against = 'consumer'")}) h
      cross join lateral (
        select coalesce(sum(r.refund_fen), 0) as left_fen
        from refunds r
        where r.office_id = p.office_id and r.contract_id = p.contract_id and r.purpose = 'principal' and r.status in ${committed} and coalesce(r.approved_at, r.created_at) <= p.booked_at
          and coalesce((select t.event from transfers t where t.office_id = r.office_id and t.contract_id = r.contract_id and t.reference = ${typeId('ref', 'r.id')}
            and t.event in ('refund-sent', 'refund-confirmed', 'refund-failed', 'refund-returned') and t.booked_at <= p.booked_at order by t.booked_at desc, t.id desc limit 1), 'refund-failed') in ('refund-failed', 'refund-returned')) l
      where h.held_fen > 0 and l.left_fen < least(l.left_fen + p.amount_fen, h.held_fen)`
  }
]

const bank: readonly Check[] = [
  {
    name: 'suspense-equals-items',
    says: 'What lies in suspense, and what is unexplained, is that of the items that are not resolved',
    sql: `
      select coalesce(a.office_id, i.office_id) as office_id, coalesce(a.of, i.of) as item_id, a.balance_fen, i.amount_fen
      from (select office_id, of, balance_fen from accounts where kind in ('suspense', 'unexplained_debit') and of like 'sus\\_%' and balance_fen <> 0) a
      full join (select office_id, ${typeId('sus', 'id')} as of, amount_fen from suspense_items where status <> 'resolved') i on i.office_id = a.office_id and i.of = a.of
      where a.balance_fen is distinct from i.amount_fen`
  },
  {
    name: 'statement-lines-are-booked',
    says: 'A line of a statement that is explained is one movement of its amount and side on the bank account',
    sql: `
      select b.office_id, b.id as bank_entry_id, b.status, b.side, b.amount_fen
      from bank_entries b
      where b.status in ('matched', 'booked', 'suspense', 'resolved') and not exists (
        select from entries e where e.office_id = b.office_id and e.transfer_id = b.transfer_id and e.kind = 'bank' and e.amount_fen = b.amount_fen and (e.side = 'D') = (b.side = 'C'))`
  },
  {
    name: 'closed-days-stand',
    says: 'What was booked on a day that is closed is what it was when it was closed',
    sql: `
      select d.office_id, d.day, d.entries, d.moved_fen, b.entries as booked_entries, b.moved_fen as booked_fen
      from day_closings d
      cross join lateral (
        select count(*)::int as entries, coalesce(sum(amount_fen) filter (where side = 'D'), 0) as moved_fen
        from entries e where e.office_id = d.office_id
          and e.booked_at >= d.day::timestamp at time zone 'Asia/Shanghai' and e.booked_at < (d.day + 1)::timestamp at time zone 'Asia/Shanghai') b
      where d.status = 'closed' and (d.entries <> b.entries or d.moved_fen <> b.moved_fen)`
  }
]

/** The milliseconds an id was made at (UUIDv7). */
const madeAtMs = (column: string): string => `('x' || substr(replace(${column}::text, '-', ''), 1, 12))::bit(48)::bigint`

const evidence: readonly Check[] = [
  {
    name: 'entries-have-places',
    says: 'Every entry of the evidence log that is a minute older than the newest one with a place has a place',
    sql: `
      select e.office_id, e.id as entry_id, e.fact, e.subject
      from evidence_entries e
      join (select office_id, max(${madeAtMs('entry_id')}) as newest_ms from evidence_positions group by office_id) p on p.office_id = e.office_id
      where ${madeAtMs('e.id')} < p.newest_ms - 60000
        and not exists (select 1 from evidence_positions q where q.office_id = e.office_id and q.entry_id = e.id)`
  },
  {
    name: 'places-have-no-gap',
    says: 'The places of the evidence log are those from 0 up to its newest checkpoint, each with its entry',
    sql: `
      select coalesce(c.office_id, p.office_id) as office_id, c.tree_size, p.places, p.up_to, null::uuid as entry_id
      from (select office_id, max(tree_size) as tree_size from evidence_checkpoints group by office_id) c
      full join (select office_id, count(*) as places, max(leaf_index) + 1 as up_to from evidence_positions group by office_id) p on p.office_id = c.office_id
      where coalesce(p.places, 0) <> coalesce(p.up_to, 0) or coalesce(p.places, 0) <> coalesce(c.tree_size, 0)
      union all
      select p.office_id, null, null, null, p.entry_id from evidence_positions p
      where not exists (select 1 from evidence_entries e where e.office_id = p.office_id and e.id = p.entry_id)`
  }
]

const appendOnly = "('transfers', 'entries', 'journal_totals', 'movement_totals', 'evidence_entries', 'evidence_positions', 'evidence_checkpoints', 'evidence_timestamps', 'evidence_cosignatures', 'evidence_anchors', 'receipts', 'channel_settlements', 'audit_log', 'idempotency_keys')"

const database: readonly Check[] = [
  {
    name: 'idempotency-keys-unique',
    says: 'An idempotency key stands for one effect',
    sql: `
      select office_id, encode(key_hash, 'hex') as key_hash, count(*) as times
      from idempotency_keys group by office_id, key_hash having count(*) > 1`
  },
  {
    name: 'append-only',
    says: 'Nobody but the owner may change or delete what is written to journal, evidence, receipts, keys and audit log',
    sql: `
      select t.relname as "table", r.rolname as role, p.privilege
      from pg_class t
      cross join pg_roles r
      cross join (values ('UPDATE'), ('DELETE'), ('TRUNCATE')) as p(privilege)
      where t.relnamespace = 'public'::regnamespace and t.relname in ${appendOnly}
        and not r.rolsuper and r.oid <> t.relowner and r.rolname !~ '^pg_'
        and (has_table_privilege(r.oid, t.oid, p.privilege) or (p.privilege = 'UPDATE' and has_any_column_privilege(r.oid, t.oid, 'UPDATE')))`
  },
  {
    name: 'office-leads-every-key',
    says: 'The office is the first column of every primary, unique and foreign key of office data',
    sql: `
      with office_tables as (
        select c.oid, c.relname, a.attnum from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'office_id' and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      )
      select t.relname as "table", i.indexrelid::regclass::text as key
      from office_tables t join pg_index i on i.indrelid = t.oid
      where i.indisunique and i.indkey[0] <> t.attnum
      union all
      select t.relname, k.conname
      from office_tables t join pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
      left join office_tables other on other.oid = k.confrelid
      where k.conkey[1] <> t.attnum or k.confkey[1] is distinct from other.attnum
      union all
      select t.relname, '(no primary key)'
      from office_tables t where not exists (select 1 from pg_index i where i.indrelid = t.oid and i.indisprimary)`
  },
  {
    name: 'row-level-security-is-on',
    // On the coordinator of a cluster the service passes it, to be held by the workers, which db:distribute checks.
    says: 'Every table has row-level security, and no role of ours may pass it by',
    sql: `
      select relname as "table", null as role from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity
      union all
      select null, rolname from pg_roles where rolname ~ '^ticun_' and (rolbypassrls or rolsuper)
        and oid not in (select relowner from pg_class where relnamespace = 'public'::regnamespace)
        and not (rolname = 'ticun_service' and to_regnamespace('ticun_distribution') is not null)`
  }
]

/** Every check, in the order of the report. */
export const checks: readonly Check[] = [...journal, ...contracts, ...changes, ...merchants, ...unclaimed, ...refunds, ...holds, ...bank, ...evidence, ...database]
