import { SessionReader } from '../client/sessionReader.ts'
import { FakeServer, type Faults, append } from './fakeServer.ts'

let server: FakeServer
let reader: SessionReader | undefined

afterEach(async () => {
  await reader?.close()
  await server.stop()
})

/** A session with `count` events in its log, on a server with these faults, and a reader of it. */
async function read(faults: Faults, count: number, options: { outageMs?: number; silenceMs?: number } = {}) {
  server = new FakeServer(faults)
  const url = await server.start()
  const session = server.create({})
  const add = (more: number) => {
    for (let i = 0; i < more; i++) append(session, 'custom', { name: 'note', data: 'naïve 👍' })
  }
  add(count - 1)
  reader = new SessionReader({ urls: [url], token: 'token', sessionId: session.session.id, ...options })
  return { reader, add, url }
}

test('what is there and what comes later arrives once and in order', async () => {
  const { reader, add } = await read({}, 5)
  await reader.until((view) => view.seq === 5, 2_000, 'event 5')
  add(3)
  await reader.until((view) => view.seq === 8, 2_000, 'event 8')
  expect(reader.log.faults).toEqual([])
  expect(reader.reconnects).toBe(0)
  expect(server.cursors).toEqual(['after 0'])
})

test('a reader that is cut comes back with the last seq it has', async () => {
  const { reader } = await read({ cutAfter: 4 }, 10)
  await reader.until((view) => view.seq === 10, 5_000, 'event 10')
  expect(server.cursors.slice(0, 3)).toEqual(['after 0', '4', '8'])
  expect(reader.reconnects).toBeGreaterThanOrEqual(2)
  expect(reader.log.faults).toEqual([])
})

test('events that come twice are faults, and the view is right all the same', async () => {
  const { reader } = await read({ cutAfter: 4, repeat: 1 }, 7)
  await reader.until((view) => view.seq === 7, 5_000, 'event 7')
  expect(reader.log.faults).toEqual([{ what: 'repeated event (custom)', expected: 5, got: 4 }])
})

test('a missing event is a fault, and reading goes on', async () => {
  const { reader } = await read({ lose: 3 }, 5)
  await reader.until((view) => view.seq === 5, 2_000, 'event 5')
  expect(reader.log.faults).toEqual([{ what: 'gap in the events (custom)', expected: 3, got: 4 }])
})

test('a snapshot stands for all events before it', async () => {
  const { reader, add } = await read({ floor: 3 }, 6)
  await reader.until((view) => view.seq === 6, 2_000, 'event 6')
  add(1)
  await reader.until((view) => view.seq === 7, 2_000, 'event 7')
  expect(reader.log.faults).toEqual([])
})

test('a server that is not ready yet is asked again', async () => {
  const { reader } = await read({ unreadyStreams: 2 }, 3)
  await reader.until((view) => view.seq === 3, 5_000, 'event 3')
  expect(reader.reconnects).toBe(2)
})

test('a server that is restarted is found again', async () => {
  const { reader, add } = await read({}, 3)
  await reader.until((view) => view.seq === 3, 2_000, 'event 3')
  const { port } = server
  await server.stop()
  add(2)
  await server.start(port)
  await reader.until((view) => view.seq === 5, 5_000, 'event 5')
  expect(reader.log.faults).toEqual([])
})

test('a stream without a byte for too long is given up for a new one', async () => {
  const { reader } = await read({}, 3, { silenceMs: 100 })
  await reader.until((view) => view.seq === 3, 2_000, 'event 3')
  await expect(reader.until((view) => view.seq === 4, 400, 'event 4')).rejects.toThrow('event 4: not seen within 0.4 s')
  expect(reader.reconnects).toBeGreaterThanOrEqual(1)
})

test('a server that stays away ends the reading', async () => {
  const { reader } = await read({ unreadyStreams: 1_000 }, 3, { outageMs: 200 })
  await expect(reader.until((view) => view.seq === 3, 5_000, 'event 3')).rejects.toThrow(/no events for/)
})

test('a refusal ends the reading at once', async () => {
  const { url } = await read({}, 1)
  const lost = new SessionReader({ urls: [url], token: 'token', sessionId: 'ses_absent' })
  await expect(lost.until(() => false, 5_000, 'anything')).rejects.toThrow(/ses_absent can't be read: 404 .*not_found/)
  await lost.close()
})
