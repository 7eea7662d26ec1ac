/*
 * PostgreSQL array literals of values whose text needs no quoting, or always the same: the driver
 * looks for what must be quoted in each value, which a batch of thousands of them feels.
 */

const literal = (texts: readonly string[]): string => `{${texts.join(',')}}`

/** Of UUIDs. */
export const uuids = (values: readonly (string | null)[]): string => literal(values.map((value) => value ?? 'NULL'))

/** Of whole numbers. */
export const integers = (values: readonly (bigint | null)[]): string => literal(values.map((value) => (value === null ? 'NULL' : value.toString())))

/** Of instants. */
export const instants = (values: readonly (Date | null)[]): string => literal(values.map((value) => (value === null ? 'NULL' : value.toISOString())))

/** Of bytes, written as hex. */
export const hexes = (values: readonly string[]): string => literal(values.map((value) => `"\\\\x${value}"`))

/** Of bytes. */
export const bytes = (values: readonly Buffer[]): string => hexes(values.map((value) => value.toString('hex')))

/** Of words without spaces, quotes, commas, braces or backslashes, such as ids and states; never `NULL`. */
export const words = (values: readonly string[]): string => literal(values)

const separator = '\u001e'

/**
 * Of JSON texts: not a literal but one text, for `string_to_array($n, E'\\x1e')`. JSON has no
 * control character of its own in it, and so none of its many quotes need another.
 */
export const jsons = (values: readonly string[]): string => values.join(separator)
