import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AgentRequest } from '@shared/contracts/agentApi'

/** One call of an agent app, from the app's side. */
export interface AgentTurn {
  request: AgentRequest
  headers: IncomingHttpHeaders
  /** A frame of a streamed answer; the first one begins it. */
  frame(name: string, data?: object): void
  /** The end of a streamed answer. */
  end(): void
  /** A whole answer in one piece. */
  answer(status: number, body: object, headers?: Record<string, string>): void
  /** Whoever called has hung up, or has got everything. */
  closed: Promise<void>
  /** Whether the caller still waits for more. */
  isOpen(): boolean
}

export type AgentApp = (turn: AgentTurn) => void | Promise<void>

export interface AgentApps {
  /** Where the app of this name answers; made up by a later `set`. */
  urlOf(name: string): string
  set(name: string, app: AgentApp): void
  close(): Promise<void>
}

/** Agent apps on one free port, told apart by their path. */
export async function startAgentApps(): Promise<AgentApps> {
  const apps = new Map<string, AgentApp>()
  const server = createServer((request, response) => {
    void (async () => {
      const app = apps.get((request.url ?? '').slice(1))
      if (app) await app(turnOf(request, response, await readBody(request)))
      else response.writeHead(404).end()
    })().catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    urlOf: (name) => `http://127.0.0.1:${port}/${name}`,
    set: (name, app) => void apps.set(name, app),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function readBody(request: IncomingMessage): Promise<AgentRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as AgentRequest
}

function turnOf(incoming: IncomingMessage, response: ServerResponse, request: AgentRequest): AgentTurn {
  const closed = new Promise<void>((resolve) => response.once('close', resolve))
  return {
    request,
    headers: incoming.headers,
    closed,
    isOpen: () => !response.writableEnded && !response.destroyed,
    frame(name, data = {}) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
    },
    end: () => void response.end(),
    answer(status, body, headers = {}) {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    },
  }
}

/** Says what was said to it, in three pieces. */
export const echo: AgentApp = ({ request, frame, end }) => {
  frame('version', { version: '1.0.0' })
  for (const delta of ['You', ' said: ', String(request.input['content'])]) frame('text', { delta })
  frame('usage', { inputTokens: 1, outputTokens: 3 })
  frame('done')
  end()
}

/** Makes as many steps as the input's `count` says, each of `bytes` letters, then one output. */
export const steps: AgentApp = async ({ request, frame, end }) => {
  const { count = 1, bytes = 10 } = request.input as { count?: number; bytes?: number }
  for (let step = 1; step <= count; step++) {
    frame('item', { item: { type: 'step', step, text: 'x'.repeat(bytes) } })
    if (step % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  frame('text', { delta: 'done' })
  frame('done')
  end()
}

/** Pauses with the calls that the input names, and then says what it was answered. */
export const asking: AgentApp = ({ request, frame, end }) => {
  if (request.run.leg === 0) {
    const { calls = ['c1'] } = request.input as { calls?: string[] }
    frame('text', { delta: 'I have to ask.' })
    frame('pause', { toolCalls: calls.map((callId) => ({ callId, name: 'ask', arguments: { of: callId } })) })
  } else {
    frame('text', { delta: JSON.stringify(request.toolResults) })
    frame('done')
  }
  end()
}

/** An agent app that does nothing by itself: the test takes each call and answers it. */
export interface Stage {
  app: AgentApp
  /** The call of a run's attempt, once it has come. */
  turn(runId: string, attempt?: number): Promise<AgentTurn>
  /** How many calls have come for a run. */
  calls(runId: string): number
  /** The runs whose calls wait for the test's answer. */
  held(): string[]
}

export function createStage(): Stage {
  const turns = new Map<string, AgentTurn>()
  const waiting = new Map<string, (turn: AgentTurn) => void>()
  return {
    async app(turn) {
      const place = `${turn.request.run.id} ${turn.request.run.attempt}`
      turns.set(place, turn)
      waiting.get(place)?.(turn)
      await turn.closed
    },
    async turn(runId, attempt = 1) {
      const place = `${runId} ${attempt}`
      return turns.get(place) ?? new Promise((resolve) => waiting.set(place, resolve))
    },
    calls: (runId) => [...turns.keys()].filter((place) => place.startsWith(runId)).length,
    held: () => [...turns.values()].filter((turn) => turn.isOpen()).map((turn) => turn.request.run.id),
  }
}
