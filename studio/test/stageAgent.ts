import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Frame = Record<string, unknown> & { event: string }

/** What the agent answers, frame by frame; waits where the script does. */
export type Script = (input: string) => AsyncIterable<Frame> | Iterable<Frame>

/** An agent app whose answers the test writes, as NDJSON. */
export interface StageAgent {
  url: string
  script: Script
  close(): Promise<void>
}

export async function startStageAgent(): Promise<StageAgent> {
  const agent: StageAgent = { url: '', script: () => [text('Nothing was staged.'), done], close: async () => {} }
  const server = createServer((request, response) => void answer(agent, request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  agent.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  agent.close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return agent
}

async function answer(agent: StageAgent, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const { input } = JSON.parse(body) as { input: { content: string } }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  for await (const frame of agent.script(input.content)) response.write(`${JSON.stringify(frame)}\n`)
  response.end()
}

export function item(data: Record<string, unknown>): Frame {
  return { event: 'item', item: data }
}

export function text(delta: string): Frame {
  return { event: 'text', delta }
}

export const done: Frame = { event: 'done' }
