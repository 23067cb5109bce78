import { randomBytes } from 'node:crypto'

/** A Redis server of unknown making has at least these many databases. */
const DATABASES = 16
const url = process.env.AGENTVIEW_TEST_REDIS_URL

/** `describe`, skipped where test/run.js found no Redis. */
export const describeWithRedis: jest.Describe = url ? describe : describe.skip

/**
 * The address of Redis, with a database number that no other test file uses at the same time: Jest's workers run one file
 * each. Files that follow each other in a worker share it, and channels know no databases: use `testRedisPrefix` for names.
 */
export function testRedisUrl(): string {
  if (!url)
    throw new Error(
      'AGENTVIEW_TEST_REDIS_URL is not set: run the tests with npm test, and wrap them in describeWithRedis.',
    )
  const worker = Number(process.env.JEST_WORKER_ID ?? 1)
  const address = new URL(url)
  address.pathname = `/${1 + ((worker - 1) % (DATABASES - 1))}`
  return address.href
}

/** A prefix for keys and channels that nothing else uses; another one at every call. */
export function testRedisPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`
}
