import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../../shared/delivery/test/random.ts'
import { expectContiguous } from '../../../test/server/eventChecks.ts'
import { type World, isIdle, recordLog, startWorld, until } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterEach(() => world.hangUp())
afterAll(() => world?.close())

/** `npm run faults -- --only 27` has 200 of them, and nodes to switch between. */
const DISCONNECTS = 40
const MESSAGES = 8

test('two tabs that write and read over a network that breaks all the time: nothing is lost, nothing comes twice', async () => {
  const random = seeded(27).next
  const { token, client: by } = await world.server.main.newPerson()
  const session = await by.createSession({ agent: 'echo' })
  const tabs = [world.client({ token, transports: ['socket'] }), world.client({ token, transports: ['sse'] })]
  const logs = tabs.map(recordLog)
  await Promise.all(tabs.map((tab) => tab.loadSession(session.id)))
  await Promise.all(tabs.map((tab) => until(tab, ({ connection }) => connection.status === 'online')))

  let breaking = true
  let broken = 0
  const network = (async () => {
    while (breaking) {
      if (random() < 0.7) broken += world.network.reset()
      else world.network.cutAfter(1 + Math.floor(random() * 3_000))
      await sleep(random() * 120)
      world.network.heal()
      for (const tab of tabs) tab.hurry()
      await sleep(random() * 120)
      breaking = broken < DISCONNECTS
    }
  })()
  const sent = await Promise.all(
    tabs.flatMap((tab, index) =>
      Array.from({ length: MESSAGES }, async (_, number) => {
        await sleep(number * 150)
        return tab.sendMessage(`${index}-${number}`)
      }),
    ),
  )
  await network

  const all = (state: Parameters<typeof isIdle>[0]) => isIdle(state) && state.messages.length === 4 * MESSAGES
  const [left, right] = [await until(tabs[0]!, all), await until(tabs[1]!, all)]
  const { lastSeq, items = [] } = await by.readSession(session.id)
  for (const log of logs) {
    expectContiguous(log, session.lastSeq)
    expect(log.at(-1)?.seq).toBe(lastSeq)
  }
  const shown = (state: typeof left) => state.messages.map(({ id, data, status }) => ({ id, data, status }))
  const stored = items.map(({ id, data, status }) => ({ id, data, status }))
  expect(shown(left)).toEqual(stored)
  expect(shown(right)).toEqual(stored)
  expect(new Set(sent.map(({ item }) => item.id)).size).toBe(2 * MESSAGES)
  for (const tab of ['0', '1']) {
    const own = left.messages.filter(({ role, text }) => role === 'user' && text?.startsWith(tab))
    expect(own.map(({ text }) => text)).toEqual(Array.from({ length: MESSAGES }, (_, number) => `${tab}-${number}`))
  }
  expect(broken).toBeGreaterThanOrEqual(DISCONNECTS)
})
