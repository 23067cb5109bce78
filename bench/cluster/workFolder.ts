import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Cleanup } from './cleanup.ts'

export interface WorkFolder {
  /** AGENTVIEW_DATA of what is started. */
  data: string
  logs: string
  /** A new folder for one more thing that keeps data. */
  make(name: string): Promise<string>
  /** Leaves the logs in place when all else is removed. */
  keepLogs(): void
}

/** A temporary folder for processes that are started for a while; removed at the end, the logs too unless they are kept. */
export async function makeWorkFolder(cleanup: Cleanup): Promise<WorkFolder> {
  const root = await mkdtemp(path.join(tmpdir(), 'agentview-bench-'))
  const logs = path.join(root, 'logs')
  let keep = false
  const folders: string[] = []
  const make = async (name: string) => {
    const folder = path.join(root, name)
    await mkdir(folder)
    folders.push(folder)
    return folder
  }
  cleanup.defer(async () => {
    for (const folder of keep ? folders : [root]) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  // Embedded Postgres runs as another user when we are root, and has to get through to its data.
  await chmod(root, 0o711)
  await mkdir(logs)
  return { data: await make('data'), logs, make, keepLogs: () => void (keep = true) }
}
