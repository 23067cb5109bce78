import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readPostmaster, stopPostmaster } from '../embedded/postmaster.ts'

const BIN = path.join(import.meta.dirname, '..', 'bin', 'agentview.js')
const processes: AgentviewProcess[] = []
const folders: string[] = []

/** `agentview …` as a person starts it: the built program, in a process of its own. */
export class AgentviewProcess {
  readonly child: ChildProcess
  output = ''

  constructor(args: string[], environment: Record<string, string>) {
    const { PATH = '', HOME = '' } = process.env
    this.child = spawn(process.execPath, [BIN, ...args], { env: { PATH, HOME, ...environment }, stdio: 'pipe' })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString()
      })
    }
    processes.push(this)
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** Waits for text in what it prints; fails with all of it when the process ends before. */
  async says(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.ended) throw new Error(`agentview ended before it said "${text}":\n${this.output}`)
      await sleep(20)
    }
  }

  /** Its exit code, once it has ended. */
  async exit(): Promise<number | null> {
    if (!this.ended) await once(this.child, 'exit')
    return this.child.exitCode
  }

  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal)
    return this.exit()
  }
}

/** A data folder that Postgres' own user can reach. */
export async function makeDataFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'agentview-start-'))
  await chmod(folder, 0o755)
  folders.push(folder)
  return folder
}

/** Ends whatever a test has left, also an embedded Postgres whose parent was killed. */
export async function cleanUp(): Promise<void> {
  const left = processes.splice(0).filter((running) => !running.ended)
  await Promise.all(left.map((running) => running.stop('SIGKILL')))
  for (const folder of folders.splice(0)) {
    const orphan = await readPostmaster(path.join(folder, 'postgres'))
    if (orphan) await stopPostmaster(orphan.pid)
    await rm(folder, { recursive: true, force: true })
  }
}
