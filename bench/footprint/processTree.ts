import { readFile, readdir } from 'node:fs/promises'

interface ProcessInfo {
  pid: number
  parent: number
  command: string
}

async function listProcesses(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map(readProcess))
  return found.filter((info) => info !== null)
}

async function readProcess(pid: number): Promise<ProcessInfo | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
    // The name in parentheses may hold anything, spaces too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { pid, parent: Number(fields[1]), command }
  } catch {
    return null
  }
}

/** Proportional set size of a process and all its descendants, in MB: memory that several share is counted once. */
export async function proportionalMemory(pid: number): Promise<number> {
  const processes = await listProcesses()
  const tree = [pid]
  for (const parent of tree) tree.push(...processes.filter((info) => info.parent === parent).map((info) => info.pid))
  const sizes = await Promise.all(tree.map(proportionalSize))
  return sizes.reduce((sum, size) => sum + size, 0) / 1_024
}

async function proportionalSize(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0)
}

/** How many processes still name a folder in their command line. */
export async function leftOf(folder: string): Promise<number> {
  const processes = await listProcesses()
  return processes.filter(({ pid, command }) => pid !== process.pid && command.includes(folder)).length
}
