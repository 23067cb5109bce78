import { type RequestListener, type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SettingsError } from './settings.ts'

export interface Listening {
  server: Server
  port: number
  /** Gives all further requests to the application; until then they are answered 503. */
  serve(listener: RequestListener): void
  close(): Promise<void>
}

/** Takes the port before anything else is started, so that a taken one is told at once and nothing needs to be undone. */
export async function listen(port: number, host: string): Promise<Listening> {
  let listener: RequestListener = (_request, response) => {
    response.writeHead(503, { 'retry-after': '1', 'content-type': 'application/json' })
    response.end(
      JSON.stringify({ error: { code: 'unavailable', message: 'AgentView is starting.', requestId: 'req_starting' } }),
    )
  }
  const server = createServer((request, response) => listener(request, response))
  // Longer than a proxy's, so that it never writes to a connection that we have just closed.
  server.keepAliveTimeout = 65_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(toSettingsError(error, port, host)))
    server.listen(port, host, resolve)
  })
  return {
    server,
    port: (server.address() as AddressInfo).port,
    serve(next) {
      listener = next
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), 500).unref()
      await closed
    },
  }
}

function toSettingsError(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code === 'EADDRINUSE') {
    return new SettingsError(
      `Port ${port} is taken: stop what listens there, or choose another with PORT, e.g. PORT=${port + 1} npm start.`,
    )
  }
  if (error.code === 'EACCES')
    return new SettingsError(`Port ${port} may not be used by this user: choose one above 1023 with PORT.`)
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new SettingsError(`HOST ${host} is not an address of this machine: use 127.0.0.1 or 0.0.0.0.`)
  }
  return error
}
