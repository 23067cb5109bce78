// Our workspaces resolve to their sources; other packages must not: some publish TypeScript under the condition `source`
// as well (eventsource-parser does), which nothing here compiles.
const { readFileSync } = require('node:fs')
const path = require('node:path')

const root = path.resolve(__dirname, '..')
const readJson = (...names) => JSON.parse(readFileSync(path.join(root, ...names), 'utf8'))
const workspaces = new Set(readJson('package.json').workspaces.map((folder) => readJson(folder, 'package.json').name))

module.exports = function resolve(request, options) {
  const name = request.split('/', request.startsWith('@') ? 2 : 1).join('/')
  if (workspaces.has(name)) return options.defaultResolver(request, options)
  const conditions = options.conditions?.filter((condition) => condition !== 'source')
  return options.defaultResolver(request, { ...options, conditions })
}
