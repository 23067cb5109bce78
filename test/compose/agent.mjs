// The agent app of `npm run test:compose`: counts slowly, so that a worker can be killed in the middle of an answer.
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WORDS } from './words.mjs'

const PAUSE_MS = 150

createServer(async (request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (name, data) => response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  for (const delta of WORDS) {
    send('text', { delta })
    await sleep(PAUSE_MS)
  }
  send('done', {})
  response.end()
}).listen(4100)
