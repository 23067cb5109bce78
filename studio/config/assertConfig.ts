import type { StudioConfig } from './types.ts'

type Unknown = Record<string, unknown>

/** Throws a TypeError that names the member that Studio can't use. */
export function assertConfig(config: unknown): asserts config is StudioConfig {
  if (!isObject(config) || !Array.isArray(config.agents)) {
    throw new TypeError('renderStudio(element, config): config must be what defineConfig({ agents: [...] }) gives.')
  }
  config.agents.forEach((agent, index) => checkAgent(agent, `agents[${index}]`))
  if (config.pages !== undefined) checkPages(config.pages)
  if (config.theme !== undefined) {
    const fits = isObject(config.theme) && Object.values(config.theme).every((value) => typeof value === 'string')
    if (!fits) throw new TypeError("theme must be an object of CSS values, e.g. { accent: '#0f766e' }.")
  }
}

function checkAgent(agent: unknown, at: string): void {
  if (!isObject(agent) || typeof agent.name !== 'string') throw new TypeError(`${at}.name must be a string.`)
  for (const [index, run] of listAt(agent.runs, `${at}.runs`).entries()) {
    const where = `${at}.runs[${index}]`
    if (!isObject(run)) throw new TypeError(`${where} must be an object.`)
    checkDisplay(run.input, `${where}.input`)
    checkDisplay(run.output, `${where}.output`)
    if (isObject(run.output)) checkScores(run.output.scores, `${where}.output.scores`)
    for (const [number, step] of listAt(run.steps, `${where}.steps`).entries()) {
      checkDisplay(step, `${where}.steps[${number}]`)
      if (isObject(step)) checkDisplay(step.callResult, `${where}.steps[${number}].callResult`)
    }
  }
}

function checkDisplay(display: unknown, at: string): void {
  if (display === undefined) return
  if (!isObject(display)) throw new TypeError(`${at} must be an object.`)
  checkComponent(display.displayComponent, `${at}.displayComponent`)
}

function checkScores(scores: unknown, at: string): void {
  for (const [index, score] of listAt(scores, at).entries()) {
    if (!isObject(score)) throw new TypeError(`${at}[${index}] must be an object.`)
    checkComponent(score.inputComponent, `${at}[${index}].inputComponent`)
  }
}

function checkPages(pages: unknown): void {
  for (const [index, page] of listAt(pages, 'pages').entries()) {
    const at = `pages[${index}]`
    if (!isObject(page) || typeof page.title !== 'string') throw new TypeError(`${at}.title must be a string.`)
    if (typeof page.path !== 'string' || !/^[a-z0-9][a-z0-9/-]*$/.test(page.path)) {
      throw new TypeError(`${at}.path must be small letters, digits, "-" and "/", e.g. refunds.`)
    }
    if (page.component === undefined) throw new TypeError(`${at}.component must be a React component.`)
    checkComponent(page.component, `${at}.component`)
    checkComponent(page.icon, `${at}.icon`)
  }
}

/** A function, or what memo, forwardRef and lazy make of one. */
function checkComponent(component: unknown, at: string): void {
  const fits =
    component === undefined || typeof component === 'function' || (isObject(component) && '$$typeof' in component)
  if (!fits) throw new TypeError(`${at} must be a React component.`)
}

function listAt(value: unknown, at: string): unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new TypeError(`${at} must be a list.`)
  return value
}

function isObject(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
