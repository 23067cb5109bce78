import { exclusively } from '../storage/exclusively.ts'
import type { Locks } from '../platform.ts'
import { type KeyValueStorage, memoryStorage } from '../storage/keyValueStorage.ts'
import { stored } from '../storage/stored.ts'

const isText = (value: unknown): value is string => typeof value === 'string'

test('what is stored is read by whoever has the storage; what is none of it is as good as nothing', async () => {
  const storage = memoryStorage()
  await stored(storage, 'a', isText).write('kept')
  expect(await stored(storage, 'a', isText).read()).toBe('kept')
  await storage.setItem('a', '{broken')
  expect(await stored(storage, 'a', isText).read()).toBeNull()
  await storage.setItem('a', '5')
  expect(await stored(storage, 'a', isText).read()).toBeNull()
})

test('where the storage fails, a value lives as long as the page', async () => {
  const full: KeyValueStorage = {
    getItem: () => null,
    setItem: () => {
      throw new Error('QuotaExceededError')
    },
    removeItem: () => undefined,
  }
  const value = stored(full, 'a', isText)
  await value.write('kept')
  expect(await value.read()).toBe('kept')
  await value.write(null)
  expect(await value.read()).toBeNull()
})

/** Two pages take turns at something that must not be done by both at once. */
async function most(make: () => ReturnType<typeof exclusively>): Promise<number> {
  let working = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++working)
    await new Promise((resolve) => setTimeout(resolve, 5))
    working--
  }
  const pages = Array.from({ length: 4 }, make)
  await Promise.all(pages.flatMap((page) => [page(work), page(work)]))
  return most
}

test('without locks, one page at a time by a note in the storage', async () => {
  const storage = memoryStorage()
  expect(await most(() => exclusively('name', null, storage))).toBe(1)
  expect(await most(() => exclusively('name', null, memoryStorage()))).toBeGreaterThan(1)
})

test('with locks, one page at a time by them; what work gives and throws comes through', async () => {
  const last = new Map<string, Promise<unknown>>()
  const locks: Locks = {
    request(name, _options, work) {
      const result = (last.get(name) ?? Promise.resolve()).then(() => work({}))
      last.set(
        name,
        result.catch(() => undefined),
      )
      return result
    },
  }
  expect(await most(() => exclusively('name', locks, null))).toBe(1)
  const run = exclusively('other', locks, null)
  expect(await run(() => Promise.resolve(7))).toBe(7)
  await expect(run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
})

test('a note that its page has left behind holds nobody up for ever', async () => {
  const storage = memoryStorage()
  await storage.setItem('name.lock', JSON.stringify({ owner: 'gone', until: Date.now() + 30 }))
  expect(await exclusively('name', null, storage)(() => Promise.resolve('mine'))).toBe('mine')
})
