import { type ServerResponse, createServer } from 'node:http'
import { type Json, isObject } from '@shared/domain/json'
import { type Script, piecesOf, preciseNow, readScript, timedPiece } from './script.ts'

// The agent app of the bench: lean, since it runs beside what is measured. What it does stands in the input (script.ts).
// GET /sent tells what it has sent so far.

const sent = { runs: 0, deltas: 0, open: 0 }

createServer((request, response) => {
  if (request.method === 'GET') return void response.end(JSON.stringify(sent))
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => answer(response, inputOf(Buffer.concat(chunks).toString())))
}).listen(Number(process.env.PORT), '127.0.0.1')

function inputOf(body: string): Json | undefined {
  const request: unknown = JSON.parse(body)
  return isObject(request) ? request.input : undefined
}

function answer(response: ServerResponse, input: Json | undefined): void {
  const { content, script } = readScript(input)
  sent.open++
  response.once('close', () => sent.open--)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  if (script.thinkMs > 0) setTimeout(() => stream(response, content, script), script.thinkMs)
  else stream(response, content, script)
}

function stream(response: ServerResponse, content: string, script: Script): void {
  const pieces = script.timed ? null : piecesOf(content, script.deltas)
  const frames = (from: number, to: number) => {
    let text = ''
    for (let index = from; index < to; index++) {
      text += frame('text', { delta: pieces?.[index] ?? timedPiece(index, preciseNow()) })
    }
    sent.deltas += to - from
    return text
  }
  if (script.everyMs === 0) return end(response, frames(0, script.deltas))
  paced(response, script, frames)
}

/** By the time that has passed, not by the ticks: a late tick sends what has become due meanwhile. */
function paced(response: ServerResponse, script: Script, frames: (from: number, to: number) => string): void {
  const begun = performance.now()
  let done = 0
  const sendDue = () => {
    const due = Math.min(script.deltas, 1 + Math.floor((performance.now() - begun) / script.everyMs))
    if (due > done) response.write(frames(done, due))
    done = due
    if (done < script.deltas) return
    clearInterval(ticking)
    end(response, '')
  }
  const ticking = setInterval(sendDue, script.everyMs)
  response.once('close', () => clearInterval(ticking))
  sendDue()
}

function end(response: ServerResponse, before: string): void {
  sent.runs++
  response.end(`${before}${frame('done', {})}`)
}

function frame(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
