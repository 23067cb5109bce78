import { type RequestListener, type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { newId } from '@shared/domain/ids'
import { refuseUnreadable } from '@shared/http/refuseUnreadable'
import { SettingsError } from './settings.ts'

export interface Listening {
  server: Server
  port: number
  /** Gives all further requests to the application; until then they are answered 503. */
  serve(listener: RequestListener): void
  /** Takes no new connections and answers 503 on those there are; answers under way go on. */
  refuse(): void
  /** Resolves once every answer under way is over: what they need must not be taken from them before. Not bounded. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** Takes the port before anything else is started, so that a taken one is told at once and nothing needs to be undone. */
export async function listen(port: number, host: string): Promise<Listening> {
  let listener = unavailable('AgentView is starting.')
  const underWay = new Set<Promise<void>>()
  const server = createServer((request, response) => {
    const over = new Promise<void>((resolve) => {
      response.once('close', () => {
        underWay.delete(over)
        resolve()
      })
    })
    underWay.add(over)
    listener(request, response)
  })
  refuseUnreadable(server)
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
    refuse() {
      listener = unavailable('AgentView is stopping.')
      server.close()
      server.closeIdleConnections()
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), 500).unref()
      await closed
    },
  }
}

function unavailable(message: string): RequestListener {
  const error = { code: 'unavailable', message, requestId: newId('request') }
  return (_request, response) => {
    response.writeHead(503, { 'retry-after': '1', 'content-type': 'application/json', connection: 'close' })
    response.end(JSON.stringify({ error }))
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
