import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Broker } from '@shared/broker/port'
import { uuidOf } from '@shared/domain/ids'
import { connectSocket } from '../../../test/server/connectSocket.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'

/** While false, no cut is heard. */
let hears = true
let server: TestServer
beforeAll(async () => {
  const wrapBroker = (broker: Broker): Broker => ({
    ...broker,
    onCuts: (listener) => broker.onCuts((cuts) => hears && listener(cuts)),
  })
  server = await startTestServer({ wrapBroker })
})
afterAll(() => server?.close())

/** Somebody who reads a session by socket and stream. */
async function reader() {
  const person = await server.main.newPerson()
  const { id: sessionId } = await person.client.createSession({ agent: 'echo' })
  const socket = await connectSocket(server.url, { token: person.token })
  await socket.ask('subscribe', { sessionId, after: 0 })
  const stream = await person.client.stream('GET', `/v1/sessions/${sessionId}/events`)
  await stream.until((events) => events.length > 0)
  return { person, sessionId, socket, stream }
}

const revoke = (endUserId: string) =>
  server.rows('update end_users set revoked_at = clock_timestamp() where id = $1', uuidOf('endUser', endUserId))

describe.each([true, false])('whether what is said is heard or not (%s)', (heard) => {
  beforeAll(() => void (hears = heard))

  test('the readers of a deleted session are cut', async () => {
    const { person, sessionId, socket, stream } = await reader()
    await person.client.request('DELETE', `/v1/sessions/${sessionId}`)
    await stream.ended
    await eventually(() => socket.cuts.length > 0)
    expect(stream.cut).toMatchObject({ reason: 'deleted', lastSeq: 1 })
    expect(socket.cuts).toEqual([{ sessionId, reason: 'deleted', lastSeq: 1 }])
    expect(socket.socket.connected).toBe(true)
    socket.close()
  })

  test('all connections of a revoked principal are cut, and those of others stay', async () => {
    const [gone, other] = [await reader(), await reader()]
    const { id } = await gone.person.client.createSession({ agent: 'staged' })
    const body = { input: 'x' }
    const path = `/v1/sessions/${id}/messages`
    const waiting = gone.person.client.request('POST', path, { body, headers: { prefer: 'wait=60' } })
    await server.logOf(id, (events) => events.some(({ type }) => type === 'run.started'))
    await revoke(gone.person.id)
    await server.broker.publishCuts([{ subject: gone.person.id, reason: 'revoked' }]).catch(() => undefined)
    expect(await gone.socket.disconnected).toBe('io server disconnect')
    await gone.stream.ended
    expect(gone.stream.cut).toMatchObject({ reason: 'revoked' })
    expect(gone.socket.cuts).toEqual([{ sessionId: gone.sessionId, reason: 'revoked', lastSeq: 1 }])
    expect((await waiting).status).toBe(401)
    expect(other.socket.socket.connected).toBe(true)
    expect(other.stream.cut).toBeNull()
    other.socket.close()
    other.stream.close()
  })
})
