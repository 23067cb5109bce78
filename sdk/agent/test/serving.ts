import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { newId } from '@shared/domain/ids'
import { signatureHeaders } from '../../../workers/webhooks/signatureHeaders.ts'
import type { ServeOptions } from '../answerCall.ts'
import type { Agent } from '../defineAgent.ts'
import { toFetchHandler } from '../fetch.ts'
import { toNodeHandler } from '../node.ts'
import type { AgentRequest } from '../request.ts'

export const SECRET = `whsec_${randomBytes(32).toString('base64')}`

/** An agent that is served, however it is. */
export interface Served {
  send(init: {
    method?: string
    headers?: Record<string, string>
    body?: string
    signal?: AbortSignal
  }): Promise<Response>
  url: string
}

const servers: Server[] = []

/** After each test. */
export async function closeServers(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

export async function listenOn(server: Server): Promise<string> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function serveNode(agent: Agent, options: ServeOptions): Promise<Served> {
  const handle = toNodeHandler(agent, options)
  const url = await listenOn(createServer((request, response) => void handle(request, response)))
  return { url, send: (init) => fetch(url, init) }
}

async function serveExpress(agent: Agent, options: ServeOptions): Promise<Served> {
  const app = express()
  app.all('/agent', toNodeHandler(agent, options))
  app.use(express.json())
  const url = `${await listenOn(createServer(app))}agent`
  return { url, send: (init) => fetch(url, init) }
}

async function serveFetch(agent: Agent, options: ServeOptions): Promise<Served> {
  const handle = toFetchHandler(agent, options)
  const url = 'http://agent.example/'
  return { url, send: (init) => handle(new Request(url, init)) }
}

export const SERVERS = { 'node:http': serveNode, Express: serveExpress, Fetch: serveFetch }

export const options: ServeOptions = { secret: SECRET, onError: () => undefined }

/** What a worker sends. */
export const request: AgentRequest = {
  run: { id: newId('run'), attempt: 1, leg: 0, type: 'chat', metadata: {} },
  session: {
    id: newId('session'),
    handle: 'h',
    agent: 'echo',
    metadata: {},
    state: null,
    endUser: { id: newId('endUser'), externalId: null, metadata: {} },
  },
  items: [{ type: 'message', role: 'user', content: 'Hello' }],
  incompleteItems: [],
  input: { type: 'message', role: 'user', content: 'Grüße 🎉' },
  inputs: [{ type: 'message', role: 'user', content: 'Grüße 🎉' }],
  runItems: [],
  toolResults: [],
  memories: [],
}

export function signed(body: string, secret = SECRET, now = new Date()): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/x-ndjson, application/json',
    ...signatureHeaders([secret], 'run_1-1', body, now),
  }
}

/** As a worker calls. */
export function post(served: Served, more: Partial<AgentRequest> = {}, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify({ ...request, ...more })
  return served.send({ method: 'POST', headers: signed(body), body, ...(signal && { signal }) })
}

export type SentFrame = [event: string, data: Record<string, unknown>]

/** The frames of an answer as server-sent events. */
export async function framesOf(response: Response): Promise<SentFrame[]> {
  const blocks = (await response.text()).split('\n\n').filter((block) => block.startsWith('event:'))
  return blocks.map((block) => {
    const [, event, data] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? []
    return [String(event), JSON.parse(String(data))]
  })
}

/** Waits until something is so; what never comes is ended by Jest's timeout. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}
