import { createServer } from 'node:http'
import { handleEliza } from './agent.ts'

const port = Number(process.env.PORT ?? 4100)
const host = process.env.HOST ?? '127.0.0.1'

const server = createServer((request, response) => void handleEliza(request, response))
server.on('error', (error) => {
  console.error(`ELIZA can't listen on ${host}:${port}: ${error.message}`)
  process.exitCode = 1
})
server.listen(port, host, () => console.log(`ELIZA listens on http://${host}:${port}`))
