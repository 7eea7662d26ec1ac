/** The one source of time. Nothing that decides asks another. */
export type Clock = Readonly<{ now: () => Date }>

/** A clock that stands still at one instant: what a job sees of its own due time. */
export const clockAt = (at: Date): Clock => ({ now: () => at })
