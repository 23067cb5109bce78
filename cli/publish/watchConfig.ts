import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'

export interface ConfigWatch {
  /** Resolves once a round that is under way has ended. */
  stop(): Promise<void>
}

/** Editors write a file in several steps. */
const SETTLE_MS = 100
const SOURCE = /\.([cm]?[jt]sx?|json)$/

/**
 * Runs `round` now and after each change of a source in the folders of the config's files, which it returns. One round
 * at a time. What a round throws is told, and the next change tries again: the folders stay as they were until then.
 */
export function watchConfig(
  file: string,
  round: () => Promise<readonly string[]>,
  onTrouble: (error: unknown) => void,
): ConfigWatch {
  let folders = new Set([dirname(file)])
  let watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  let underWay: Promise<void> | null = null
  let again = false
  let stopped = false

  function soon(): void {
    if (stopped) return
    clearTimeout(timer)
    timer = setTimeout(begin, SETTLE_MS)
  }

  function begin(): void {
    again = underWay !== null
    underWay ??= runRound().finally(() => {
      underWay = null
      if (again) soon()
    })
  }

  async function runRound(): Promise<void> {
    try {
      const wanted = new Set([file, ...(await round())].map((path) => dirname(path)))
      // What has changed there before it is looked at would be missed.
      if ([...wanted].some((folder) => !folders.has(folder))) soon()
      folders = wanted
    } catch (error) {
      onTrouble(error)
    }
    look()
  }

  /** Anew after each round: a folder may have been replaced by another of its name. */
  function look(): void {
    const before = watchers
    watchers = stopped ? [] : [...folders].flatMap((folder) => watcherOf(folder) ?? [])
    for (const watcher of before) watcher.close()
  }

  function watcherOf(folder: string): FSWatcher | null {
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null || SOURCE.test(name)) soon()
      })
      return watcher.on('error', () => watcher.close())
    } catch {
      // It is gone; the round says what is missing.
      return null
    }
  }

  look()
  begin()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      look()
      await underWay
    },
  }
}
