/** What of the browser's Storage is used. */
export interface KeyValueStore {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** A value that outlives the page. Reads are fresh each time, because other tabs write too. */
export interface Stored<T> {
  read(): T | null
  write(value: T | null): void
}

/**
 * A JSON value under one key. Where the browser forbids or has filled its storage, the value lives as long as the page;
 * what is there but isn't such a value (an older page wrote it) is as good as nothing.
 */
export function stored<T>(
  store: KeyValueStore | null,
  key: string,
  isValid: (value: unknown) => value is T,
): Stored<T> {
  let fallback: T | null = null
  return {
    read() {
      try {
        const text = store?.getItem(key)
        if (text == null) return fallback
        const value: unknown = JSON.parse(text)
        return isValid(value) ? value : null
      } catch {
        return fallback
      }
    },
    write(value) {
      fallback = value
      try {
        if (value === null) store?.removeItem(key)
        else store?.setItem(key, JSON.stringify(value))
      } catch {
        // The page goes on with the fallback.
      }
    },
  }
}

/** The browser's storage of that name; null where the mere look at it is forbidden. */
export function browserStorage(name: 'localStorage' | 'sessionStorage'): KeyValueStore | null {
  try {
    return (globalThis as unknown as Record<string, KeyValueStore | undefined>)[name] ?? null
  } catch {
    return null
  }
}
