import { cpus } from 'node:os'

/** Between two readings; CPU seconds, and seconds by the clock. */
export interface MachineUse {
  seconds: number
  /** Of all processes of the machine. */
  busy: number
  stolen: number
  /** Of the processes that the measurement is about, its load and itself. */
  ours: number
}

/** The part of the machine that others may have while we measure: a desktop's or a cloud agent's background noise. */
export const FOREIGN_ALLOWED = 0.03

/** The part of the machine's CPU that processes which are not ours, and other guests of its host, have taken. */
export function foreignLoad({ seconds, busy, stolen, ours }: MachineUse, cores: number = cpus().length): number {
  if (seconds <= 0) return 0
  return Math.max(0, busy - ours + stolen) / (seconds * cores)
}
