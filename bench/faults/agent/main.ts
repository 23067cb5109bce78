import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentRequest } from '@shared/contracts/agentApi'
import { readInput, stepsOf, wordsOf } from './script.ts'
import { wrongs } from './wrongs.ts'

// The agent app of the fault harness: a process of its own, without state; what it does stands in the input (script.ts).

/** How wrong a signature's time may be (Standard Webhooks). */
const FORGIVEN_S = 5 * 60

createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error)
    response.destroy()
  })
}).listen(Number(process.env.PORT), '127.0.0.1')

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
  // What every verifier of signed requests refuses.
  const age = Date.now() / 1_000 - Number(request.headers['webhook-timestamp'])
  if (!(Math.abs(age) <= FORGIVEN_S)) return void response.writeHead(401).end(`The request is ${age} s old.`)
  // Sent by AgentView, which checks it against this contract.
  const { inputs, run } = JSON.parse(body) as AgentRequest
  const told = inputs.flatMap((input) => readInput(input) ?? [])
  const script = told.at(-1)?.script
  if (!script || told.length < inputs.length) return void response.writeHead(400).end('An input has no script.')
  const wrong = script.wrong && run.attempt <= script.wrong.times ? script.wrong : null
  await sleep(script.thinkMs ?? 0)
  if (wrong?.afterWords === 0) return wrongs[wrong.how](response)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const say = script.chopped ? sayChopped : sayWhole
  const goesOn = run.leg > 0
  for (const item of goesOn ? [] : stepsOf(told)) {
    say(response, 'item', { item })
    await sleep(script.everyMs)
  }
  for (const [index, delta] of wordsOf(told).entries()) {
    if (goesOn && index < (script.pauseAfter ?? 0)) continue
    if (response.destroyed) return
    if (wrong?.afterWords === index) return wrongs[wrong.how](response)
    if (!goesOn && script.pauseAfter === index) return void response.end(frameOf('pause', PAUSE))
    say(response, 'text', { delta })
    await sleep(script.everyMs)
  }
  say(response, 'done', {})
  response.end()
}

const PAUSE = { toolCalls: [{ callId: 'ask', name: 'ask', arguments: {} }] }
/** Fewer bytes than a thumb in UTF-8. */
const PIECE_BYTES = 3

function sayWhole(response: ServerResponse, event: string, data: object): void {
  response.write(frameOf(event, data))
}

/** Each write is a chunk of its own for who reads, however the packets fall. */
function sayChopped(response: ServerResponse, event: string, data: object): void {
  const bytes = Buffer.from(frameOf(event, data))
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) response.write(bytes.subarray(at, at + PIECE_BYTES))
}

function frameOf(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
