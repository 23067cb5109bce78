import { type Socket, io } from 'socket.io-client'
import { isObject } from '@shared/domain/json'
import { type Ending, ReconnectingReader } from './reconnectingReader.ts'

/**
 * Reads one session's events over Socket.IO (namespace `/client`, `subscribe {sessionId, after}`). Reconnects by itself,
 * not by the library's way, so that every connection is a new one with the cursor in it.
 */
export class SocketReader extends ReconnectingReader {
  protected async follow(url: string, signal: AbortSignal): Promise<Ending> {
    const { token, silenceMs } = this.options
    const socket = io(`${url}/client`, {
      auth: { token },
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: silenceMs,
    })
    try {
      const why = await new Promise<string>((resolve) => {
        signal.addEventListener('abort', () => resolve('dropped'))
        socket.on('connect_error', (error) => resolve(`refused: ${error.message}`))
        socket.on('disconnect', (reason) => resolve(reason))
        // A transport that closes before the namespace is connected is told by the engine alone.
        socket.io.on('close', (reason) => resolve(reason))
        socket.on('cut', (cut: unknown) => resolve(`cut: ${JSON.stringify(cut)}`))
        socket.on('event', (event: unknown) => this.#takeEvent(event, signal))
        socket.on('connect', () => this.#subscribe(socket, resolve))
      })
      return { kind: 'again', why }
    } finally {
      // Nothing that was under way may arrive after we have said that it ended.
      socket.off('event')
      socket.disconnect()
    }
  }

  #subscribe(socket: Socket, end: (why: string) => void): void {
    const { sessionId, silenceMs } = this.options
    socket
      .timeout(silenceMs)
      .emitWithAck('subscribe', { sessionId, after: this.log.view.seq })
      .then(
        (answer: unknown) => {
          if (isObject(answer) && answer.ok === true) this.alive()
          else end(`refused: ${JSON.stringify(answer)}`)
        },
        () => end('no answer to subscribe'),
      )
  }

  #takeEvent(event: unknown, signal: AbortSignal): void {
    const name = isObject(event) && typeof event.type === 'string' ? event.type : undefined
    const id = isObject(event) && typeof event.seq === 'number' ? String(event.seq) : undefined
    this.take({ id, event: name, data: JSON.stringify(event) }, signal)
  }
}
