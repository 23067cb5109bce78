import { isAlive, signal } from './processes.ts'
import { stopPostmaster } from './postmaster.ts'
import { type Launch, type Server, startServer } from './server.ts'

/** How soon a Postgres that died (killed for its memory, say) is noticed; well within the 5 s promised for its return. */
const CHECK_MS = 1000

/**
 * Keeps Postgres running on its port until stop(): a dead one is started again, also one that we adopted and that
 * therefore is no child of ours. When our process exits without stop(), Postgres is told to end as well.
 */
export function supervise(server: Server, launch: Launch, onNotice: (line: string) => void): { stop(): Promise<void> } {
  let { pid } = server
  let restarting: Promise<void> | undefined

  const restart = async () => {
    onNotice(`Postgres (pid ${pid}) ended by itself: starting it again.`)
    try {
      pid = (await startServer(launch, server.port)).pid
    } catch (error) {
      onNotice(error instanceof Error ? error.message : String(error))
    }
    restarting = undefined
  }
  const timer = setInterval(() => {
    if (!restarting && !isAlive(pid)) restarting = restart()
  }, CHECK_MS).unref()
  const endWithUs = () => signal(pid, 'SIGINT')
  process.once('exit', endWithUs)

  return {
    stop: async () => {
      clearInterval(timer)
      await restarting
      process.removeListener('exit', endWithUs)
      await stopPostmaster(pid)
    },
  }
}
