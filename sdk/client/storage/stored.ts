import type { KeyValueStorage } from './keyValueStorage.ts'

/** A value that outlives the page. Reads are fresh each time, because other tabs write too. */
export interface Stored<T> {
  read(): Promise<T | null>
  write(value: T | null): Promise<void>
}

/**
 * A JSON value under one key. Where the storage fails (forbidden, full), the value lives as long as the page; what is
 * there but isn't such a value (an older page wrote it) is as good as nothing.
 */
export function stored<T>(storage: KeyValueStorage, key: string, isValid: (value: unknown) => value is T): Stored<T> {
  let kept: T | null = null
  let failing = false
  return {
    async read() {
      if (failing) return kept
      try {
        const text = await storage.getItem(key)
        const value: unknown = text === null ? null : JSON.parse(text)
        return isValid(value) ? value : null
      } catch {
        return kept
      }
    },
    async write(value) {
      kept = value
      try {
        if (value === null) await storage.removeItem(key)
        else await storage.setItem(key, JSON.stringify(value))
        failing = false
      } catch {
        failing = true
      }
    },
  }
}
