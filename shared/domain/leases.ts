import { tunables } from './tunables.ts'

/** The times that keep a lost worker from holding its runs, and a living one from writing after they were given away. */
export interface Leases {
  /** After this without a heartbeat a worker's runs are given to others. Milliseconds, as all of these. */
  lease: number
  /** A worker's sign of life. Longer finds dead workers later; shorter costs a write per worker. */
  heartbeat: number
  /** A worker that could not renew aborts its own runs this long after the last heartbeat was sent: before `lease`. */
  selfFence: number
  /** How often it looks whether that is so; together with `selfFence` still before `lease`. */
  watch: number
  /** With no more left of its lease a worker's heartbeat is overdue: it is likely to be lost, and need not be. */
  overdue: number
}

/** All times that follow from the lease, in proportion: by default 15 s, 5 s, 12 s, 0.5 s and 7.5 s. */
export function leasesOf(lease: number = tunables.lease): Leases {
  return { lease, heartbeat: lease / 3, selfFence: lease * 0.8, watch: lease / 30, overdue: lease / 2 }
}
