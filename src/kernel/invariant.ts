/** A truth the code relies on. When it fails the fault is ours: 500, logged whole, told nothing. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
}

export function invariant (condition: unknown, message: string): asserts condition {
  if (condition === false || condition === null || condition === undefined) throw new InvariantViolation(message)
}
