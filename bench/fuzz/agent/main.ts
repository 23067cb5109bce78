import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AgentRequest } from '@shared/contracts/agentApi'
import { answers, frameOf, readAct } from './acts.ts'

// The agent app of the fuzzing: a process of its own; what it does stands in the input (acts.ts). Webhooks end here as
// well (any path answers 204 to what is no run). GET /tokens/<run id> gives the token of a run that it went on with by
// itself, or 404.

const tokens = new Map<string, string>()

createServer((request, response) => {
  if (request.method === 'GET') return tell(request, response)
  answer(request, response).catch(() => response.destroy())
}).listen(Number(process.env.PORT), '127.0.0.1')

function tell({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const token = tokens.get(url.slice('/tokens/'.length))
  response.writeHead(token === undefined ? 404 : 200).end(token)
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  const token = request.headers['agentview-run-token']
  if (typeof token !== 'string') return void response.writeHead(204).end()
  // Sent by AgentView, which checks it against this contract.
  const { input, run } = JSON.parse(body) as AgentRequest
  const act = readAct(input)
  if (act === 'hand-over') {
    tokens.set(run.id, token)
    return void response.writeHead(202).end()
  }
  if (act === 'pause' && run.leg === 0) {
    const calls = ['c1', 'c2'].map((callId) => ({ callId, name: 'ask', arguments: {} }))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    return void response.end(frameOf('pause', JSON.stringify({ toolCalls: calls })))
  }
  if (act !== null && act !== 'pause') return answers[act](response)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(frameOf('text', JSON.stringify({ delta: 'You said: ' })))
  response.write(frameOf('text', JSON.stringify({ delta: JSON.stringify(input).slice(0, 1_000) })))
  response.end(frameOf('done', '{}'))
}
