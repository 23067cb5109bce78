import { cpus } from 'node:os'

/** Between two readings; CPU seconds, and seconds by the clock. */
export interface MachineUse {
  seconds: number
  /** Of all processes of the machine. */
  busy: number
  stolen: number
  /** Of the processes that the measurement is about, its load, and whatever else the bench has started. */
  ours: number
}

/** The part of the machine that others may have while we measure: a desktop's or a cloud agent's background noise. */
export const FOREIGN_ALLOWED = 0.03

/** The part of the machine's CPU that processes which are not ours, and other guests of its host, have taken. */
export function foreignLoad({ seconds, busy, stolen, ours }: MachineUse, cores: number = cpus().length): number {
  return partOfMachine(Math.max(0, busy - ours + stolen), seconds, cores)
}

/** So many CPU seconds as a part of what the machine had in that time. */
export function partOfMachine(spent: number, seconds: number, cores: number = cpus().length): number {
  return seconds <= 0 ? 0 : spent / (seconds * cores)
}
