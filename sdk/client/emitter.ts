import { EventEmitter } from 'eventemitter3'
import type { ClientEvents } from './events.ts'

/** Who listens to a client. */
export class Emitter {
  readonly #listeners = new EventEmitter()

  on<Name extends keyof ClientEvents>(name: Name, listener: ClientEvents[Name]): void {
    this.#listeners.on(name, listener)
  }

  once<Name extends keyof ClientEvents>(name: Name, listener: ClientEvents[Name]): void {
    this.#listeners.once(name, listener)
  }

  off<Name extends keyof ClientEvents>(name: Name, listener: ClientEvents[Name]): void {
    this.#listeners.off(name, listener)
  }

  /** A listener that throws is its own fault, and must not end the reading: the platform hears of it as of any other. */
  emit<Name extends keyof ClientEvents>(name: Name, ...values: Parameters<ClientEvents[Name]>): void {
    try {
      this.#listeners.emit(name, ...values)
    } catch (error) {
      setTimeout(() => {
        throw error
      })
    }
  }
}
