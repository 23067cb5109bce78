import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram, installed } from '../services/packages.js'
import { run, works } from './program.js'

const ROOT = path.resolve(import.meta.dirname, '..', '..')
const FILES = ['-f', 'docker-compose.yml', '-f', 'test/compose/override.yml']
const HEALTHY_MS = 120_000

/** `docker compose`, or the program of old; null where there is neither and none may be installed. */
export async function findCompose() {
  if (await works(['docker', 'compose', 'version'])) return ['docker', 'compose']
  const found =
    findProgram(['docker-compose']) ?? (installed('docker-compose') ? findProgram(['docker-compose']) : undefined)
  return found ? [found] : null
}

/** The compose file's profile `app`, under a name and on ports of its own. */
export class Stack {
  /** @param {string[]} program @param {string} name @param {{ http: number, postgres: number, redis: number }} ports */
  constructor(program, name, ports) {
    this.name = name
    this.url = `http://127.0.0.1:${ports.http}`
    this.command = [...program, '-p', name, ...FILES, '--profile', 'app']
    this.env = {
      PORT: String(ports.http),
      POSTGRES_PORT: String(ports.postgres),
      REDIS_PORT: String(ports.redis),
      AGENTVIEW_SECRET: 'a secret of the compose test, of no other use',
      AGENTVIEW_CONFIG: '/test/agentview.config.js',
      AGENTVIEW_ALLOW_HOSTS: 'counter',
      AGENTVIEW_URL: this.url,
    }
  }

  /** @param {string[]} rest */
  compose(...rest) {
    return run([...this.command, ...rest], { cwd: ROOT, env: this.env })
  }

  /** Starts it with two workers and waits until everything is healthy. */
  async up() {
    await this.compose('up', '-d', '--no-build', '--scale', 'worker=2')
    for (const deadline = Date.now() + HEALTHY_MS; Date.now() < deadline; await sleep(500)) {
      const answered = await fetch(`${this.url}/openapi.json`).catch(() => null)
      if (answered?.ok && (await this.unhealthy()).length === 0) return
    }
    const states = await run(['docker', 'ps', '-a', '--filter', `label=com.docker.compose.project=${this.name}`])
    throw new Error(`The stack does not get healthy:\n${states}\n${(await this.compose('logs')).slice(-4_000)}`)
  }

  async unhealthy() {
    const filters = ['--filter', `label=com.docker.compose.project=${this.name}`, '--filter', 'health=starting']
    const starting = await run(['docker', 'ps', '-q', ...filters])
    return starting.split('\n').filter(Boolean)
  }

  /** The ids of a service's containers. @param {string} service */
  async containers(service) {
    return (await this.compose('ps', '-q', service)).split('\n').filter(Boolean)
  }

  /** What bootstrap wrote into the volume of the credentials. */
  credentials() {
    this.read ??= this.containers('api').then(async ([api]) =>
      JSON.parse(await run(['docker', 'exec', api, 'cat', '/data/credentials.json'])),
    )
    return this.read
  }

  /** Stops it and removes all of it, its volumes too; gives what is left all the same. */
  async down() {
    await this.compose('down', '-v', '--remove-orphans', '-t', '45')
    const left = ['container', 'volume', 'network'].map((kind) =>
      run(['docker', kind, 'ls', '-q', ...(kind === 'container' ? ['-a'] : []), '--filter', `name=${this.name}`]),
    )
    return (await Promise.all(left)).join('').split('\n').filter(Boolean)
  }
}
