import { createServer } from 'node:http'
import { handleReplay } from './agent.ts'

const port = Number(process.env.PORT ?? 4101)
const host = process.env.HOST ?? '127.0.0.1'

const server = createServer((request, response) => void handleReplay(request, response))
server.on('error', (error) => {
  console.error(`The replay agent can't listen on ${host}:${port}: ${error.message}`)
  process.exitCode = 1
})
server.listen(port, host, () => console.log(`The replay agent listens on http://${host}:${port}`))
