import { readFile, readdir } from 'node:fs/promises'

/** A process as /proc tells it. Times are of all its threads, in clock ticks. */
export interface ProcessInfo {
  pid: number
  parent: number
  ticks: number
  /** Of children that have ended and were waited for. */
  endedTicks: number
}

/** Ticks a second: USER_HZ, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

async function listProcesses(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map(readProcess))
  return found.filter((info) => info !== null)
}

async function readProcess(pid: number): Promise<ProcessInfo | null> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return null
  }
}

/** Reads /proc/PID/stat. The name in parentheses may hold anything, spaces and parentheses too. */
export function parseStat(stat: string): ProcessInfo {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const number = (field: number) => Number(fields[field - 3])
  return {
    pid: Number.parseInt(stat, 10),
    parent: number(4),
    ticks: number(14) + number(15),
    endedTicks: number(16) + number(17),
  }
}

/** The process and all its descendants, without the trees of `others`. */
function treeOf(
  pid: number,
  processes: readonly ProcessInfo[],
  others: ReadonlySet<number> = new Set(),
): ProcessInfo[] {
  const tree = processes.filter((info) => info.pid === pid)
  for (const { pid: parent } of tree) {
    tree.push(...processes.filter((info) => info.parent === parent && !others.has(info.pid)))
  }
  return tree
}

/** CPU seconds (user and system) that each tree of processes has spent so far, by the name of its root. */
export async function cpuSeconds(roots: Readonly<Record<string, number>>): Promise<Record<string, number>> {
  return cpuOf(await listProcesses(), roots)
}

/** Those that ended and were waited for are in it, and those that are a root themselves are not. */
export function cpuOf(
  processes: readonly ProcessInfo[],
  roots: Readonly<Record<string, number>>,
): Record<string, number> {
  const all = new Set(Object.values(roots))
  return Object.fromEntries(
    Object.entries(roots).map(([name, pid]) => {
      const ticks = treeOf(pid, processes, all).reduce((sum, info) => sum + info.ticks + info.endedTicks, 0)
      return [name, ticks / TICKS_PER_SECOND]
    }),
  )
}

/** Proportional set size of a process and all its descendants, in MB: memory that several share is counted once. */
export async function proportionalMemory(pid: number): Promise<number> {
  const tree = treeOf(pid, await listProcesses())
  const sizes = await Promise.all(tree.map((info) => sizeOf(info.pid, 'smaps_rollup', 'Pss')))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Resident set size of one process, in MB. */
export function residentMemory(pid: number): Promise<number> {
  return sizeOf(pid, 'status', 'VmRSS')
}

/**
 * Memory of the process and all its descendants that is no part of a file and not shared, by their ids, in MB: of a
 * Postgres, all but its shared buffers, which fill as pages are read for the first time. What a fork has not written to
 * counts for both.
 */
export async function privateMemory(pid: number): Promise<Map<number, number>> {
  const tree = treeOf(pid, await listProcesses())
  const sizes = tree.map(async (info) => [info.pid, await sizeOf(info.pid, 'status', 'RssAnon')] as const)
  // One that has ended meanwhile has none.
  return new Map((await Promise.all(sizes)).filter(([, size]) => size > 0))
}

async function sizeOf(pid: number, file: 'smaps_rollup' | 'status', name: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1_024
}

/** How many processes still name a folder in their command line. */
export async function leftOf(folder: string): Promise<number> {
  const commands = await Promise.all(
    (await listProcesses()).map(({ pid }) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  const own = await readFile('/proc/self/cmdline', 'utf8')
  return commands.filter((command) => command !== own && command.includes(folder)).length
}
