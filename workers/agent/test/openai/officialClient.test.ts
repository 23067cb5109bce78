import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import OpenAI from 'openai'
import { type ChatServer, type Reply, startChatServer } from '../../../../test/server/chatCompletions.ts'
import { request } from '../../../../sdk/agent/test/serving.ts'
import type { AgentFailure } from '../../agentFailure.ts'
import { closeAgentConnections } from '../../callAgentApp.ts'
import { openAiCall } from '../../protocols/openai/openAiCall.ts'
import { type Outcome, call } from '../hostileServer.ts'

let server: ChatServer
let client: OpenAI

beforeEach(async () => {
  server = await startChatServer()
  client = new OpenAI({ apiKey: 'sk-test', baseURL: server.url, maxRetries: 0 })
})

afterEach(async () => {
  await closeAgentConnections()
  await server.close()
})

const callEndpoint = (): Promise<Outcome> =>
  call(`${server.url}/chat/completions`, openAiCall(request, { model: 'small', apiKey: 'sk-test' }))

/** What the frames say, in the words of the client. */
function saidIn({ frames }: Outcome) {
  const content = frames.map((frame) => (frame.name === 'text' ? frame.data.delta : '')).join('')
  const pause = frames.find((frame) => frame.name === 'pause')
  const calls = pause?.data.toolCalls.map(({ callId, name, arguments: given }) => [callId, name, given])
  const usage = frames.find((frame) => frame.name === 'usage')
  return { content, calls: calls ?? [], tokens: [usage?.data.inputTokens, usage?.data.outputTokens] }
}

function saidBy({ choices, usage }: OpenAI.ChatCompletion) {
  const message = choices[0]?.message
  const calls = (message?.tool_calls ?? []).map((one) =>
    one.type === 'function' ? [one.id, one.function.name, JSON.parse(one.function.arguments)] : [],
  )
  return { content: message?.content ?? '', calls, tokens: [usage?.prompt_tokens, usage?.completion_tokens] }
}

describe('the official client and a worker hear the same', () => {
  test.each<[string, Reply]>([
    ['of an answer', { text: ['Good ', 'day, ', 'Grüße 🎉'] }],
    [
      'of tool calls',
      {
        calls: [
          { id: 'a', name: 'look_up', arguments: ['{"of"', ':"tea"}'] },
          { id: 'b', name: 'now', arguments: ['{}'] },
        ],
      },
    ],
    ['of words before a tool call', { text: ['Let me see.'], calls: [{ id: 'a', name: 'now', arguments: ['{}'] }] }],
  ])('%s', async (_what, reply) => {
    server.say(reply, reply, reply)
    const outcome = await callEndpoint()
    expect(outcome.failure).toBeNull()
    const [asked] = server.requests
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }]
    const streaming = client.chat.completions.stream({
      model: 'small',
      messages,
      stream_options: { include_usage: true },
    })
    expect(saidIn(outcome)).toEqual(saidBy(await streaming.finalChatCompletion()))
    expect(saidIn(outcome)).toEqual(saidBy(await client.chat.completions.create({ model: 'small', messages })))
    expect(asked).toMatchObject({ headers: { authorization: 'Bearer sk-test' }, body: { stream: true } })
  })

  test('of an answer that breaks off', async () => {
    server.say({ breaksAfter: 'Well' }, { breaksAfter: 'Well' })
    const { failure, names } = await callEndpoint()
    expect(names).toEqual(['text'])
    expect(failure).toMatchObject({ code: 'agent_disconnected', retryable: true })
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }]
    await expect(client.chat.completions.stream({ model: 'small', messages }).finalContent()).rejects.toThrow()
  })

  test.each([
    [429, true],
    [401, false],
    [500, true],
  ])('of a refusal with %i', async (status, retryable) => {
    server.say({ status, headers: { 'retry-after': '7' } }, { status })
    const failure = (await callEndpoint()).failure as AgentFailure
    expect(failure).toMatchObject({ code: 'agent_status', retryable, retryAfterMs: 7_000 })
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }]
    await expect(client.chat.completions.create({ model: 'small', messages })).rejects.toMatchObject({ status })
  })
})
