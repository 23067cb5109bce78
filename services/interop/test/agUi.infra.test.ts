import { type Message, HttpAgent } from '@ag-ui/client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type JsonObject, isObject } from '@shared/domain/json'
import type { Session } from '@shared/domain/objects'
import type { Page } from '../../../test/server/apiClient.ts'
import { eventually } from '../../../test/server/eventually.ts'
import { type TestServer, startTestServer } from '../../../test/server/startTestServer.ts'
import type { Person } from '../../../test/server/tenant.ts'

let server: TestServer
let person: Person
/** Resolves when the client shows what an attempt has said that will fail. */
let untilHeard = (): Promise<unknown> => Promise.resolve()
/** What the agent was told of the client's request. */
const told: JsonObject[] = []

beforeAll(async () => {
  server = await startTestServer()
  person = await server.main.newPerson()
  server.apps.set('guide', async ({ request, frame, end }) => {
    told.push(request.run.metadata)
    const said = request.input['content']
    if (request.run.leg > 0) {
      frame('text', { delta: `It is ${JSON.stringify(request.toolResults)}.` })
    } else if (said === 'look') {
      frame('item.start', { id: 't', item: { type: 'reasoning', content: '' } })
      frame('text', { id: 't', delta: 'Which tea?' })
      frame('item.done', { id: 't' })
      frame('item', { item: { type: 'tool_call', callId: 'c1', name: 'look_up', arguments: { dish: 'tea' } } })
      frame('item', { item: { type: 'tool_result', callId: 'c1', result: { price: 3 } } })
      frame('custom', { name: 'looked', data: { at: 'menu' } })
      frame('state', { state: { looked: 1 } })
      for (const delta of ['Tea is ', '3 ', 'euros.']) frame('text', { delta })
    } else if (said === 'where') {
      frame('text', { delta: 'Let me see.' })
      frame('pause', { toolCalls: [{ callId: 'p1', name: 'get_location', arguments: { exact: true } }] })
      return end()
    } else if (said === 'stumble' && request.run.attempt === 1) {
      frame('item', { item: { type: 'reasoning', content: 'Hm.' } })
      frame('item', { item: { type: 'tool_call', callId: 'c1', name: 'look_up', arguments: {} } })
      frame('text', { delta: 'Wrong ans' })
      await untilHeard()
      frame('error', { message: 'I have stumbled.', retryable: true })
      return end()
    } else if (said === 'break') {
      frame('text', { delta: 'I am' })
      frame('error', { message: 'The kitchen burns.', code: 'burning', retryable: false })
      return end()
    } else frame('text', { delta: `${String(said)}!` })
    frame('done')
    end()
  })
  await server.main.publish({ name: 'guide', title: 'The guide' })
})
beforeEach(() => {
  // What it warns of is told as well by what it returns.
  jest.spyOn(console, 'warn').mockReturnValue()
  jest.spyOn(console, 'error').mockReturnValue()
})
afterEach(() => {
  jest.restoreAllMocks()
})
afterAll(() => server?.close())

interface Setting {
  threadId?: string
  agent?: string
  token?: string
  initialMessages?: Message[]
}

/** The official client, as a page makes it. */
function newAgent({ agent = 'guide', token = person.token, ...more }: Setting = {}): HttpAgent {
  const headers = { Authorization: `Bearer ${token}` }
  return new HttpAgent({ url: `${server.url}/ag-ui/${agent}`, headers, ...more })
}

let ids = 0
/** Says something and reads the run; the types of the events that came, each once in a row. */
async function say(agent: HttpAgent, content: string | null, more: object = {}): Promise<string[]> {
  if (content !== null) agent.addMessage({ id: `m${++ids}`, role: 'user', content })
  const types: string[] = []
  await agent.runAgent(more, { onEvent: ({ event }) => void (types.at(-1) === event.type || types.push(event.type)) })
  return types
}

/** What a person would see. */
function shown(agent: HttpAgent): string[] {
  return agent.messages.map((message) => {
    if (message.role === 'assistant' && message.toolCalls) {
      return message.toolCalls.map(({ function: call }) => `call: ${call.name} ${call.arguments}`).join()
    }
    return `${message.role}: ${typeof message.content === 'string' ? message.content : JSON.stringify(message.content)}`
  })
}

const LOOKED = [
  'user: look',
  'reasoning: Which tea?',
  'call: look_up {"dish":"tea"}',
  'tool: {"price":3}',
  'assistant: Tea is 3 euros.',
]

const runsOf = (threadSays: string) =>
  server.rows<{ id: string }>(
    `select r.id from runs r join items i on i.run_id = r.id where i.kind = 'input' and i.data ->> 'content' = $1`,
    threadSays,
  )

describe('the official AG-UI client', () => {
  test('runs an agent with its thoughts, tools and state', async () => {
    const agent = newAgent()
    const custom: unknown[] = []
    agent.subscribe({ onCustomEvent: ({ event }) => void custom.push({ name: event.name, value: event.value }) })
    const types = await say(agent, 'look', { tools: [{ name: 'pick', description: 'Picks', parameters: {} }] })
    expect(types).toEqual([
      'RUN_STARTED',
      'CUSTOM',
      'REASONING_START',
      'REASONING_MESSAGE_START',
      'REASONING_MESSAGE_CONTENT',
      'REASONING_MESSAGE_END',
      'REASONING_END',
      'TOOL_CALL_START',
      'TOOL_CALL_ARGS',
      'TOOL_CALL_END',
      'TOOL_CALL_RESULT',
      'CUSTOM',
      'TEXT_MESSAGE_START',
      'TEXT_MESSAGE_CONTENT',
      'TEXT_MESSAGE_END',
      'STATE_SNAPSHOT',
      'RUN_FINISHED',
    ])
    expect(shown(agent)).toEqual(LOOKED)
    expect(agent.state).toEqual({ looked: 1 })
    expect(custom).toEqual([
      { name: 'agentview', value: { sessionId: expect.any(String), runId: expect.any(String) } },
      { name: 'looked', value: { at: 'menu' } },
    ])
    expect(told.at(-1)).toMatchObject({ agUi: { threadId: agent.threadId, tools: [{ name: 'pick' }] } })
  })

  test('goes on with its thread, and another one finds its history', async () => {
    const agent = newAgent()
    await say(agent, 'look')
    expect(await say(agent, 'thanks')).not.toContain('MESSAGES_SNAPSHOT')
    const all = [...LOOKED, 'user: thanks', 'assistant: thanks!']
    expect(shown(agent)).toEqual(all)

    const loaded = newAgent({ threadId: agent.threadId })
    await say(loaded, null)
    expect(shown(loaded)).toEqual(all)
    expect(loaded.messages).toEqual(agent.messages)
    expect(loaded.state).toEqual({ looked: 1 })
    const fresh = newAgent({
      threadId: agent.threadId,
      initialMessages: [{ id: 'g', role: 'assistant', content: 'Hello.' }],
    })
    await say(fresh, 'more')
    expect(shown(fresh)).toEqual(['assistant: Hello.', ...all, 'user: more', 'assistant: more!'])
    await say(agent, 'and')
    expect(shown(agent)).toEqual([...all, 'user: more', 'assistant: more!', 'user: and', 'assistant: and!'])
    expect((await runsOf('more')).length).toBe(1)
  })

  test('answers the calls that a paused run waits for', async () => {
    const agent = newAgent()
    let pending: readonly string[] = []
    agent.subscribe({
      onRunFinishedEvent: (finished) => {
        if (finished.outcome === 'success') pending = finished.pendingToolCallIds
      },
    })
    await say(agent, 'where')
    expect(shown(agent)).toEqual(['user: where', 'assistant: Let me see.', 'call: get_location {"exact":true}'])
    expect(pending).toHaveLength(1)
    // A page that is loaded now is asked the same.
    const other = newAgent({ threadId: agent.threadId })
    await say(other, null)
    expect(other.messages).toEqual(agent.messages)
    agent.addMessage({ id: 'result', role: 'tool', toolCallId: pending[0]!, content: '{"city":"Łódź"}' })
    await say(agent, null)
    const whole = [
      ...['user: where', 'assistant: Let me see.', 'call: get_location {"exact":true}', 'tool: {"city":"Łódź"}'],
      'assistant: It is [{"callId":"p1","output":{"city":"Łódź"}}].',
    ]
    expect(shown(agent)).toEqual(whole)
    // The same answer again, by a client that has lost what came of it.
    const again = newAgent({ threadId: agent.threadId, initialMessages: agent.messages.slice(0, 4) })
    await say(again, null)
    expect(shown(again)).toEqual(whole)
    await say(agent, 'thanks')
    expect(shown(agent)).toEqual([...whole, 'user: thanks', 'assistant: thanks!'])
  })

  test('decides on a call by resume', async () => {
    const agent = newAgent()
    await say(agent, 'where')
    const call = agent.messages.at(-1)!.id
    await say(agent, null, { resume: [{ interruptId: call, status: 'resolved', payload: { approved: true } }] })
    expect(shown(agent).at(-1)).toBe('assistant: It is [{"callId":"p1","approved":true}].')
  })

  test('shows nothing of an attempt that failed in mid-stream', async () => {
    const agent = newAgent()
    await say(agent, 'look')
    const hears = (one: HttpAgent) => () => eventually(() => shown(one).includes('assistant: Wrong ans'))
    untilHeard = hears(agent)
    const types = await say(agent, 'stumble')
    expect(types.filter((type) => type === 'MESSAGES_SNAPSHOT')).toHaveLength(1)
    expect(shown(agent)).toEqual([...LOOKED, 'user: stumble', 'assistant: stumble!'])
    const alone = newAgent()
    untilHeard = hears(alone)
    await say(alone, 'stumble')
    // A thought can't be taken back, but emptied.
    expect(shown(alone).filter((line) => line !== 'reasoning: ')).toEqual(['user: stumble', 'assistant: stumble!'])
    await say(alone, 'well')
    expect(shown(alone).slice(-2)).toEqual(['user: well', 'assistant: well!'])
  })

  test('is told of a run that failed, and goes on', async () => {
    const agent = newAgent()
    const errors: unknown[] = []
    agent.subscribe({ onRunErrorEvent: ({ event }) => void errors.push(event.code, event.message) })
    await say(agent, 'break').catch(() => undefined)
    expect(errors).toEqual(['burning', 'The kitchen burns.'])
    await say(agent, 'better')
    expect(shown(agent).at(-1)).toBe('assistant: better!')
  })

  test('whose connection broke reads the same run to its end', async () => {
    const agent = newAgent({ agent: 'staged' })
    const runId = 'the same run'
    const our = ourRun(agent)
    const running = say(agent, 'slow', { runId }).catch(() => [])
    const { frame, end } = await server.stage.turn(await our)
    frame('text', { delta: 'Slowly' })
    await eventually(() => shown(agent).includes('assistant: Slowly'))
    agent.abortRun()
    await running
    frame('text', { delta: ' but surely.' })
    const again = say(agent, null, { runId })
    const later = newAgent({ agent: 'staged', threadId: agent.threadId, initialMessages: agent.messages })
    const other = say(later, null)
    frame('done')
    end()
    await Promise.all([again, other])
    expect(shown(agent)).toEqual(['user: slow', 'assistant: Slowly but surely.'])
    expect(shown(later)).toEqual(shown(agent))
    expect(await runsOf('slow')).toHaveLength(1)
  })

  test('is told that a run was cancelled', async () => {
    const agent = newAgent({ agent: 'staged' })
    const outcomes: string[] = []
    agent.subscribe({ onRunFinishedEvent: ({ outcome }) => void outcomes.push(outcome) })
    const begun = ourRun(agent)
    const running = say(agent, 'wait')
    const our = await begun
    await server.stage.turn(our)
    await person.client.cancel(our)
    await running
    expect(outcomes).toEqual(['cancelled'])
  })

  test('that sends the same run many times at once has begun it once', async () => {
    const threadId = 'many at once'
    const initialMessages: Message[] = [{ id: 'once', role: 'user', content: 'only once' }]
    const agents = Array.from({ length: 4 }, () => newAgent({ threadId, initialMessages }))
    await Promise.all(agents.map((agent) => say(agent, null, { runId: 'one' })))
    for (const agent of agents) expect(shown(agent)).toEqual(['user: only once', 'assistant: only once!'])
    expect(await runsOf('only once')).toHaveLength(1)
  })

  test('reaches no thread of another person, nor of another agent', async () => {
    const mine = newAgent({ threadId: 'ours' })
    await say(mine, 'mine')
    const theirs = newAgent({ threadId: 'ours', token: (await server.main.newPerson()).token })
    await say(theirs, 'theirs')
    expect(shown(theirs)).toEqual(['user: theirs', 'assistant: theirs!'])
    const session = (await sessionsOf(person)).find(({ title }) => title === 'mine')
    const stranger = newAgent({ threadId: session!.id, token: (await server.main.newPerson()).token })
    await expect(say(stranger, 'x')).rejects.toThrow('No such session')
    const byId = newAgent({ threadId: session!.id })
    await say(byId, null)
    expect(byId.messages).toEqual(mine.messages)
    await expect(say(newAgent({ agent: 'echo', threadId: session!.id }), 'x')).rejects.toThrow('No such session')
    await person.client.request('DELETE', `/v1/sessions/${session!.id}`)
    await expect(say(mine, 'again')).rejects.toThrow('This thread was deleted')
  })

  test('of a server begins threads for end users', async () => {
    const agent = newAgent({ token: server.main.secretKey })
    await say(agent, 'for somebody', { forwardedProps: { endUserId: person.id } })
    expect((await sessionsOf(person)).map(({ title }) => title)).toContain('for somebody')
    // Its title would end in the middle of a character.
    await say(agent, `${'x'.repeat(78)}\u{1f600}\u{1f600}`)
    const plain = newAgent({ token: server.main.secretKey })
    await say(plain, 'one')
    await say(plain, 'two')
    expect(shown(plain)).toEqual(['user: one', 'assistant: one!', 'user: two', 'assistant: two!'])
  })
})

async function sessionsOf({ client }: Person): Promise<Session[]> {
  return (await client.get<Page<Session>>('/v1/sessions?agent=guide')).body.data
}

/** The id of ours of the next run that an agent begins. */
async function ourRun(agent: HttpAgent): Promise<string> {
  return new Promise((resolve) => {
    agent.subscribe({
      onCustomEvent: ({ event: { name, value } }) => {
        if (name === 'agentview' && isObject(value) && typeof value['runId'] === 'string') resolve(value['runId'])
      },
    })
  })
}

describe('whoever asks wrongly is told so, and leaves nothing behind', () => {
  const USER = { id: 'u', role: 'user', content: 'x' }
  const INPUT = {
    threadId: 'wrong',
    runId: 'r',
    messages: [USER],
    tools: [],
    context: [],
    state: {},
    forwardedProps: {},
  }
  const without = (name: keyof typeof INPUT) => ({ ...INPUT, [name]: undefined })
  const deep = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as unknown

  test.each<[string, unknown, number, { agent?: string; token?: string | null; type?: string }?]>([
    ['without a token', INPUT, 401, { token: null }],
    ['with a token that is none', INPUT, 401, { token: 'x' }],
    ['an unknown agent', INPUT, 404, { agent: 'nobody' }],
    ['a name that no agent can have', INPUT, 404, { agent: '%00' }],
    ['an unknown session', { ...INPUT, threadId: 'ses_00000000000000000000000000' }, 404],
    ['as plain text', INPUT, 415, { type: 'text/plain' }],
    ['broken JSON', '{', 400],
    ['nothing', '', 400],
    ['a list', [], 400],
    ['no thread', without('threadId'), 400],
    ['no run', without('runId'), 400],
    ['a thread that is a number', { ...INPUT, threadId: 1 }, 400],
    ['an empty run id', { ...INPUT, runId: '' }, 400],
    ['no messages', without('messages'), 400],
    ['an empty list of messages', { ...INPUT, messages: [] }, 400],
    ['messages that are an object', { ...INPUT, messages: {} }, 400],
    ['a message without an id', { ...INPUT, messages: [{ role: 'user', content: 'x' }] }, 400],
    ['a message without content', { ...INPUT, messages: [{ id: 'u', role: 'user' }] }, 400],
    ['an empty message', { ...INPUT, messages: [{ ...USER, content: '' }] }, 400],
    ['content of numbers', { ...INPUT, messages: [{ ...USER, content: [1] }] }, 400],
    ['no user’s message', { ...INPUT, messages: [{ ...USER, role: 'assistant' }] }, 400],
    ['tools that are text', { ...INPUT, tools: 'x' }, 400],
    ['a wrong answer', { ...INPUT, resume: [{ interruptId: 'x', status: 'maybe' }] }, 400],
    ['what can’t be stored', { ...INPUT, messages: [{ ...USER, content: '\u0000' }] }, 400],
    ['too deep', { ...INPUT, state: deep }, 400],
    ['a forbidden key', JSON.stringify(INPUT).replace('"state":{}', '"state":{"__proto__":1}'), 400],
    ['too large a body', { ...INPUT, messages: [{ ...USER, content: 'x'.repeat(2_000_000) }] }, 413],
    ['too large a message', { ...INPUT, messages: [{ ...USER, content: 'x'.repeat(300_000) }] }, 413],
    ['too many props', { ...INPUT, forwardedProps: { x: 'x'.repeat(100_000) } }, 413],
    ['a wrong end user', { ...INPUT, forwardedProps: { endUserId: 'me' } }, 400, { token: 'secret' }],
  ])('%s', async (_what, body, status, { agent = 'guide', token = person.token, type = 'application/json' } = {}) => {
    const credential = token === 'secret' ? server.main.secretKey : token
    const count = async () =>
      (await server.rows<{ n: string }>('select count(*) as n from sessions where deleted_at is null'))[0]!.n
    const before = await count()
    const answer = await fetch(`${server.url}/ag-ui/${agent}`, {
      method: 'POST',
      headers: { 'content-type': type, ...(credential && { authorization: `Bearer ${credential}` }) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    const { error } = (await answer.json()) as { error: { code: string; message: string } }
    expect({ status: answer.status, message: typeof error.message }).toEqual({ status, message: 'string' })
    expect(await count()).toBe(before)
  })

  test('another message under the id of a run that is known', async () => {
    const agent = newAgent()
    await say(agent, 'first', { runId: 'taken' })
    await expect(say(agent, 'second', { runId: 'taken' })).rejects.toThrow('HTTP 422')
  })

  test('a message beside the answers to a pause', async () => {
    const agent = newAgent()
    await say(agent, 'where')
    const toolCallId = agent.messages.at(-1)!.id
    agent.addMessage({ id: 'r', role: 'tool', toolCallId, content: 'here' })
    await expect(say(agent, 'and?')).rejects.toThrow('Answer the calls of the pause first')
  })
})
