import type { KeyValueStorage } from './storage/keyValueStorage.ts'

/** What of the browser's LockManager is used. */
export interface Locks {
  request<T>(
    name: string,
    options: { ifAvailable?: boolean; signal?: AbortSignal },
    work: (lock: unknown) => Promise<T>,
  ): Promise<T>
}

/** What may be there or not, by where this runs: a page, Node, React Native. */
interface Platform {
  document?: unknown
  location?: { origin: string }
  navigator?: { locks?: Locks }
  crypto?: { getRandomValues(bytes: Uint8Array<ArrayBuffer>): unknown }
  localStorage?: KeyValueStorage
  sessionStorage?: KeyValueStorage
  addEventListener?(name: 'online', listener: () => void): void
  removeEventListener?(name: 'online', listener: () => void): void
}

const platform = globalThis as unknown as Platform

/** Node has members of a page's (localStorage, navigator) without being one. */
const isPage = () => platform.document !== undefined

/** The page's own server; undefined where there is no page. */
export function pageOrigin(): string | undefined {
  return isPage() ? platform.location?.origin : undefined
}

/** The browser's locks; pages without https (but localhost) and other places don't have them. */
export function browserLocks(): Locks | null {
  return (isPage() && platform.navigator?.locks) || null
}

/** The browser's storage of that name; null where there is none, or where the mere look at it is forbidden. */
export function browserStorage(name: 'localStorage' | 'sessionStorage'): KeyValueStorage | null {
  try {
    return (isPage() && platform[name]) || null
  } catch {
    return null
  }
}

/** Tells when the device thinks that it has a network again; the function that is given back ends it. */
export function onNetwork(listener: () => void): () => void {
  platform.addEventListener?.('online', listener)
  return () => platform.removeEventListener?.('online', listener)
}

/** A new idempotency key: 128 random bits. React Native has no `crypto` by itself; a key need not be a secret. */
export function newKey(): string {
  const bytes = new Uint8Array(16)
  if (platform.crypto) platform.crypto.getRandomValues(bytes)
  else for (let index = 0; index < bytes.length; index++) bytes[index] = Math.floor(Math.random() * 256)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
