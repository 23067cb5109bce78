import type { Credentials } from '../auth/credentials.ts'
import { Api } from '../http/api.ts'
import { type Outbox, isOutbox } from '../messages/outbox.ts'
import { Sender, type SenderEvents } from '../messages/sender.ts'
import { FAULTS_OF_ONE_MESSAGE } from '../timing.ts'
import { type KeyValueStorage, memoryStorage } from '../storage/keyValueStorage.ts'
import { stored } from '../storage/stored.ts'
import { itemOf, pendingOf, runOf } from './samples.ts'

type Answer = (key: string) => Response | 'lost'

const credentials: Credentials = { key: null, token: () => Promise.resolve('t'), renew: () => Promise.resolve('t') }
const taken = (runNo: number) =>
  Response.json({ run: runOf(runNo, 'queued'), item: itemOf(runNo, 0, ''), seq: runNo * 2 }, { status: 202 })
const refusal = (status: number, code: string) => Response.json({ error: { code, message: 'no' } }, { status })

function senderOn(answers: Answer[], storage: KeyValueStorage = memoryStorage()) {
  const posts: string[] = []
  const fetch: typeof globalThis.fetch = async (url, init) => {
    const request = new Request(url, init)
    const key = request.headers.get('idempotency-key') ?? ''
    const { input } = (await request.json()) as { input: string }
    posts.push(`${key} ${input} ${new URL(request.url).pathname}`)
    const answer = answers.shift()?.(key) ?? taken(posts.length)
    if (answer === 'lost') throw new TypeError('fetch failed')
    return answer
  }
  const api = new Api({ address: { origin: 'http://x', path: '' }, fetch, headers: {}, params: {} }, credentials)
  const told: string[] = []
  const events: SenderEvents = {
    changed: () => sender.hurry(),
    newestRunNo: () => 0,
    begun: (draft, { session }) => told.push(`${draft} begun as ${session.id}`),
    refused: ({ key }, { code }) => told.push(`${key} refused: ${code}`),
    restored: (outbox: Outbox) => told.push(`restored ${outbox.length}`),
  }
  const sender: Sender = new Sender(api, stored(storage, 'outbox', isOutbox), events)
  const hurry = setInterval(() => sender.hurry(), 1)
  hurry.unref()
  return { sender, posts, told }
}

test('one after another, in order; what got no answer is asked again under its key, before all others', async () => {
  const { sender, posts } = senderOn([() => taken(1), () => 'lost', () => refusal(503, 'unavailable'), () => taken(2)])
  sender.resume()
  await Promise.all(['one', 'two', 'three'].map((text, index) => sender.add(pendingOf(`k${index}`, text))))
  expect(posts.map((post) => post.split(' ').slice(0, 2).join(' '))).toEqual([
    'k0 one',
    'k1 two',
    'k1 two',
    'k1 two',
    'k2 three',
  ])
})

test('a refusal is the message’s own: it is told, and the next one goes on', async () => {
  const { sender, told } = senderOn([() => refusal(422, 'schema_violation')])
  sender.resume()
  await expect(sender.add(pendingOf('a', 'bad'))).rejects.toMatchObject({ code: 'schema_violation' })
  await sender.add(pendingOf('b', 'good'))
  expect(told).toEqual(['a refused: schema_violation'])
  expect(sender.outbox.map(({ key, refused, accepted }) => [key, refused?.code, accepted?.seq])).toEqual([
    ['a', 'schema_violation', undefined],
    ['b', undefined, 4],
  ])
})

test('a message at which the server always fails is given up in the end, and does not hold up the next one', async () => {
  const { sender, posts, told } = senderOn(Array<Answer>(FAULTS_OF_ONE_MESSAGE).fill(() => refusal(500, 'internal')))
  sender.resume()
  const [poison, next] = [sender.add(pendingOf('a', 'poison')), sender.add(pendingOf('b', 'good'))]
  await expect(poison).rejects.toMatchObject({ code: 'internal', status: 500 })
  await next
  expect(told).toEqual(['a refused: internal'])
  expect(posts.filter((post) => post.startsWith('a '))).toHaveLength(FAULTS_OF_ONE_MESSAGE)
})

test('faults of the server that pass cost nothing, and are not counted against the next message', async () => {
  const faults = Array<Answer>(FAULTS_OF_ONE_MESSAGE - 1).fill(() => refusal(500, 'internal'))
  const { sender, told } = senderOn([...faults, () => taken(1), ...faults, () => taken(2)])
  sender.resume()
  await Promise.all([sender.add(pendingOf('a', 'one')), sender.add(pendingOf('b', 'two'))])
  expect(told).toEqual([])
})

test('the first message of a draft begins its session, and the others follow there', async () => {
  const session = { id: 'ses_9', agent: 'echo', lastSeq: 2 }
  const { sender, posts, told } = senderOn([
    () => Response.json({ run: runOf(1, 'queued'), item: itemOf(1, 0, ''), seq: 2, session }, { status: 202 }),
  ])
  const target = { draft: 'd', session: { agent: 'echo' } }
  sender.resume()
  await Promise.all([sender.add(pendingOf('1', 'one', { target })), sender.add(pendingOf('2', 'two', { target }))])
  expect(posts).toEqual(['1 one /v1/messages', '2 two /v1/sessions/ses_9/messages'])
  expect(told).toEqual(['d begun as ses_9'])
})

test('what a page has left is sent by the next one, under the same keys', async () => {
  const storage = memoryStorage()
  const first = senderOn([], storage)
  // Not resumed: there is no connection.
  void first.sender.add(pendingOf('k0', 'zero'))
  void first.sender.add(pendingOf('k1', 'one'))
  await new Promise((resolve) => setTimeout(resolve, 5))
  const second = senderOn([], storage)
  second.sender.resume()
  await second.sender.add(pendingOf('k2', 'two'))
  expect(first.posts).toEqual([])
  expect(second.told).toEqual(['restored 2'])
  expect(second.posts.map((post) => post.split(' ')[0])).toEqual(['k0', 'k1', 'k2'])
})

test('a message that is discarded is not sent', async () => {
  const { sender, posts } = senderOn([])
  const discarded = sender.add(pendingOf('a', 'no'))
  sender.discard('a')
  sender.resume()
  await expect(discarded).rejects.toMatchObject({ code: 'aborted' })
  await sender.add(pendingOf('b', 'yes'))
  expect(posts.map((post) => post.split(' ')[0])).toEqual(['b'])
})
