/** Something that calls wait before until it is opened, for tests of what happens meanwhile. */
export const createGate = () => {
  let count = 0
  let isOpen = false
  const held: (() => void)[] = []
  const watchers: { count: number; resolve: () => void }[] = []
  const notify = (): void => { for (const { count: wanted, resolve } of watchers) if (count >= wanted) resolve() }
  return {
    /** Resolves once the gate is open. */
    passed: (): Promise<void> => new Promise((resolve) => {
      count += 1
      if (isOpen) resolve()
      else held.push(resolve)
      notify()
    }),
    /** Resolves once so many have come. */
    waiting: (wanted: number): Promise<void> => new Promise((resolve) => { watchers.push({ count: wanted, resolve }); notify() }),
    open: (): void => { isOpen = true; for (const resolve of held.splice(0)) resolve() }
  }
}
