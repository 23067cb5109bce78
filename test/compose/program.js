import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A program that failed; its message has all that it printed. */
export class ProgramFailed extends Error {}

const running = new Set()

/**
 * Runs a program and gives what it printed on stdout. Throws ProgramFailed when its exit code is not 0.
 * @param {string[]} command @param {{ env?: Record<string, string>, cwd?: string, input?: string | Buffer }} options
 */
export async function run(command, { env = {}, cwd, input } = {}) {
  const [program, ...rest] = command
  // A process group of its own: a Ctrl-C is for us, who then still have to stop what runs.
  const child = spawn(program, rest, { cwd, env: { ...process.env, ...env }, stdio: 'pipe', detached: true })
  running.add(child)
  let stdout = ''
  let all = ''
  child.stdout.setEncoding('utf8').on('data', (text) => ((stdout += text), (all += text)))
  child.stderr.setEncoding('utf8').on('data', (text) => (all += text))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  try {
    const [code, signal] = await once(child, 'close')
    if (code === 0) return stdout
    throw new ProgramFailed(`${command.slice(0, 4).join(' ')} … ended with ${code ?? signal}:\n${all.slice(-4_000)}`)
  } finally {
    running.delete(child)
  }
}

/** Whether a program runs and exits with 0. @param {string[]} command */
export async function works(command, options = {}) {
  return run(command, options).then(
    () => true,
    () => false,
  )
}

/** Ends what is still running. */
export function killPrograms() {
  for (const { pid } of running) if (pid) process.kill(-pid, 'SIGKILL')
}
