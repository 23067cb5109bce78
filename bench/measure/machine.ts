import { readFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'

/** What all processes of the machine have spent so far, in CPU seconds. */
export interface MachineTime {
  /** In processes: user, nice and system. Interrupts are nobody's, so they are not in it. */
  busy: number
  /** What the host has given to others while we wanted it. */
  stolen: number
}

const TICKS_PER_SECOND = 100

export async function readMachineTime(): Promise<MachineTime> {
  return parseMachineTime(await readFile('/proc/stat', 'utf8'))
}

/** Reads the first line of /proc/stat. */
export function parseMachineTime(stat: string): MachineTime {
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = stat.split('\n', 1)[0]!.split(/\s+/).slice(1).map(Number)
  return { busy: (user + nice + system) / TICKS_PER_SECOND, stolen: steal / TICKS_PER_SECOND }
}

export interface Machine {
  cores: number
  memoryGiB: number
  model: string
  node: string
}

/** What the figures were measured on. */
export function describeMachine(): Machine {
  const [first] = cpus()
  return {
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1_024 ** 3),
    model: first?.model.trim() ?? 'unknown',
    node: process.version,
  }
}
