import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

export interface WorkerProcess {
  /** Sends a signal; resolves at once for SIGSTOP and SIGCONT, else when the process has ended. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** Drains the worker and closes everything; resolves with the exit code once the process has ended by itself. */
  stop(): Promise<number | null>
  /** What it has logged: failures of ours. */
  faults: string[]
}

export async function startWorkerProcess(databaseUrl: string, secret: string, lease: number): Promise<WorkerProcess> {
  const child: ChildProcess = fork(
    path.join(import.meta.dirname, 'workerProcess.ts'),
    [databaseUrl, secret, String(lease)],
    {
      execArgv: ['--conditions=agentview-source', '--import', 'tsx'],
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    },
  )
  const faults: string[] = []
  child.stderr!.setEncoding('utf8').on('data', (text: string) => faults.push(text))
  const exited = once(child, 'exit')
  const [first] = await Promise.race([once(child, 'message'), exited])
  if (first !== 'ready') throw new Error(`the worker process did not start: ${faults.join('')}`)
  return {
    faults,
    async signal(name) {
      child.kill(name)
      if (name === 'SIGKILL') await exited
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGCONT')
        child.send('stop')
      }
      const [code] = (await exited) as [number | null]
      return code
    },
  }
}
