// testcontainers takes 0.5 s to load, so it is loaded only where containers are asked for.

const POSTGRES = 'postgres:17'
const REDIS = 'redis:8'

/** Whether a Docker engine answers. */
export async function engineAnswers() {
  return (await engineError()) === null
}

/** Throws in one line when no Docker engine answers. */
export async function requireEngine() {
  const error = await engineError()
  if (error)
    throw new Error(`--containers needs a Docker engine, and none answers (${error}): start Docker, or run npm test.`)
}

async function engineError() {
  const { getContainerRuntimeClient } = await import('testcontainers')
  try {
    await getContainerRuntimeClient()
    return null
  } catch (error) {
    return error.message
  }
}

export async function containerPostgres({ atEnd }) {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  // As test/services/postgres.js sets the embedded one.
  const command = ['postgres', '-c', 'max_connections=200', '-c', 'fsync=off', '-c', 'autovacuum=off']
  const container = await new PostgreSqlContainer(POSTGRES).withCommand(command).start()
  atEnd(() => container.stop())
  return { url: container.getConnectionUri() }
}

export async function containerRedis({ atEnd }) {
  const { RedisContainer } = await import('@testcontainers/redis')
  const container = await new RedisContainer(REDIS).start()
  atEnd(() => container.stop())
  return { url: container.getConnectionUrl() }
}
