import { readFile } from 'node:fs/promises'

/** Beside its sockets a process has files, pipes and connections to Postgres and Redis. */
const BESIDE = 500

/** How many files a process of ours may open: Node raises its soft limit to the hard one by itself. */
export async function mostOpenFiles(): Promise<number> {
  return parseOpenFiles(await readFile('/proc/self/limits', 'utf8'))
}

/** Reads the hard limit from /proc/PID/limits. */
export function parseOpenFiles(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1]
  return hard === 'unlimited' ? Infinity : Number(hard)
}

/** Why a process can't have so many sockets here; null: it can. */
export function socketsFault(sockets: number, mostFiles: number): string | null {
  const needed = sockets + BESIDE
  if (mostFiles >= needed) return null
  return (
    `a process may open ${mostFiles} files here and needs ${needed} for ${sockets} sockets: ` +
    `raise the hard limit (ulimit -Hn, LimitNOFILE=, --ulimit nofile=), or give a smaller --c`
  )
}
