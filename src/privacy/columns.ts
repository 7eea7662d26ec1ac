/*
 * Every place where something is kept sealed, and every blind index: what a rotation of keys goes
 * through. A test compares the list with the catalogue of a migrated database and opens by it every
 * value of a whole run, so that a place that is missing here, or named wrongly, does not stay unseen.
 */

/** A column of sealed text; empty text and null are nothing. `about`: what the vault binds it to, or by which column of the row that is told. */
export type SealedColumn = Readonly<{ column: string; about: string | Readonly<{ by: string; is: Readonly<Record<string, string>> }> }>

/** A blind index, and the sealed column, of the row or found by `from`, that holds what it is the index of. */
export type IndexColumn = Readonly<{
  column: string
  /** what the index is bound to */
  about: string
  of: Readonly<{ column: string; about: string; /** SQL that finds it, where it stands in another table; the row is `t` */ from?: string }>
}>

/** A column that names a file of the storage, whose content is sealed: whole, or as a stream. */
export type FileColumn = Readonly<{ column: string; about: string; as: 'bytes' | 'stream' }>

export type SealedTable = Readonly<{ table: string; sealed?: readonly SealedColumn[]; indexes?: readonly IndexColumn[]; files?: readonly FileColumn[] }>

const phoneOf = (about: string) => ({ column: 'phone_sealed', about })

export const sealedTables: readonly SealedTable[] = [
  {
    table: 'people',
    sealed: [
      phoneOf('people.phone'), { column: 'name_sealed', about: 'people.name' }, { column: 'id_number_sealed', about: 'people.id_number' },
      { column: 'former_id_numbers_sealed', about: 'people.former_id_numbers' }
    ],
    indexes: [
      { column: 'phone_index', about: 'people.phone', of: phoneOf('people.phone') },
      { column: 'id_number_index', about: 'people.id_number', of: { column: 'id_number_sealed', about: 'people.id_number' } }
    ]
  },
  { table: 'retained_particulars', sealed: [{ column: 'particulars_sealed', about: 'retained_particulars.particulars' }] },
  { table: 'corrections', sealed: [{ column: 'wanted_sealed', about: 'corrections.wanted' }] },
  { table: 'memberships', sealed: [{ column: 'name_sealed', about: 'memberships.name' }] },
  { table: 'staff_proposals', sealed: [phoneOf('staff_proposals.phone'), { column: 'name_sealed', about: 'staff_proposals.name' }] },
  { table: 'second_factors', sealed: [{ column: 'secret_sealed', about: 'second_factors.secret' }] },
  {
    table: 'challenges',
    sealed: [phoneOf('challenges.phone')],
    // Bound like a person's, because codes are asked for by people.
    indexes: [{ column: 'phone_index', about: 'people.phone', of: phoneOf('challenges.phone') }]
  },
  {
    table: 'contract_terms',
    sealed: [{ column: 'beneficiary_sealed', about: 'contract_terms.beneficiary' }, { column: 'document_sealed', about: 'contract_terms.document' }],
    indexes: [{
      column: 'id_number_index', about: 'people.id_number',
      of: {
        column: 'holder_id_number_sealed', about: 'people.id_number',
        from: '(select p.id_number_sealed from contracts c join people p on p.id = c.consumer_id where c.office_id = t.office_id and c.id = t.contract_id)'
      }
    }]
  },
  {
    table: 'settlement_accounts',
    sealed: [
      { column: 'account_name_sealed', about: 'settlement_accounts.account_name' }, { column: 'account_number_sealed', about: 'settlement_accounts.account_number' },
      { column: 'owner_phone_sealed', about: 'settlement_accounts.owner_phone' }
    ],
    indexes: [{ column: 'owner_phone_index', about: 'settlement_accounts.owner_phone', of: { column: 'owner_phone_sealed', about: 'settlement_accounts.owner_phone' } }]
  },
  { table: 'settlement_account_changes', sealed: [{ column: 'account_sealed', about: 'settlement_account_changes.account' }] },
  { table: 'settlement_items', sealed: [{ column: 'payee_sealed', about: 'settlement_items.payee' }] },
  { table: 'refunds', sealed: [{ column: 'account_sealed', about: 'refunds.account' }] },
  { table: 'bank_refunds', sealed: [{ column: 'payee_sealed', about: 'refunds.account' }] },
  { table: 'suspense_items', sealed: [{ column: 'payee_sealed', about: 'suspense_items.payee' }] },
  { table: 'unclaimed_items', sealed: [{ column: 'account_sealed', about: 'unclaimed_items.account' }] },
  { table: 'bank_entries', sealed: [{ column: 'details_sealed', about: 'bank_entries.details' }] },
  { table: 'dispute_documents', sealed: [{ column: 'facts_sealed', about: 'dispute_documents.facts' }, { column: 'text_sealed', about: 'dispute_documents.text' }] },
  {
    table: 'documents',
    sealed: [{ column: 'sheet_sealed', about: 'documents.sheet' }],
    files: [{ column: 'made_file', about: 'documents.file', as: 'bytes' }, { column: 'sealed_file', about: 'documents.file', as: 'bytes' }]
  },
  { table: 'case_files', files: [{ column: 'file', about: 'case_files.file', as: 'stream' }] },
  { table: 'outbox', sealed: [{ column: 'payload', about: 'outbox.payload' }] },
  { table: 'webhook_endpoints', sealed: [{ column: 'secret_sealed', about: 'webhook_endpoints.secret' }, { column: 'previous_secret_sealed', about: 'webhook_endpoints.secret' }] },
  { table: 'evidence_keys', sealed: [{ column: 'key_sealed', about: { by: 'purpose', is: { checkpoints: 'evidence_keys.key_sealed', timestamps: 'evidence_keys.timestamps' } } }] },
  { table: 'seals', sealed: [{ column: 'key_sealed', about: 'seals.key' }] }
]
