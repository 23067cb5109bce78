import type { Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { AgentViewError } from '@shared/domain/errors'
import { newId } from '@shared/domain/ids'

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/**
 * What is no HTTP request is refused by Node's parser before anything of ours sees it, and would be answered without a
 * body. Here it gets the one shape of errors. The connection ends in any case: where the next request begins is unknown.
 */
export function refuseUnreadable(server: Server): void {
  const answering = new WeakMap<Duplex, ServerResponse>()
  server.on('request', ({ socket }, response: ServerResponse) => void answering.set(socket, response))
  // Node would answer 417 without a body; an expectation that nobody knows may as well be passed over (RFC 9110, 10.1.1).
  server.on('checkExpectation', (request, response) => void server.emit('request', request, response))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const response = answering.get(socket)
    const isInAnswer = response !== undefined && response.headersSent && !response.writableFinished
    if (error.code === 'ECONNRESET' || !socket.writable || isInAnswer) return void socket.destroy()
    endWithRefusal(socket, explained(error.code))
  })
}

/** Answers on a connection itself, where there is no response to answer with, and ends it. */
export function endWithRefusal(socket: Duplex, { code, message, status }: AgentViewError): void {
  const requestId = newId('request')
  const body = JSON.stringify({ error: { code, message, requestId } })
  const lines = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ]
  socket.end([...lines, '', body].join('\r\n'), () => socket.destroy())
}

/** By the codes of https://nodejs.org/api/http.html#event-clienterror. */
function explained(reason: string | undefined): AgentViewError {
  if (reason === 'HPE_HEADER_OVERFLOW')
    return new AgentViewError('headers_too_large', 'The headers are too long: all of them may have 16 KiB.')
  if (reason === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new AgentViewError('request_timeout', 'The request did not come to its end in time: send it again.')
  return new AgentViewError('invalid_request', 'This is not a valid HTTP/1.1 request.')
}
